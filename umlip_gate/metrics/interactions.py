"""Errors of solute-defect interaction energies, system by system."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from umlip_gate.datasets.interactions import Interactions
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import Interval, ResamplingDesign
from umlip_gate.metrics.errors import LARGEST, FloatArray
from umlip_gate.metrics.estimates import ratio
from umlip_gate.metrics.measurement import Metrics, counted
from umlip_gate.predictions.predictions import Predictions

_MEV = 1000.0


@dataclass(frozen=True)
class OfSystem:
    """The errors of one system's interaction energies.

    Attributes
    ----------
    system
        Host and solute.
    n_points, n_failed
        How many interaction energies it has, and for how many of them a cell failed.
    rmse_mev
        None if any failed.
    interval_mev
        Its 95 % bootstrap interval over the points.
    """

    system: str
    n_points: int
    n_failed: int
    rmse_mev: float | None
    interval_mev: Interval | None


def system_errors(interactions: Interactions, predictions: Predictions) -> list[OfSystem]:
    """Compare interaction energies with the reference.

    Parameters
    ----------
    interactions
        The points, and the cells that they are differences of.
    predictions
        Of the cells, row for row; only energies count.

    Returns
    -------
    list
        One per system, in the order of the file.
    """
    by_system: dict[str, list[float]] = {}
    for point in interactions.points:
        predicted_ev = sum(
            sign * float(predictions.energies[row]) for row, sign in point.signs.items()
        )
        error_mev = _MEV * (predicted_ev - point.reference_ev)
        by_system.setdefault(point.system, []).append(error_mev)
    return [_of_system(system, np.array(errors)) for system, errors in by_system.items()]


def measure_interactions(interactions: Interactions, predictions: Predictions) -> Metrics:
    """Measure everything that there is of interaction energies.

    Parameters
    ----------
    interactions
        The points, and the cells that they are differences of.
    predictions
        Of the cells, row for row.

    Returns
    -------
    Metrics
        `n_configurations` counts points, `n_failed` those of which a cell failed. The interval
        of the best and of the worst system is that system's.
    """
    systems = system_errors(interactions, predictions)
    n_failed = sum(system.n_failed for system in systems)
    metrics = counted(len(interactions.points), n_failed)
    found = rmse_values(systems)
    interval_of = {system.rmse_mev: system.interval_mev for system in systems}
    values = {**metrics.values, "interaction_rmse": found}
    intervals = {
        **metrics.intervals,
        "interaction_rmse": {
            "best_system": interval_of.get(found["best_system"]),
            "worst_system": interval_of.get(found["worst_system"]),
            "all_points": None,
        },
    }
    details = {"interactions": [asdict(system) for system in systems]}
    return replace(metrics, values=values, intervals=intervals, details=details)


def rmse_values(systems: Sequence[OfSystem]) -> dict[str, float | None]:
    """RMSE of the best and of the worst system, and over the points of all, meV.

    Returns
    -------
    dict
        `best_system`, `worst_system`, `all_points`; None where a point failed.
    """
    known = [system.rmse_mev for system in systems if system.rmse_mev is not None]
    if len(known) < len(systems):
        return dict.fromkeys(("best_system", "worst_system", "all_points"))
    points = [system.n_points for system in systems]
    squared = sum(n * rmse**2 for n, rmse in zip(points, known, strict=True))
    return {
        "best_system": min(known),
        "worst_system": max(known),
        "all_points": math.sqrt(squared / sum(points)),
    }


def _of_system(system: str, errors: FloatArray) -> OfSystem:
    n_failed = int(np.count_nonzero(~(np.abs(errors) < LARGEST)))
    if n_failed:
        return OfSystem(system, len(errors), n_failed, None, None)
    rmse = ratio(np.ones(len(errors)), errors**2, np.ones(len(errors))).root()
    interval = bootstrap.interval(
        rmse, ResamplingDesign.of_parts([len(errors)]), never_negative=True
    )
    return OfSystem(system, len(errors), 0, rmse.value, interval)
