"""What a model is known not to be able to compute."""

from typing import Literal

from umlip_gate.claims.assertions.base import EachModel
from umlip_gate.claims.evidence import Context
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError

UNIT = "configurations"


class Cannot(EachModel):
    """Each model fails on each dataset, and with this error alone.

    A count of failures would pass for any breakage: so every configuration that failed must
    have failed with the error that is named, and at least one must. Another error decides
    nothing, since the breakage may be ours.

    Attributes
    ----------
    error
        A part of the error's text, as the configurations' records have it.
    """

    kind: Literal["cannot"]
    error: str

    def weigh(self, result: Result, context: Context) -> Verdict:  # noqa: ARG002 - the result is enough
        """Judge whether the model fails as it is said to.

        Raises
        ------
        MeasurementError
            Configurations failed otherwise.
        """
        total, n_failed = result.metrics.n_configurations, result.metrics.n_failed
        expected = [row for row, text in result.failures.items() if self.error in text]
        if n_failed > len(expected):
            other = {row: t for row, t in sorted(result.failures.items()) if self.error not in t}
            first = next((f"row {row}: {text}" for row, text in other.items()), "without an error")
            raise MeasurementError(
                f"{result.model} on {result.dataset}: {n_failed - len(expected)} configurations "
                f"failed with another error than {self.error!r}, first {first}"
            )
        return Verdict(
            outcome=Outcome.of(bool(expected)),
            model=result.model,
            dataset=result.dataset,
            source=result.source,
            value=float(len(expected)),
            relation="≥",
            limit=1.0,
            unit=UNIT,
            reason=f"{result.model} on {result.dataset} ({result.source}): {len(expected)} of "
            f"{total} configurations failed with {self.error!r}, and none otherwise",
        )
