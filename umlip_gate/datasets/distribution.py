"""What is in a dataset: how many configurations, and how energies and forces are distributed."""

from typing import Any

import numpy as np

from umlip_gate.datasets.configurations import Configurations, FloatArray
from umlip_gate.datasets.grouping import systems

BINS = 50
"""Of a histogram, all of the same width between the least and the greatest value."""


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
    forces = np.linalg.norm(configurations.forces, axis=1) if configurations.has_forces else ()
    names, counts = np.unique(systems(configurations), return_counts=True)
    return {
        "n_configurations": len(configurations),
        "n_atoms": int(configurations.n_atoms.sum()),
        "n_positive_energies": int((energies > 0).sum()),
        "systems": dict(zip(names.tolist(), counts.tolist(), strict=True)),
        "energy_ev_per_atom": _histogram(energies),
        "force_norm_ev_per_ang": _histogram(np.asarray(forces)),
    }


def energies_per_atom(configurations: Configurations) -> FloatArray:
    """Give the reference energies, shape (n,), eV/atom."""
    return np.asarray(configurations.energies / configurations.n_atoms)


def _histogram(values: FloatArray) -> dict[str, Any]:
    if not len(values):
        return {"least": None, "mean": None, "greatest": None, "edges": [], "counts": []}
    counts, edges = np.histogram(values, BINS)
    return {
        "least": float(values.min()),
        "mean": float(values.mean()),
        "greatest": float(values.max()),
        "edges": edges.tolist(),
        "counts": counts.tolist(),
    }
