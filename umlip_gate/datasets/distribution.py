"""What is in a dataset: how many configurations, and how energies and forces are distributed."""

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
from ase.data import chemical_symbols

from umlip_gate.datasets.configurations import Configurations, FloatArray
from umlip_gate.datasets.grouping import systems

BINS = 50
"""Of a histogram, all of the same width between the least and the greatest value; a single bin
where these are too near to each other for as many numbers between them, or too far apart for
their difference to be a number."""


def distribution(configurations: Configurations) -> dict[str, Any]:
    """Describe a dataset by its reference alone: the data of Fig. 1(h) and (i).

    Returns
    -------
    dict
        `n_configurations`, `n_atoms`, `n_positive_energies`; `systems`, configurations by
        their elements; and of `energy_ev_per_atom` (per configuration) and
        `force_norm_ev_per_ang` (per atom) `least`, `mean`, `greatest`, and a histogram:
        `counts` between `edges`.
    """
    energies = energies_per_atom(configurations)
    norms = _norms(configurations.forces) if configurations.has_forces else np.empty(0)
    names, counts = np.unique(systems(configurations), return_counts=True)
    return {
        "n_configurations": len(configurations),
        "n_atoms": int(configurations.n_atoms.sum()),
        "n_positive_energies": int((energies > 0).sum()),
        "systems": dict(zip(names.tolist(), counts.tolist(), strict=True)),
        "energy_ev_per_atom": _histogram(energies),
        "force_norm_ev_per_ang": _histogram(norms),
    }


def formulas(configurations: Configurations) -> list[str]:
    """Return the chemical formula of each configuration."""
    ends = configurations.offsets.tolist()
    numbers = configurations.numbers.tolist()
    return [
        "".join(
            f"{chemical_symbols[number]}{count if count > 1 else ''}"
            for number, count in sorted(Counter(numbers[start:end]).items())
        )
        for start, end in pairwise(ends)
    ]


def energies_per_atom(configurations: Configurations) -> FloatArray:
    """Return the reference energies, shape (n,), eV/atom."""
    return np.asarray(configurations.energies / configurations.n_atoms)


def _norms(vectors: FloatArray) -> FloatArray:
    """Return the norms of vectors, shape (n,), also of those whose squares overflow."""
    with np.errstate(over="ignore"):
        norms = np.linalg.norm(vectors, axis=1)
        x, y, z = vectors[np.isinf(norms)].T
        norms[np.isinf(norms)] = np.hypot(np.hypot(x, y), z)
    return np.asarray(norms)


def _histogram(values: FloatArray) -> dict[str, Any]:
    if not len(values):
        return {"least": None, "mean": None, "greatest": None, "edges": [], "counts": []}
    least, greatest = values.min(), values.max()
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean()
        room = 0.5 if least == greatest else 0.0  # as np.histogram makes
        edges = np.linspace(least - room, greatest + room, BINS + 1)
        separable = (np.diff(edges) > 0).all()
    if separable:
        counts, edges = np.histogram(values, BINS)
    else:
        counts, edges = np.array([len(values)]), np.array([least, greatest])
    return {
        "least": float(least),
        "mean": float(mean),
        "greatest": float(greatest),
        "edges": edges.tolist(),
        "counts": counts.tolist(),
    }
