"""How the error of the energy depends on the energy: the data behind a parity plot."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umlip_gate.metrics.errors import Errors, FloatArray

N_WINDOWS = 10
"""Each holds as many configurations as the others, to within one."""


def energy_windows(errors: Errors) -> list[dict[str, Any]]:
    """Mean and root mean square of the signed energy error by window of the reference energy.

    Parameters
    ----------
    errors
        n configurations; those that failed are counted, and in no number.

    Returns
    -------
    list
        By ascending energy: `least_ev_per_atom` and `greatest_ev_per_atom` of the window's
        configurations, `n_configurations`, `n_failed`, and over those that did not fail
        `mean_error_mev_per_atom` (predicted minus reference) and `rmse_mev_per_atom`, each
        configuration weighing 1; None where all failed.
    """
    energies = errors.reference_energy / 1000
    order = np.argsort(energies, kind="stable")
    windows = [rows for rows in np.array_split(order, N_WINDOWS) if len(rows)]
    return [_window(errors.energy[rows], errors.finite[rows], energies[rows]) for rows in windows]


def _window(errors: FloatArray, finite: NDArray[np.bool_], energies: FloatArray) -> dict[str, Any]:
    good = errors[finite]
    return {
        "least_ev_per_atom": float(energies.min()),
        "greatest_ev_per_atom": float(energies.max()),
        "n_configurations": len(errors),
        "n_failed": len(errors) - len(good),
        "mean_error_mev_per_atom": float(good.mean()) if len(good) else None,
        "rmse_mev_per_atom": float(np.sqrt(np.mean(good**2))) if len(good) else None,
    }
