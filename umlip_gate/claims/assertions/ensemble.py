"""What an ensemble's spread is worth: how often errors exceed it, where it orders them better."""

from typing import Annotated, Literal

from pydantic import Field

from umlip_gate.claims.assertions.base import EachModel, Ids, Kind, Subject
from umlip_gate.claims.bounds import Measured, Number
from umlip_gate.claims.evidence import Context, require
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.ensemble import calibration
from umlip_gate.schema import RegistryId


class ErrorsAboveDeviation(EachModel):
    """At most a share of the errors of each ensemble's mean exceed its maximum deviation.

    Attributes
    ----------
    of
        Whether energies per atom or forces on atoms are meant.
    at_most
        The largest share, between 0 and 1.
    """

    kind: Literal["errors-above-deviation"]
    of: Literal["energy", "force"]
    at_most: Annotated[Number, Field(ge=0, lt=1)]

    def weigh(self, result: Result, context: Context) -> Verdict:  # noqa: ARG002 - one result
        """Judge the share by its value.

        Raises
        ------
        MeasurementError
            The model is not an ensemble, or a configuration failed in a member.
        """
        if result.deviations is None:
            raise MeasurementError(
                f"{result.model} on {result.dataset}: there are no deviations between members"
            )
        share = calibration(result.deviations)[self.of]["1"]
        outcome = Outcome.of(share <= self.at_most)
        return Verdict(
            outcome=outcome,
            model=result.model,
            dataset=result.dataset,
            source=result.source,
            value=share,
            relation="≤",
            limit=self.at_most,
            unit="1",
            reason=f"{result.model} on {result.dataset} ({result.source}): {share:.1%} of the "
            f"{self.of} errors exceed the maximum deviation, {outcome}: the limit is "
            f"≤ {self.at_most:.0%}",
        )


class HigherOn(Kind, Measured):
    """Each model has a higher value on one dataset than on another.

    Judged by both 95 % intervals: it passes or fails where they are apart.

    Attributes
    ----------
    models
        Registry ids.
    higher, lower
        Datasets, or pools.
    """

    kind: Literal["higher-on"]
    models: Ids
    higher: RegistryId
    lower: RegistryId

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    @property
    def named_datasets(self) -> tuple[str, ...]:
        """Both datasets."""
        return self.higher, self.lower

    def subjects(self) -> list[Subject]:
        """List the models, on the dataset of the higher value."""
        return [Subject(model, self.higher) for model in self.models]

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge one model by its two values."""
        for dataset in self.named_datasets:
            require(context, dataset)
        high, low = (context.result(str(subject.model), dataset) for dataset in self.named_datasets)
        ends, other_ends = high.interval(self), low.interval(self)
        between = (
            (other_ends[0] - ends[1], other_ends[1] - ends[0]) if ends and other_ends else None
        )
        outcome = Outcome.of_difference(between)
        return high.verdict(
            self,
            outcome,
            ">",
            low.value(self),
            f"{high.model}: {self.quantity} {high.value(self):.3f} on {self.higher}, "
            f"{low.value(self):.3f} on {self.lower}, {outcome}: claimed higher on {self.higher}",
        )
