"""How far a number would move with another sample of configurations.

The percentile bootstrap: n configurations are drawn from the n with replacement, every quantity
is computed anew, and the middle 95 % of what comes out is the interval. Configurations are
drawn whole, since the atoms of one configuration do not err independently.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from umlip_gate.metrics.errors import Errors, Estimates, Estimator, FloatArray

N_RESAMPLES = 2000
SEED = 20250630
LEVEL = 0.95
ORDER_LEVEL = 0.97
"""Of the difference of two models: at 95 % more than one pair of equal models in twenty would be
told apart, since percentile intervals are a little narrow where errors have long tails."""

CHUNK = 2**18
"""Entries of the table of resamples by configurations held at once; a handful of 2 MB arrays."""

Interval = tuple[float, float]


def intervals(replicated: Estimates) -> dict[tuple[str, str], Interval | None]:
    """Percentile intervals at 95 % of every quantity under every convention.

    Parameters
    ----------
    replicated
        (quantity, convention) -> its value in every resample, as `replicates` gives them.

    Returns
    -------
    dict
        (quantity, convention) -> (low, high), in the quantity's unit; None where the quantity
        is not defined for some resample.
    """
    return {key: percentiles(values) for key, values in replicated.items()}


def percentiles(values: FloatArray) -> Interval | None:
    """Give the middle 95 % of an estimate over resamples; None if it is undefined in one."""
    interval = interval_of(values)
    return interval if np.isfinite(interval).all() else None


def interval_of(values: FloatArray, level: float = LEVEL) -> Interval:
    """Percentile interval of a number.

    Parameters
    ----------
    values
        The number in every resample, shape (n_resamples,).
    level
        The share of them in the middle.

    Returns
    -------
    (low, high)
        Not finite where a value is not.
    """
    tail = 50 * (1 - level)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def difference_interval(values: FloatArray, n_differences: int = 1) -> Interval:
    """Percentile interval by which an order is judged.

    Parameters
    ----------
    values
        One model's replicates minus another's, shape (n_resamples,).
    n_differences
        How many such intervals must hold at once (Bonferroni).
    """
    return interval_of(values, 1 - (1 - ORDER_LEVEL) / n_differences)


def replicates(
    errors: Errors, n_resamples: int = N_RESAMPLES, seed: int = SEED, chunk: int = CHUNK
) -> Estimates:
    """Every quantity of every resample.

    Parameters
    ----------
    errors
        n configurations, n > 0, all finite.
    n_resamples
        How many resamples are drawn, at least 1.
    seed
        Of numpy's default generator; the draws depend on it and on n alone, so two models on
        one dataset are drawn alike, and the difference of their replicates is a replicate of
        their difference: the paired bootstrap.
    chunk
        Entries of the table of draws held at once.

    Returns
    -------
    Estimates
        (quantity, convention) -> values of shape (n_resamples,), the same for any `chunk` but
        for rounding.
    """
    return estimates_over(errors, draw(len(errors), n_resamples, seed, chunk))


def estimates_over(errors: Errors, draws: Iterable[FloatArray]) -> Estimates:
    """Every quantity of every resample.

    Parameters
    ----------
    errors
        n configurations, n > 0, all finite.
    draws
        How often, or with what weight, each configuration is in each resample, shapes (B, n).
    """
    estimator = Estimator(errors)
    parts = [estimator(counts) for counts in draws]
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def draw(
    n: int, n_resamples: int, seed: int | Sequence[int], chunk: int = CHUNK
) -> Iterator[FloatArray]:
    """Draw n of n configurations with replacement, again and again.

    Yields
    ------
    counts
        How often each configuration was drawn, shape (B, n) with B n ≤ `chunk` or B = 1;
        n_resamples rows in all.
    """
    generator = np.random.default_rng(seed)
    size = max(1, chunk // n)
    for start in range(0, n_resamples, size):
        rows = np.arange(min(size, n_resamples - start))
        drawn = generator.integers(n, size=(len(rows), n)) + n * rows[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=len(rows) * n)
        yield counts.reshape(len(rows), n).astype(np.float64)
