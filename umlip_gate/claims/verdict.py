"""What was decided about one check, and the failure of a test that requires it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.provenance import Provenance


class Outcome(StrEnum):
    """How a check ended.

    A threshold decides `passed`, `failed` or `inconclusive`; the last where the uncertainty of the
    measurement leaves it open: two models that are tied, an interval that contains the limit. The
    others are decided by the run: `error` could be measured and was not, `skipped` is not available
    here, `known_failure` is listed in `thresholds/known_failures.toml`.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    KNOWN_FAILURE = "known_failure"

    @classmethod
    def of(cls, passed: bool) -> "Outcome":  # noqa: FBT001 - the two outcomes of a bound
        """Return the outcome of a value that is judged without its interval."""
        return cls.PASSED if passed else cls.FAILED

    @classmethod
    def of_difference(cls, interval: Interval | None, sign: Literal[1, -1] = 1) -> "Outcome":
        """Return the outcome of a difference claimed to be below zero; above zero with -1."""
        if interval is None:
            return cls.INCONCLUSIVE
        low, high = sorted(sign * end for end in interval)
        if high < 0:
            return cls.PASSED
        return cls.FAILED if low > 0 else cls.INCONCLUSIVE

    @classmethod
    def of_all(cls, outcomes: Sequence["Outcome"]) -> "Outcome":
        """Return the outcome of a threshold whose parts must all pass."""
        for outcome in (cls.FAILED, cls.INCONCLUSIVE):
            if outcome in outcomes:
                return outcome
        return cls.PASSED


@dataclass(frozen=True)
class Verdict:
    """What was decided about one check; `dataclasses.asdict` makes it plain JSON.

    Attributes
    ----------
    outcome
        How it ended.
    dataset
        What it was measured on: a dataset, a pool, or the crystal that was timed.
    reason
        One line for a person: what was measured, or why nothing was.
    model
        The model whose value decided; of several, the one that is named by the reason. None
        where the value belongs to no single model.
    source
        Where the predictions come from; None where they come from several sources, or where
        nothing was predicted.
    value
        In `unit`; None where nothing was measured.
    interval
        The value's bootstrap interval.
    relation
        How the value must relate to the limit: `<`, `≤`, `>`, `≥`, `=` or `within`; None where
        there is no limit.
    limit
        A number; a pair of them where the relation is `within`.
    unit
        Of value, interval and limit.
    details
        What else was found, as plain data for the results file.
    """

    outcome: Outcome
    dataset: str
    reason: str
    model: str | None = None
    source: Provenance | None = None
    value: float | None = None
    interval: Interval | None = None
    relation: str | None = None
    limit: float | tuple[float, float] | None = None
    unit: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def over(self, n_judged: int, n_meant: int) -> "Verdict":
        """Record how many models were compared, of how many that the claim is about."""
        counts = {"n_models_judged": n_judged, "n_models_meant": n_meant}
        return replace(self, details={**self.details, **counts})

    def require(self) -> None:
        """Fail the test unless the check passed.

        Raises
        ------
        NotPassed
            The outcome is `failed` or `inconclusive`.
        """
        if self.outcome is not Outcome.PASSED:
            raise NotPassed(self)


class NotPassed(AssertionError):
    """A value was measured, and it failed its limit or left it open.

    Parameters
    ----------
    verdict
        Its reason is the message.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict
