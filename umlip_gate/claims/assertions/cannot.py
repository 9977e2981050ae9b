"""What a model is known not to be able to compute."""

from typing import Literal

from umlip_gate.claims.assertions.base import EachModel
from umlip_gate.claims.evidence import Cell, Recorder
from umlip_gate.claims.verdict import Finding, Judgement
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

    def weigh(self, cell: Cell, bench: Recorder) -> Judgement:  # noqa: ARG002 - the cell is enough
        """Judge whether the model fails as it is said to.

        Raises
        ------
        MeasurementError
            Configurations failed otherwise.
        """
        total, n_failed = cell.metrics.n_configurations, cell.metrics.n_failed
        expected = [row for row, text in cell.failures.items() if self.error in text]
        if n_failed > len(expected):
            other = {row: t for row, t in sorted(cell.failures.items()) if self.error not in t}
            first = next((f"row {row}: {text}" for row, text in other.items()), "without an error")
            raise MeasurementError(
                f"{cell.model} on {cell.dataset}: {n_failed - len(expected)} configurations failed "
                f"otherwise than with {self.error!r}, first {first}"
            )
        finding = Finding.of(bool(expected))
        return Judgement(
            finding=finding,
            model=cell.model,
            dataset=cell.dataset,
            source=cell.source,
            value=float(len(expected)),
            interval=None,
            relation="≥",
            limit=1.0,
            unit=UNIT,
            text=f"{cell.model} on {cell.dataset} ({cell.source}): {len(expected)} of {total} "
            f"configurations failed with {self.error!r}, and none otherwise",
        )
