"""The sign of the mean error of the energy, over rows of positive or of negative energy."""

from dataclasses import replace
from typing import Literal

from umlip_gate.claims.assertions.base import EachModel
from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.evidence import Context
from umlip_gate.claims.messages import format_difference, quantity_name
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import Resampling, ResamplingDesign
from umlip_gate.metrics.estimates import estimates_of

Sign = Literal["positive", "negative"]


class SignOf(EachModel, Measured):
    """Each model's energies are too high, or too low, on the mean over some rows.

    Judged by the bootstrap over these rows: inside where the interval of the mean signed error has
    the claimed sign, outside where it has the other, undecided where it holds zero or the rows are
    too few.

    Attributes
    ----------
    sign
        Of the mean of predicted minus reference energy.
    energies
        Of the rows that are meant: the sign of their reference energy.
    """

    kind: Literal["sign"]
    sign: Sign
    energies: Sign
    quantity: Literal["energy_offset"]

    def weigh(self, result: Result, context: Context) -> Verdict:
        """Judge the model over its rows.

        Raises
        ------
        MeasurementError
            There are no such rows, or configurations failed.
        """
        result.value(self)  # no number over those that did not fail
        energies = result.errors.reference_energy
        rows = energies > 0 if self.energies == "positive" else energies < 0
        if not rows.any():
            raise MeasurementError(f"{result.dataset} has no rows of {self.energies} energy")
        errors = result.errors.select(rows)
        estimate, statistics = (
            estimates_of(errors)[self.quantity, self.convention],
            context.statistics,
        )
        interval = None
        design = ResamplingDesign.of_groups([errors.groups])
        if design.n_groups >= statistics.fewest_configurations:
            how = Resampling(statistics.order_level)
            interval = bootstrap.interval(estimate, design, how)
        sign: Literal[1, -1] = 1 if self.sign == "positive" else -1
        outcome = Outcome.of_difference(interval, -sign)
        told = format_difference(estimate.value, interval, self.unit, statistics, design.n_groups)
        verdict = result.verdict(
            self,
            outcome,
            ">" if sign == 1 else "<",
            0.0,
            f"{result.model} on {result.dataset} ({result.source}): {quantity_name(self)} over "
            f"{len(errors)} of {len(rows)} rows, those of {self.energies} energy, "
            f"{told}, "
            f"{outcome}: claimed {self.sign}",
        )
        return replace(verdict, value=estimate.value, interval=interval)
