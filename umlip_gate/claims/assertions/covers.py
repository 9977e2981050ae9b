"""Which of two datasets has more of the other's local atomic environments."""

from typing import Annotated, Literal

from pydantic import Field

from umlip_gate.claims.assertions.base import Kind, Subject
from umlip_gate.claims.evidence import Context, require
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.descriptors.comparison import compare
from umlip_gate.descriptors.soap import Soap
from umlip_gate.schema import RegistryId


class CoversMore(Kind):
    """One dataset covers more of another one's environments than the other way round.

    Judged by the interval of the difference of the two shares: inside where all of it is above
    zero, outside where it is below, and undecided where it holds zero.

    Attributes
    ----------
    larger, smaller
        The datasets.
    quantile
        How far a dataset covers; see `umlip_gate.metrics.coverage`.
    soap
        How environments are described and sampled.
    """

    kind: Literal["covers-more"]
    larger: RegistryId
    smaller: RegistryId
    quantile: Annotated[float, Field(gt=0, lt=1)]
    soap: Soap

    @property
    def named_models(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def named_datasets(self) -> tuple[str, ...]:
        """Both of them."""
        return self.larger, self.smaller

    def subjects(self) -> list[Subject]:
        """Name the smaller dataset: the larger is one that is judged anyhow."""
        return [Subject(None, self.smaller)]

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Compare the environments of the two datasets."""
        second = require(context, subject.dataset)[subject.dataset]
        first = require(context, self.larger)[self.larger]
        found = compare(first, second, self.soap, self.quantile)
        value, (low, high) = found.difference
        outcome = Outcome.of_difference((-high, -low))
        return Verdict(
            outcome=outcome,
            dataset=subject.dataset,
            value=value,
            interval=(low, high),
            relation=">",
            limit=0.0,
            unit="1",
            reason=f"{self.larger} covers {found.of_second.value:.1%} of the environments of "
            f"{self.smaller}, which covers {found.of_first.value:.1%} of those of {self.larger} "
            f"({found.n_first} and {found.n_second} environments, SOAP)",
            details={"first": self.larger, "second": self.smaller, **found.to_json()},
        )
