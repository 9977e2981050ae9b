"""How many configurations and atoms a dataset holds."""

from typing import Annotated, Literal

from pydantic import Field

from umlip_gate.claims.assertions.base import Ids, Kind, Subject
from umlip_gate.claims.evidence import Context, require
from umlip_gate.claims.verdict import Outcome, Verdict


class Counts(Kind):
    """Each dataset or pool has this many configurations and atoms; no model is asked.

    Attributes
    ----------
    datasets
        Registry ids, or pools.
    n_configurations, n_atoms
        The counts.
    """

    kind: Literal["counts"]
    datasets: Ids
    n_configurations: Annotated[int, Field(gt=0)]
    n_atoms: Annotated[int, Field(gt=0)]

    @property
    def named_models(self) -> tuple[str, ...]:
        """None."""
        return ()

    def subjects(self) -> list[Subject]:
        """List the datasets."""
        return [Subject(None, dataset) for dataset in self.datasets]

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Count configurations and atoms, over all members of a pool."""
        members = require(context, subject.dataset).values()
        found = sum(map(len, members))
        n_atoms = sum(int(each.n_atoms.sum()) for each in members)
        outcome = Outcome.of((found, n_atoms) == (self.n_configurations, self.n_atoms))
        return Verdict(
            outcome=outcome,
            dataset=subject.dataset,
            value=float(found),
            relation="=",
            limit=float(self.n_configurations),
            unit="1",
            reason=f"{subject.dataset}: {found} configurations of {n_atoms} atoms, {outcome}: "
            f"claimed {self.n_configurations} of {self.n_atoms}",
        )
