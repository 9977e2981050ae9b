"""What was found about one item: the record that reports carry, and the failure of a test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from umlip_gate.metrics.bootstrap import Interval

Source = Literal["live", "published"]
"""Whether a prediction was computed in this project or is a file that others computed."""

Origin = Literal["live", "published", "random", "stored"]
"""The same, or computed with random weights, which never stands for accuracy; or a cost that was
measured before, on another machine, and is kept in `thresholds/cost/`."""


class Outcome(StrEnum):
    """How an item ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    KNOWN_FAILURE = "known_failure"


class Finding(StrEnum):
    """How a value that was measured stands to its limit.

    Undecided is what the uncertainty of the measurement leaves open: an order of two models
    that is tied, an interval that straddles its limit. It is neither a pass nor a failure.
    """

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"

    @classmethod
    def of(cls, inside: bool) -> "Finding":  # noqa: FBT001 - the two findings of a bound
        """Give the finding of a value that is judged without its interval."""
        return cls.INSIDE if inside else cls.OUTSIDE

    @classmethod
    def of_difference(cls, interval: Interval | None, sign: Literal[1, -1] = 1) -> "Finding":
        """Give the finding of a difference that is claimed to be below zero; above with -1."""
        if interval is None:
            return cls.UNDECIDED
        low, high = sorted(sign * end for end in interval)
        if high < 0:
            return cls.INSIDE
        return cls.OUTSIDE if low > 0 else cls.UNDECIDED


def worst(findings: Sequence[Finding]) -> Finding:
    """Give what holds of several things that must all be inside."""
    for finding in (Finding.OUTSIDE, Finding.UNDECIDED):
        if finding in findings:
            return finding
    return Finding.INSIDE


@dataclass(frozen=True)
class Judgement:
    """A value that was measured, held against its limit.

    Attributes
    ----------
    finding
        Whether it keeps to the limit, or whether that is not decided.
    model
        The model whose value decided; of several, the one that is named by the text. None
        where the value is of no single one.
    dataset
        What it was measured on: a dataset or a pool.
    source
        Where the predictions come from; None where they do not come from one source, or
        where nothing was predicted.
    value
        In `unit`.
    interval
        The value's bootstrap interval.
    relation
        How the value must stand to the limit: `<`, `≤`, `>`, `≥`, `=` or `within`; None where
        there is no limit.
    limit
        A number; a pair of them where the relation is `within`.
    unit
        Of value, interval and limit.
    text
        One line for a person.
    details
        What else was found, as plain data for the results file.
    """

    finding: Finding
    model: str | None
    dataset: str
    source: Origin | None
    value: float
    interval: Interval | None
    relation: str | None
    limit: float | tuple[float, float] | None
    unit: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def of(self, dataset: str) -> "Judgement":
        """Say it of a dataset, where the value is of a part of it."""
        return replace(self, dataset=dataset)

    def over(self, n_judged: int, n_meant: int) -> "Judgement":
        """Record how many models it was judged over, of how many that the claim is about."""
        counts = {"n_models_judged": n_judged, "n_models_meant": n_meant}
        return replace(self, details={**self.details, **counts})

    def require(self) -> None:
        """Fail the test that asks.

        Raises
        ------
        OutsideLimit
            The value does not keep to its limit.
        Undecided
            Whether it does is not decided.
        """
        if self.finding is Finding.OUTSIDE:
            raise OutsideLimit(self)
        if self.finding is Finding.UNDECIDED:
            raise Undecided(self)


class NotInside(AssertionError):
    """A value was measured, and it was not found inside of its limit.

    Parameters
    ----------
    judgement
        What was found; its text is the message.
    """

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.text)
        self.judgement = judgement


class OutsideLimit(NotInside):
    """It is outside."""


class Undecided(NotInside):
    """It may be inside or outside."""


@dataclass(frozen=True)
class Verdict:
    """An item's record in a report; `dataclasses.asdict` makes it plain JSON.

    Attributes
    ----------
    id
        The item: `CLAIM.ASSERTION`, `reference.QUANTITY.CONVENTION` or `gate.NAME.LIMIT`.
    model, dataset
        Registry ids; model is None where no single one was judged.
    outcome
        How it ended.
    reason
        The judgement's text, or why there is none.
    value, interval, relation, limit, unit
        As in `Judgement`; None where nothing was measured.
    source
        Where the predictions come from; None where there are none.
    finding
        As in `Judgement`; None where nothing was measured.
    details
        As in `Judgement`.
    """

    id: str
    model: str | None
    dataset: str
    outcome: Outcome
    reason: str
    value: float | None = None
    interval: Interval | None = None
    relation: str | None = None
    limit: float | tuple[float, float] | None = None
    unit: str | None = None
    source: Origin | None = None
    finding: Finding | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def judged(cls, item: str, outcome: Outcome, judgement: Judgement) -> "Verdict":
        """Record a judgement.

        Parameters
        ----------
        item
            The item's id.
        outcome
            `passed`, `failed` or `inconclusive` as the judgement says, or `known_failure`.
        judgement
            What was found.
        """
        return cls(
            id=item,
            model=judgement.model,
            dataset=judgement.dataset,
            outcome=outcome,
            reason=judgement.text,
            value=judgement.value,
            interval=judgement.interval,
            relation=judgement.relation,
            limit=judgement.limit,
            unit=judgement.unit,
            source=judgement.source,
            finding=judgement.finding,
            details=judgement.details,
        )
