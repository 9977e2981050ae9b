"""Everything that is measured of one model on one dataset."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.metrics.errors import Errors, Estimates, Estimator, FloatArray, errors_of
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.metrics.sampling import Sample
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
    n_whole
        How many configurations the dataset has, if those measured are a sample of it: then
        values and intervals are estimates of the whole.
    details
        What else was measured, as plain data for the results.
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
    n_whole: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    replicates: Estimates = field(default_factory=dict, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Plain values under the quantities' JSON keys, None for null, never NaN."""
        survivors = None
        if self.survivors is not None:
            n_survivors = self.n_configurations - self.n_failed
            survivors = {"n_configurations": n_survivors, **_keyed(self.survivors)}
        return {
            "n_configurations": self.n_configurations,
            "sample_of": self.n_whole,
            "n_failed": self.n_failed,
            **_keyed(self.values),
            "intervals": _keyed(self.intervals),
            "survivors": survivors,
            "bootstrap": {
                "n_resamples": self.n_resamples,
                "seed": self.seed,
                "level": bootstrap.LEVEL,
            },
            **self.details,
        }


def measure(
    configurations: Configurations,
    predictions: Predictions,
    sample: Sample | None = None,
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
    sample
        Which rows of a dataset these configurations are, if they are not the whole.
    n_resamples, seed
        Of the bootstrap.

    Raises
    ------
    NotMeasured
        There are no configurations, or the predictions are not of these configurations.
    """
    errors = errors_of(configurations, predictions)
    return measure_errors(errors, sample, n_resamples=n_resamples, seed=seed)


def measure_errors(
    errors: Errors,
    sample: Sample | None = None,
    *,
    n_resamples: int = bootstrap.N_RESAMPLES,
    seed: int = bootstrap.SEED,
) -> Metrics:
    """Measure every quantity under every convention, of errors that are known.

    Parameters
    ----------
    errors
        n configurations, n > 0; not finite where one failed.
    sample
        Which rows of a dataset they are, if they are not the whole.
    n_resamples, seed
        Of the bootstrap.
    """
    failed = ~errors.finite
    if not failed.any() and sample is None:
        replicated = bootstrap.replicates(errors, n_resamples, seed)
        return estimated(len(errors), _estimates(errors), replicated, seed)
    n_whole = None if sample is None else sample.n_whole
    if not failed.any() and sample is not None:
        replicated = bootstrap.estimates_over(errors, sample.draw(n_resamples, seed))
        values = _estimates(errors, sample.weights)
        return replace(estimated(len(errors), values, replicated, seed), n_whole=n_whole)
    n_failed = int(np.count_nonzero(failed))
    nothing: Table[float] = _table({})
    nothing[_FAILED]["count"] = n_failed
    survivors = _defined(_estimates(errors.select(~failed)))
    del survivors[_FAILED]
    return Metrics(
        n_configurations=len(errors),
        n_failed=n_failed,
        values=nothing,
        intervals=_table({}),
        survivors=survivors,
        n_resamples=n_resamples,
        seed=seed,
        n_whole=n_whole,
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


def counted(n_configurations: int, n_failed: int, seed: int) -> Metrics:
    """Put together what has no quantity but the number of failures."""
    nothing: Table[float] = _table({})
    nothing[_FAILED]["count"] = n_failed
    return Metrics(
        n_configurations=n_configurations,
        n_failed=n_failed,
        values=nothing,
        intervals=_table({}),
        survivors=None,
        n_resamples=bootstrap.N_RESAMPLES,
        seed=seed,
    )


def _estimates(errors: Errors, weights: FloatArray | None = None) -> dict[tuple[str, str], float]:
    if not len(errors):
        return {}
    once = np.ones(len(errors)) if weights is None else weights
    return {key: float(value) for key, (value,) in Estimator(errors)(once[np.newaxis]).items()}


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
