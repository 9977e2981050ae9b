"""Where the rows of positive energy of several datasets come from."""

from typing import Literal

import numpy as np

from umlip_gate.claims.assertions.base import Ids, Kind, Subject
from umlip_gate.claims.bounds import Number
from umlip_gate.claims.evidence import Context, require
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.datasets.distribution import energies_per_atom
from umlip_gate.errors import MeasurementError
from umlip_gate.schema import RegistryId


class PositiveShare(Kind):
    """Of all rows of a pool with a positive reference energy, at least a share is of one dataset.

    It is about the reference alone: no model is asked.

    Attributes
    ----------
    datasets
        Pools.
    of
        The dataset of that share.
    at_least
        Between 0 and 1.
    """

    kind: Literal["positive-share"]
    datasets: Ids
    of: RegistryId
    at_least: Number

    @property
    def named_models(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def named_datasets(self) -> tuple[str, ...]:
        """The dataset of the share."""
        return (self.of,)

    def subjects(self) -> list[Subject]:
        """List the pools."""
        return [Subject(None, dataset) for dataset in self.datasets]

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Count the rows of positive energy, dataset by dataset.

        Raises
        ------
        MeasurementError
            There are none at all.
        """
        counts = {
            name: int(np.count_nonzero(energies_per_atom(configurations) > 0))
            for name, configurations in require(context, subject.dataset).items()
        }
        total = sum(counts.values())
        if not total:
            raise MeasurementError(f"{subject.dataset} has no rows of positive energy")
        value = counts.get(self.of, 0) / total
        outcome = Outcome.of(value >= self.at_least)
        listed = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        return Verdict(
            outcome=outcome,
            dataset=subject.dataset,
            value=value,
            relation="≥",
            limit=self.at_least,
            unit="1",
            reason=f"{value:.3f} of the {total} rows of positive energy are of {self.of}, "
            f"{outcome}: the limit is ≥ {self.at_least:g}: {listed}",
        )
