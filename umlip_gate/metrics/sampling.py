"""A sample of a dataset's configurations, and what it says of the whole.

Rows are stratified by size and by reference energy per atom, and put into one seeded order in
which every beginning holds the strata in their proportion. So a sample of n is the first n of
that order, and a sample that time cut short is a smaller one of the same kind.

With n_h rows drawn of the N_h of stratum h, each stands for N_h / n_h rows, and the estimates are
those of the whole dataset. Their standard errors are those of a stratified sample of a finite
population, whose variance within a stratum counts 1 - n_h / N_h times (Davison & Hinkley,
Bootstrap Methods and their Application, 1997, §3.7): so the interval closes as the sample becomes
the whole.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.metrics.bootstrap import ResamplingDesign
from umlip_gate.metrics.errors import FloatArray

GROUPS = 4
"""Of sizes, and in each of them of energies: 16 strata at most."""
FEWEST_OF_A_STRATUM = 8
"""From fewer rows the spread in a stratum is guessed badly."""
SEED = 20250630


@dataclass(frozen=True)
class SampleLimit:
    """How much of a dataset may be evaluated with one model; all of it if nothing is said.

    Attributes
    ----------
    configurations
        So many at most.
    budget_s
        What is begun within so many seconds.
    """

    configurations: int | None = None
    budget_s: float | None = None

    def __str__(self) -> str:
        parts = []
        if self.configurations is not None:
            parts.append(f"{self.configurations} configurations at most")
        if self.budget_s is not None:
            parts.append(f"what a model begins within {self.budget_s:g} s")
        return ", ".join(parts)

    def __bool__(self) -> bool:
        return self != SampleLimit()

    def limits(self, n: int) -> bool:
        """Whether a dataset of n configurations may be cut short."""
        return self.budget_s is not None or (self.configurations or n) < n


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows of a dataset.

    Attributes
    ----------
    rows
        Their numbers, ascending, shape (n,).
    strata
        The stratum of each, shape (n,).
    sizes
        N_h of every stratum, shape (H,).
    """

    rows: IntArray
    strata: IntArray
    sizes: IntArray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_whole(self) -> int:
        """How many rows the dataset has."""
        return int(self.sizes.sum())

    @cached_property
    def weights(self) -> FloatArray:
        """How many rows of the dataset each stands for, shape (n,); they add up to `n_whole`."""
        drawn = np.bincount(self.strata, minlength=len(self.sizes))
        return np.asarray((self.sizes / np.maximum(drawn, 1))[self.strata])

    @cached_property
    def design(self) -> ResamplingDesign:
        """How they were drawn."""
        drawn = np.bincount(self.strata, minlength=len(self.sizes))
        return ResamplingDesign(self.strata, 1 - drawn / self.sizes, np.arange(len(self)))


@dataclass(frozen=True, eq=False)
class SamplingPlan:
    """The order in which the rows of a dataset are taken.

    Attributes
    ----------
    order
        Every row number once, shape (N,).
    strata
        The stratum of each row, shape (N,).
    fewest
        So many rows at least make a sample: eight of every stratum, or all of it.
    """

    order: IntArray
    strata: IntArray
    fewest: int

    def first(self, n: int) -> Sample:
        """Return the sample of the first n rows; the whole if there are no more."""
        rows = np.sort(self.order[:n])
        return Sample(rows, self.strata[rows], np.bincount(self.strata))


def plan(configurations: Configurations, seed: int = SEED) -> SamplingPlan:
    """Stratify a dataset and order it.

    Parameters
    ----------
    configurations
        N > 0 configurations.
    seed
        Of numpy's default generator; the same seed gives the same order.
    """
    generator = np.random.default_rng(seed)
    strata = _strata(configurations)
    keys = np.empty(len(configurations))
    for stratum in range(int(strata.max()) + 1):
        own = generator.permutation(np.flatnonzero(strata == stratum))
        places = (np.arange(len(own)) + generator.random()) / len(own)
        places[:FEWEST_OF_A_STRATUM] -= 1  # before all others
        keys[own] = places
    fewest = int(np.minimum(np.bincount(strata), FEWEST_OF_A_STRATUM).sum())
    return SamplingPlan(np.argsort(keys, kind="stable"), strata, fewest)


def _strata(configurations: Configurations) -> IntArray:
    """Return the number of each row's stratum, from 0 on; no stratum is empty."""
    by_size = _groups(configurations.n_atoms.astype(np.float64))
    per_atom = configurations.energies / configurations.n_atoms
    labels = np.empty(len(configurations), dtype=np.int64)
    for size in range(GROUPS):
        own = by_size == size
        if own.any():
            labels[own] = GROUPS * size + _groups(per_atom[own])
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _groups(values: FloatArray) -> NDArray[np.int64]:
    """Divide by quantiles, equal values together."""
    quantiles = np.quantile(values, np.arange(1, GROUPS) / GROUPS)
    return np.searchsorted(quantiles, values, side="left").astype(np.int64)
