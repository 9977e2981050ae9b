"""The result of one model on one dataset: metrics, their provenance, and what failed.

It stands in `claims`, the lowest layer that knows both metrics and verdicts: `evaluation` makes
results, assertions and limits judge them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.metrics.ensemble import Deviations
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import Errors, FloatArray, columns_of
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.provenance import Provenance

SHOWN_FAILURES = 3


@dataclass(frozen=True)
class Result:
    """What was measured of one model on one dataset.

    Attributes
    ----------
    model, dataset
        Registry ids, or a candidate's name.
    source
        Where the predictions come from.
    metrics
        Every quantity under every convention.
    failures
        Row -> error, of the configurations that failed.
    groups
        The same by chemical system, where the dataset has more than one: by element, and for
        alloys by the elements that they consist of.
    otherwise
        Of a pool: the metrics under the pooling rules that are not judged.
    deviations
        Of an ensemble: how far its members disagree, beside the error of their mean.
    identity
        Everything that the predictions depend on; of a pool, by dataset.
    energy_windows
        The energy's error by window of the reference energy; empty for a pool.
    other_functional
        How the model's functional and the dataset's differ; None if they do not.
    illustrations
        What a report shows of single configurations, as plain data; empty for a pool.
    """

    model: str
    dataset: str
    source: Provenance
    metrics: Metrics
    failures: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[str, "Result"] = field(default_factory=dict)
    otherwise: Mapping[str, Metrics] = field(default_factory=dict)
    deviations: Deviations | None = None
    identity: Mapping[str, Any] = field(default_factory=dict)
    energy_windows: list[dict[str, Any]] = field(default_factory=list)
    other_functional: str | None = None
    illustrations: Mapping[str, Any] = field(default_factory=dict)

    def value(self, number: Measured) -> float:
        """Return a quantity under a convention.

        Raises
        ------
        Unavailable
            It compares within one functional only, and the model predicts another.
        MeasurementError
            It has no value: configurations failed, or the quantity is not defined here.
        """
        if self.other_functional and QUANTITIES[number.quantity].needs_same_functional(
            number.convention
        ):
            raise Unavailable(
                f"{self.model} on {self.dataset}: {number.quantity} {number.convention} does not "
                f"compare: it {self.other_functional}. Energies compare with the elements' "
                "references removed only (…_composition_removed)"
            )
        value = self.metrics.values[number.quantity][number.convention]
        if value is None or not math.isfinite(value):
            raise MeasurementError(
                f"{self.model} on {self.dataset}: {number.quantity} {number.convention} "
                f"has no value: {self._why_no_value(number.quantity)}"
            )
        return value

    def interval(self, number: Measured) -> Interval | None:
        """Return the interval of a quantity under a convention, or None if it has none."""
        return self.metrics.intervals[number.quantity][number.convention]

    def verdict(
        self,
        number: Measured,
        outcome: Outcome,
        relation: str,
        limit: float | tuple[float, float],
        reason: str,
    ) -> Verdict:
        """Return the verdict on a quantity under a convention.

        Raises
        ------
        MeasurementError
            The quantity has no value.
        """
        return Verdict(
            outcome=outcome,
            model=self.model,
            dataset=self.dataset,
            source=self.source,
            value=self.value(number),
            interval=self.interval(number),
            relation=relation,
            limit=limit,
            unit=number.unit,
            reason=reason,
        )

    @property
    def error_set(self) -> ErrorSet:
        """The errors that the metrics were estimated from; not finite where a configuration failed.

        Raises
        ------
        MeasurementError
            It has no errors configuration by configuration.
        """
        if self.metrics.error_set is None:
            raise MeasurementError(
                f"{self.model} on {self.dataset}: there are no errors configuration by "
                "configuration, so it cannot be compared"
            )
        return self.metrics.error_set

    @property
    def errors(self) -> Errors:
        """The errors configuration by configuration, one dataset after the other."""
        return self.error_set.joined()

    def influence(self, number: Measured) -> FloatArray:
        """Return the influence of each configuration on a quantity, shape (n,).

        Raises
        ------
        MeasurementError
            Configurations failed, or the quantity is not a function of the errors of single
            configurations.
        """
        self.value(number)
        estimate = self.error_set.estimates().get((number.quantity, number.convention))
        if estimate is None:
            raise MeasurementError(
                f"{self.model} on {self.dataset}: {number.quantity} {number.convention} cannot "
                "be compared"
            )
        return estimate.influence

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the results file; failed rows with their errors."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "source": self.source,
            "other_functional": self.other_functional,
            **self.metrics.to_json(),
            "energy_windows": self.energy_windows,
            "groups": {name: result.metrics.to_json() for name, result in self.groups.items()},
            "pooled_otherwise": {
                rule: metrics.to_json() for rule, metrics in self.otherwise.items()
            },
            "failures": {str(row): error for row, error in self.failures.items()},
            "identity": self.identity,
            "configurations": self.configurations,
            "illustrations": dict(self.illustrations),
        }

    @cached_property
    def configurations(self) -> dict[str, list[Any]]:
        """The errors of each configuration as plain data; empty for a pool."""
        errors = self.metrics.error_set
        if errors is None or len(errors.parts) != 1:
            return {}
        rows = np.arange(len(errors)) if errors.sample is None else errors.sample.rows
        return columns_of(errors.parts[0], rows)

    def _why_no_value(self, quantity: str) -> str:
        if not self.metrics.n_failed:
            if quantity.startswith("stress_"):
                return "no stress to compare: the reference and the predictions both need one"
            return "it is not defined for these predictions"
        first = sorted(self.failures.items())[:SHOWN_FAILURES]
        rows = "; ".join(f"row {row}: {error}" for row, error in first)
        count = f"{self.metrics.n_failed} of {self.metrics.n_configurations} configurations failed"
        return f"{count}, first {rows}" if rows else count
