"""Everything that is measured of one model on one dataset."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.metrics.errors import Errors, Estimates, Estimator, errors_of
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.predictions.predictions import Predictions

T = TypeVar("T")
Table = dict[str, dict[str, T | None]]
"""Quantity -> convention -> what was measured; None where nothing was."""

_FAILED = "failed_configurations"


@dataclass(frozen=True)
class Metrics:
    """What one model measures on one dataset.

    Attributes
    ----------
    n_configurations
        All configurations that were asked for.
    n_failed
        Those without a finite energy and forces.
    values
        Quantity -> convention -> value in the quantity's unit. Where a configuration failed,
        all but `failed_configurations` are None: a mean over those that went well is no
        measure of the dataset. None as well where a quantity is not defined, as is the worst
        share of no error at all.
    intervals
        The same with 95 % bootstrap intervals (low, high); None for `failed_configurations`,
        which is counted and not estimated.
    survivors
        What `values` would be over the configurations that did not fail, without
        `failed_configurations`; None if none failed. Not for verdicts.
    n_resamples, seed
        What the intervals were drawn with.
    replicates
        (quantity, convention) -> its value in every resample, shape (n_resamples,); empty
        where a configuration failed. For comparisons of models; not part of the results.
    """

    n_configurations: int
    n_failed: int
    values: Table[float]
    intervals: Table[Interval]
    survivors: Table[float] | None
    n_resamples: int
    seed: int
    replicates: Estimates = field(default_factory=dict, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Plain values under the quantities' JSON keys, None for null, never NaN."""
        survivors = None
        if self.survivors is not None:
            n_survivors = self.n_configurations - self.n_failed
            survivors = {"n_configurations": n_survivors, **_keyed(self.survivors)}
        return {
            "n_configurations": self.n_configurations,
            "n_failed": self.n_failed,
            **_keyed(self.values),
            "intervals": _keyed(self.intervals),
            "survivors": survivors,
            "bootstrap": {
                "n_resamples": self.n_resamples,
                "seed": self.seed,
                "level": bootstrap.LEVEL,
            },
        }


def measure(
    configurations: Configurations,
    predictions: Predictions,
    *,
    n_resamples: int = bootstrap.N_RESAMPLES,
    seed: int = bootstrap.SEED,
) -> Metrics:
    """Measure every quantity under every convention.

    A configuration has failed if its energy or any of its forces is not finite, whether it is
    listed as a failure (then it has no energy) or not.

    Parameters
    ----------
    configurations
        The reference.
    predictions
        What the model says of the same configurations, in the same order.
    n_resamples, seed
        Of the bootstrap.

    Raises
    ------
    NotMeasured
        There are no configurations, or the predictions are not of these configurations.
    """
    return measure_errors(
        errors_of(configurations, predictions), n_resamples=n_resamples, seed=seed
    )


def measure_errors(
    errors: Errors, *, n_resamples: int = bootstrap.N_RESAMPLES, seed: int = bootstrap.SEED
) -> Metrics:
    """Measure every quantity under every convention, of errors that are known.

    Parameters
    ----------
    errors
        n configurations, n > 0; not finite where one failed.
    n_resamples, seed
        Of the bootstrap.
    """
    failed = ~errors.finite
    if not failed.any():
        replicated = bootstrap.replicates(errors, n_resamples, seed)
        return estimated(len(errors), _estimates(errors), replicated, seed)
    n_failed = int(np.count_nonzero(failed))
    values: Table[float] = _table({})
    values[_FAILED]["count"] = n_failed
    survivors = _defined(_estimates(errors.select(~failed)))
    del survivors[_FAILED]
    return Metrics(
        n_configurations=len(errors),
        n_failed=n_failed,
        values=values,
        intervals=_table({}),
        survivors=survivors,
        n_resamples=n_resamples,
        seed=seed,
    )


def estimated(
    n_configurations: int,
    values: Mapping[tuple[str, str], float],
    replicated: Estimates,
    seed: int,
) -> Metrics:
    """Put together what was measured where no configuration failed.

    Parameters
    ----------
    n_configurations
        How many there are.
    values
        (quantity, convention) -> value; NaN where it is not defined.
    replicated
        (quantity, convention) -> value in every resample, shape (n_resamples,).
    seed
        That these were drawn with.
    """
    table = _defined(values)
    table[_FAILED]["count"] = 0
    return Metrics(
        n_configurations=n_configurations,
        n_failed=0,
        values=table,
        intervals=_table(bootstrap.intervals(replicated)),
        survivors=None,
        n_resamples=len(next(iter(replicated.values()))),
        seed=seed,
        replicates=replicated,
    )


def _estimates(errors: Errors) -> dict[tuple[str, str], float]:
    if not len(errors):
        return {}
    once = np.ones((1, len(errors)))
    return {key: float(value) for key, (value,) in Estimator(errors)(once).items()}


def _defined(values: Mapping[tuple[str, str], float]) -> Table[float]:
    return _table({key: value if math.isfinite(value) else None for key, value in values.items()})


def _table(cells: Mapping[tuple[str, str], T | None]) -> Table[T]:
    """Every quantity and convention, None where there is no cell."""
    return {
        name: {convention: cells.get((name, convention)) for convention in quantity.conventions}
        for name, quantity in QUANTITIES.items()
    }


def _keyed(table: Table[T]) -> dict[str, dict[str, T | None]]:
    return {QUANTITIES[name].key: dict(cells) for name, cells in table.items()}
