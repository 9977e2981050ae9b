"""Spearman's rank correlation of a sample and of its resamples."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from umlip_gate.metrics.errors import FloatArray


class _Ranking(NamedTuple):
    """Where each value stands: values in ascending order, equal ones in one group."""

    order: NDArray[np.intp]
    last: NDArray[np.intp]
    group: NDArray[np.intp]


class Spearman:
    """Pearson's correlation of the ranks, equal values sharing the mean of theirs.

    Parameters
    ----------
    first, second
        Paired values, shape (n,), finite.
    """

    def __init__(self, first: FloatArray, second: FloatArray) -> None:
        self._rankings = _ranking(first), _ranking(second)

    def __call__(self, counts: FloatArray) -> float:
        """Correlate a resample.

        Parameters
        ----------
        counts
            How often each pair occurs in it, shape (n,); ones are the sample itself.

        Returns
        -------
        float
            Between -1 and 1; NaN where one of the two is constant.
        """
        total = counts.sum()
        first, second = (_ranks(ranking, counts) for ranking in self._rankings)
        # not `@`: between the threads of a BLAS, a hundred short products are mostly waiting
        first -= _sum("n,n->", counts, first) / total
        second -= _sum("n,n->", counts, second) / total
        spread = _sum("n,n,n->", counts, first, first) * _sum("n,n,n->", counts, second, second)
        across = _sum("n,n,n->", counts, first, second)
        return across / math.sqrt(spread) if spread > 0 else float("nan")


def _sum(what: str, *arrays: FloatArray) -> float:
    return float(np.einsum(what, *arrays))


def _ranking(values: FloatArray) -> _Ranking:
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    ends = np.append(ascending[1:] != ascending[:-1], True)
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.cumsum(ends) - ends
    return _Ranking(order, np.flatnonzero(ends), group)


def _ranks(ranking: _Ranking, counts: FloatArray) -> FloatArray:
    """Rank each value among the resample, shape (n,); equal values share the mean."""
    upto = np.cumsum(counts[ranking.order])[ranking.last]
    within = np.diff(upto, prepend=0)
    return np.asarray((upto - (within - 1) / 2)[ranking.group])
