"""A candidate beside another model, such as the last release: limits on their paired difference.

Both are evaluated on the same configurations, which are drawn for the two together, so that what
is hard for both does not widen the interval of their difference or ratio.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from umlip_gate.claims.assertions.base import Name
from umlip_gate.claims.bounds import Measured, Number
from umlip_gate.claims.comparison import together
from umlip_gate.claims.messages import format_value, quantity_name
from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.bootstrap import Interval, Resampling, interval
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.schema import RegistryId


class AgainstLimit(Measured):
    """How much worse than the model of `--umlip-against` a candidate may be.

    Attributes
    ----------
    name
        The limit's, within its gate.
    dataset
        A registry id.
    relative_to
        "against".
    max_ratio
        The most that the candidate's number may be, divided by the other's: 1.05 allows 5 %
        more; or
    max_difference
        the most that it may be, minus the other's, in `unit`: 0 asks for no increase, -1 for a
        decrease of 1.
    rationale
        Why this number.
    """

    name: Name
    dataset: RegistryId
    relative_to: Literal["against"]
    max_ratio: Annotated[Number | None, Field(gt=0)] = None
    max_difference: Number | None = None
    rationale: str

    @field_validator("quantity")
    @classmethod
    def _is_paired(cls, quantity: str) -> str:
        known = QUANTITIES.get(quantity)
        if known and (known.of != "model" or known.conventions == ("count",)):
            raise ValueError("is no number of single configurations, so it cannot be paired")
        return quantity

    @model_validator(mode="after")
    def _one_limit(self) -> "AgainstLimit":
        if (self.max_ratio is None) == (self.max_difference is None):
            raise ValueError("a limit relative to another model has max_ratio or max_difference")
        if self.max_ratio is not None and not QUANTITIES[self.quantity].never_negative:
            raise ValueError(f"{self.quantity} may be negative: use max_difference")
        return self

    @property
    def limit(self) -> float:
        """The ratio or the difference that may not be exceeded."""
        limits = (self.max_ratio, self.max_difference)
        return next(limit for limit in limits if limit is not None)

    @property
    def relation(self) -> Literal["≤"]:
        """How a number inside stands to `limit`."""
        return "≤"

    def judge(self, result: Result, other: Result, statistics: Statistics) -> Verdict:
        """Judge a candidate beside another model by the interval of their difference or ratio.

        It passes if the whole interval keeps to the limit, fails if none of it does, and is
        inconclusive otherwise, also with too few independent groups of configurations. On a sample
        it passes under no convention whose intervals miss the full-dataset value too often.

        Raises
        ------
        MeasurementError
            One of the two has no value, or they were measured on different configurations.
        """
        is_ratio = self.max_ratio is not None
        value, found = paired(result, other, self, statistics, is_ratio=is_ratio)
        outcome = Outcome.INCONCLUSIVE
        if found is not None:
            low, high = found
            outcome = Outcome.of_difference((low - self.limit, high - self.limit))
            outcome = Outcome.PASSED if high == self.limit else outcome
        why = _why_no_interval(result, statistics) if found is None else ""
        doubt = QUANTITIES[self.quantity].doubt_on_samples(self.convention)
        if result.metrics.n_whole is not None and doubt and outcome is Outcome.PASSED:
            outcome = Outcome.INCONCLUSIVE
            why = f"; a sample cannot pass this limit: {doubt}"
        unit = "1" if is_ratio else self.unit
        shown = format_value(value, found, self.limit, unit, statistics.order_level)
        return Verdict(
            outcome=outcome,
            model=result.model,
            dataset=result.dataset,
            source=result.source if result.source == other.source else None,
            value=value,
            interval=found,
            relation=self.relation,
            limit=self.limit,
            unit=unit,
            reason=f"{result.model} ({result.source}) against {other.model} ({other.source}) on "
            f"{result.dataset}: {quantity_name(self)} {result.value(self):.4g} and "
            f"{other.value(self):.4g} {self.unit}: {'ratio' if is_ratio else 'difference'} "
            f"{shown}, {outcome}: the limit is ≤ {self.limit:g}{why}",
        )


def paired(
    result: Result,
    other: Result,
    number: Measured,
    statistics: Statistics,
    *,
    is_ratio: bool,
) -> tuple[float, Interval | None]:
    """Return the difference of two models' numbers, or their ratio, with its interval.

    The interval is the value itself where no configuration makes a difference: the predictions are
    the same. It is None with too few independent groups.

    Raises
    ------
    MeasurementError
        One of the two has no value, the other's is 0 and a ratio is asked for, or they were
        measured on different configurations.
    """
    (own, others), design = together([result, other], number)
    if is_ratio and not others.value:
        raise MeasurementError(
            f"{other.model} on {other.dataset}: {quantity_name(number)} is 0, and there is no "
            "ratio to it; use max_difference"
        )
    estimate = own.over(others) if is_ratio else own.minus(others)
    if not estimate.influence.any():
        return estimate.value, (estimate.value, estimate.value)
    if design.n_groups < statistics.fewest_configurations:
        return estimate.value, None
    resampling = Resampling(statistics.order_level)
    return estimate.value, interval(estimate, design, resampling, never_negative=is_ratio)


def _why_no_interval(result: Result, statistics: Statistics) -> str:
    n, fewest = result.error_set.n_groups, statistics.fewest_configurations
    if n < fewest:
        return f"; {n} independent groups of configurations, {fewest} needed"
    return "; too few configurations make the difference for an interval"
