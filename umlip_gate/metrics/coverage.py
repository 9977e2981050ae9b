"""How much of one dataset's local atomic environments another dataset has.

An environment is a vector of descriptors. A dataset A covers an environment b if the nearest
environment of A is no further from b than A's own environments are from one another: within the
q-quantile of the distances d(a) from each a to the nearest environment in another configuration
of A,

    coverage of B by A = share of b in B with min_a |b - a| ≤ quantile_q { d(a) }.

Distances are Euclidean in the space of the descriptors. The quantile depends on how densely A is
sampled, so both sides are given as the same number of environments, drawn alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from umlip_gate.datasets.configurations import IntArray
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.metrics.errors import FloatArray

N_COMPONENTS = 2
_CHUNK = 2**22
"""Entries of the table of distances held at once: 32 MB."""


@dataclass(frozen=True, eq=False)
class Environments:
    """Environments of atoms, sampled from a dataset.

    Attributes
    ----------
    descriptors
        Shape (n, d).
    configuration
        The configuration that each belongs to, shape (n,).
    group
        The independent group of that configuration, shape (n,).
    """

    descriptors: FloatArray
    configuration: IntArray
    group: IntArray

    def __len__(self) -> int:
        return len(self.descriptors)


@dataclass(frozen=True)
class Coverage:
    """How much of B's environments A has.

    Attributes
    ----------
    value
        A share, between 0 and 1.
    interval
        Its 95 % bootstrap interval, independent groups of B being drawn whole.
    reach
        The distance within which A covers.
    """

    value: float
    interval: Interval
    reach: float


def coverage(
    of: Environments,
    by: Environments,
    quantile: float,
    *,
    n_resamples: int = bootstrap.N_RESAMPLES,
    seed: int = bootstrap.SEED,
) -> Coverage:
    """Measure how much of one set of environments another one covers.

    Parameters
    ----------
    of, by
        B and A, with the same descriptors.
    quantile
        q, between 0 and 1.
    n_resamples, seed
        Of the bootstrap.

    Raises
    ------
    MeasurementError
        A has environments of one configuration only, or either has none.
    """
    if not len(of) or len(np.unique(by.configuration)) < 2:  # noqa: PLR2004 - one and another
        raise MeasurementError("a coverage needs environments of at least two configurations")
    reach = float(np.quantile(_nearest_elsewhere(by), quantile))
    covered = _nearest(of.descriptors, by.descriptors) <= reach
    own = np.unique(of.group, return_inverse=True)[1]
    hits, total = np.bincount(own, covered), np.bincount(own).astype(np.float64)
    shares = [
        counts @ hits / (counts @ total) for counts in bootstrap.draw(len(total), n_resamples, seed)
    ]
    interval = bootstrap.percentiles(np.concatenate(shares))
    assert interval is not None  # noqa: S101 - every resample has environments
    return Coverage(float(covered.mean()), interval, reach)


def principal_components(sets: list[FloatArray]) -> list[FloatArray]:
    """Project descriptors on the first two principal components of all of them together.

    Parameters
    ----------
    sets
        Descriptors of several datasets, shapes (n_k, d).

    Returns
    -------
    list
        Shapes (n_k, 2). The sign of each component is such that its largest weight is positive.
    """
    together = np.concatenate(sets)
    middle = together.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(together - middle, rowvar=False))
    first = vectors[:, : -N_COMPONENTS - 1 : -1]
    largest = first[np.abs(first).argmax(axis=0), np.arange(first.shape[1])]
    return [(each - middle) @ (first * np.sign(largest)) for each in sets]


def _nearest_elsewhere(environments: Environments) -> FloatArray:
    """Distance from each environment to the nearest one of another configuration, shape (n,)."""
    own = environments.configuration
    nearest: list[FloatArray] = [
        np.where(own[rows, np.newaxis] == own, np.inf, squared).min(axis=1)
        for rows, squared in _squared(environments.descriptors, environments.descriptors)
    ]
    return np.asarray(np.sqrt(np.concatenate(nearest)))


def _nearest(points: FloatArray, others: FloatArray) -> FloatArray:
    """Distance from each point to the nearest of the others, shape (n,)."""
    nearest = [squared.min(axis=1) for _, squared in _squared(points, others)]
    return np.asarray(np.sqrt(np.concatenate(nearest)))


def _squared(points: FloatArray, others: FloatArray) -> Iterator[tuple[IntArray, FloatArray]]:
    """Squared distances of some points at a time to all others."""
    norms = np.einsum("nd,nd->n", others, others)
    size = max(1, _CHUNK // len(others))
    for start in range(0, len(points), size):
        some = points[start : start + size]
        squared = norms - 2 * some @ others.T + np.einsum("nd,nd->n", some, some)[:, np.newaxis]
        yield np.arange(start, start + len(some)), np.maximum(squared, 0.0)
