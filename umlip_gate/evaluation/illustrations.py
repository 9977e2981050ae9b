"""What a report shows of single configurations: the worst as structures, forces as counts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.metrics.errors import Errors
from umlip_gate.predictions.predictions import Predictions

N_STRUCTURES = 3
N_BINS = 60
"""Of each axis of the parity of forces."""
DIGITS = 4


def illustrations_of(
    reference: Configurations, predictions: Predictions, errors: Errors, rows: IntArray
) -> dict[str, Any]:
    """Return the worst structures and the parity of forces as plain data.

    Parameters
    ----------
    reference, predictions, errors
        Of n configurations.
    rows
        Their numbers in the dataset, shape (n,).
    """
    worst = worst_first(errors)[:N_STRUCTURES].tolist()
    return {
        "structures": [_structure(reference, predictions, i, int(rows[i])) for i in worst],
        "force_parity": force_parity(reference, predictions),
    }


def worst_first(errors: Errors) -> IntArray:
    """Return the order of configurations: the failed, then by RMSE of forces, then of energy."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        force = np.sqrt(errors.force_squared / errors.n_forces)
    force = np.where(errors.n_forces > 0, force, 0.0)
    keys = (-np.abs(errors.energy), -force, errors.finite)
    return np.lexsort(keys).astype(np.int64)


def _structure(
    reference: Configurations, predictions: Predictions, i: int, row: int
) -> dict[str, Any]:
    atoms = slice(reference.offsets[i], reference.offsets[i + 1])
    periodic = bool(reference.pbc[i].any())
    return {
        "row": row,
        "numbers": reference.numbers[atoms].tolist(),
        "positions_ang": _rounded(reference.positions[atoms]),
        "cell_ang": _rounded(reference.cells[i]) if periodic else None,
        "forces_ev_per_ang": _rounded(reference.forces[atoms]),
        "predicted_forces_ev_per_ang": _rounded(predictions.forces[atoms]),
    }


def _rounded(values: NDArray[np.float64]) -> list[Any] | None:
    """Return nested lists; None if a value is not finite."""
    return np.round(values, DIGITS).tolist() if np.isfinite(values).all() else None


def force_parity(reference: Configurations, predictions: Predictions) -> dict[str, Any] | None:
    """Count the force components by predicted and reference value, eV/Å; None without any.

    Returns
    -------
    dict
        `edges_ev_per_ang` of both axes, `n_components` counted, `n_failed` that are not finite,
        and `counts`: [reference bin, predicted bin, number] of each bin that has some.
    """
    known = reference.forces.ravel()
    predicted = predictions.forces.ravel()
    finite = np.isfinite(known) & np.isfinite(predicted)
    if not reference.has_forces or not finite.any():
        return None
    both = np.stack([known[finite], predicted[finite]])
    edges = np.linspace(both.min(), both.max(), N_BINS + 1)
    if not np.all(np.diff(edges) > 0):
        return None
    counts, _, _ = np.histogram2d(both[0], both[1], bins=[edges, edges])
    return {
        "edges_ev_per_ang": [float(f"{edge:.6g}") for edge in edges.tolist()],
        "n_components": int(finite.sum()),
        "n_failed": int((~finite).sum()),
        "counts": [[i, j, int(counts[i, j])] for i, j in np.argwhere(counts > 0).tolist()],
    }
