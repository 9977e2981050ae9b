"""Everything that is measured of one model on one dataset."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import Interval, Resampling
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.estimates import Estimates, estimates_of
from umlip_gate.metrics.quantities import QUANTITIES

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
        The same with bootstrap intervals (low, high); None where there is none, and for
        `failed_configurations`, which is counted and not estimated.
    survivors
        What `values` would be over the configurations that did not fail, without
        `failed_configurations`; None if none failed. Not for verdicts.
    how
        The intervals were drawn.
    n_whole
        How many configurations the dataset has, if those measured are a sample of it: then
        values and intervals are estimates of the whole.
    details
        What else was measured, as plain data for the results.
    error_set
        What it was estimated from, for comparisons of models; not part of the results. None
        where nothing was.
    """

    n_configurations: int
    n_failed: int
    values: Table[float]
    intervals: Table[Interval]
    survivors: Table[float] | None
    how: Resampling
    n_whole: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    error_set: ErrorSet | None = field(default=None, compare=False, repr=False)

    def without_zero_of_energy(self) -> "Metrics":
        """Return the same without what compares within one functional only."""

        def kept(table: Table[T]) -> Table[T]:
            return {
                name: {
                    convention: None
                    if QUANTITIES[name].needs_same_functional(convention)
                    else value
                    for convention, value in by_convention.items()
                }
                for name, by_convention in table.items()
            }

        survivors = None if self.survivors is None else kept(self.survivors)
        return replace(
            self, values=kept(self.values), intervals=kept(self.intervals), survivors=survivors
        )

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
                "n_resamples": self.how.n_resamples,
                "seed": self.how.seed,
                "level": self.how.level,
                "n_groups": None if self.error_set is None else self.error_set.n_groups,
            },
            **self.details,
        }


def measure_errors(error_set: ErrorSet, resampling: Resampling | None = None) -> Metrics:
    """Measure every quantity under every convention, of errors that are known.

    Parameters
    ----------
    error_set
        The errors of n > 0 configurations; not finite where one failed.
    resampling
        Of the intervals.
    """
    how = resampling or Resampling()
    failed = ~np.concatenate([part.finite for part in error_set.parts])
    metrics = Metrics(
        n_configurations=len(error_set),
        n_failed=int(np.count_nonzero(failed)),
        values=_table({}),
        intervals=_table({}),
        survivors=None,
        how=how,
        n_whole=None if error_set.sample is None else error_set.sample.n_whole,
        error_set=error_set,
    )
    if failed.any():
        left = error_set.joined().select(~failed)
        survivors = _values(estimates_of(left)) if len(left) else _table({})
        del survivors[_FAILED]
        metrics.values[_FAILED]["count"] = metrics.n_failed
        return replace(metrics, survivors=survivors)
    estimates = error_set.estimates()
    found = bootstrap.intervals(
        list(estimates.values()),
        error_set.design,
        how,
        never_negative=[QUANTITIES[name].never_negative for name, _ in estimates],
    )
    values = _values(estimates)
    values[_FAILED]["count"] = 0
    intervals = _table(dict(zip(estimates, found, strict=True)))
    return replace(metrics, values=values, intervals=intervals)


def counted(n_configurations: int, n_failed: int) -> Metrics:
    """Put together what has no quantity but the number of failures."""
    nothing: Table[float] = _table({})
    nothing[_FAILED]["count"] = n_failed
    return Metrics(
        n_configurations=n_configurations,
        n_failed=n_failed,
        values=nothing,
        intervals=_table({}),
        survivors=None,
        how=Resampling(),
    )


def _values(estimates: Estimates) -> Table[float]:
    values = {key: estimate.value for key, estimate in estimates.items()}
    return _table({key: value if math.isfinite(value) else None for key, value in values.items()})


def _table(values: Mapping[tuple[str, str], T | None]) -> Table[T]:
    """Every quantity and convention, None where there is no value."""
    return {
        name: {convention: values.get((name, convention)) for convention in quantity.conventions}
        for name, quantity in QUANTITIES.items()
    }


def _keyed(table: Table[T]) -> dict[str, dict[str, T | None]]:
    return {QUANTITIES[name].key: dict(values) for name, values in table.items()}
