"""How well one order agrees with another: rank correlations, with their uncertainty.

Spearman's coefficient is Pearson's of the ranks, where equal values share their mean rank.
Kendall's tau is here over the pairs that the first order tells apart: of these, those that the
second orders alike minus those that it orders the other way, divided by their number. Without
equal values both are the textbooks'.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from umlip_gate.metrics.bootstrap import N_RESAMPLES, SEED, Interval, draw, percentiles
from umlip_gate.metrics.errors import FloatArray
from umlip_gate.metrics.spearman import Spearman


@dataclass(frozen=True)
class Correlation:
    """A rank correlation.

    Attributes
    ----------
    value
        Between -1 and 1.
    interval
        Its 95 % bootstrap interval; None where it is not defined in some resample.
    """

    value: float
    interval: Interval | None


def spearman_interval(
    x: ArrayLike,
    y: ArrayLike,
    block: ArrayLike | None = None,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = SEED,
) -> Correlation:
    """Return Spearman's rank correlation with its bootstrap interval.

    Parameters
    ----------
    x, y
        Shape (n,), finite.
    block
        Shape (n,), the number of the block, counted from 0, that each pair belongs to, if pairs
        are drawn by blocks: atoms of one configuration do not err independently.
    n_resamples, seed
        Of the bootstrap.

    Returns
    -------
    Correlation
        Its value is NaN where x or y is constant.
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in (x, y))
    correlate = Spearman(first, second)
    blocks = np.arange(len(first)) if block is None else np.asarray(block)
    values = [
        correlate(row[blocks])
        for counts in draw(int(blocks.max()) + 1, n_resamples, seed)
        for row in counts
    ]
    return Correlation(correlate(np.ones(len(first))), percentiles(np.array(values)))


def kendall(order: FloatArray, values: FloatArray) -> FloatArray:
    """Return Kendall's tau of several lists of values against one order.

    Parameters
    ----------
    order
        Shape (n,); equal numbers are not told apart.
    values
        Shape (B, n).

    Returns
    -------
    array
        Shape (B,); NaN where the order tells no two apart.
    """
    first, second = np.triu_indices(len(order), k=1)
    claimed = np.sign(order[first] - order[second])
    told = claimed != 0
    first, second, claimed = first[told], second[told], claimed[told]
    if not len(claimed):
        return np.full(len(values), np.nan)
    found = np.sign(values[:, first] - values[:, second])
    return np.asarray(found @ claimed / len(claimed))
