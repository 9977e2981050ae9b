"""What an ensemble's spread says of its own error.

With members k and the mean ⟨·⟩ over them, equations (1) and (2) of the paper,

    dev(E)   = max_k |E^k - ⟨E⟩|        against   |E_ref - ⟨E⟩|        for each configuration,
    dev(F_i) = max_k ‖F_i^k - ⟨F_i⟩‖    against   ‖F_i,ref - ⟨F_i⟩‖    for each atom.

How well the first orders the second is Spearman's rank correlation: Pearson's of the ranks, tied
values sharing the mean of theirs. Whether its size can be trusted is calibration: the share of
errors that exceed k dev.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.errors import FloatArray
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.metrics.ranking import Correlation, spearman_interval
from umlip_gate.predictions.predictions import Predictions

FEWEST_MEMBERS = 2
N_RESAMPLES = 200
"""Fewer than for sums: every resample ranks all atoms anew."""
MULTIPLES = (1, 2, 3, 5)
"""Of the deviation, at which calibration is reported."""
BINS = 32
"""Of each axis of the error-deviation plot, logarithmic."""

PER_ATOM = {("force_deviation_spearman", "vector")}
"""Where a pair is an atom, not a configuration."""

_MEV = 1000.0


@dataclass(frozen=True, eq=False)
class Deviations:
    """Deviations within an ensemble, and the errors of its mean.

    Attributes
    ----------
    n_atoms
        Shape (n,).
    energy_deviation, energy_error
        dev(E) and |E_ref - ⟨E⟩| of the total energies, shape (n,), meV.
    groups
        The independent group of each configuration, shape (n,), from 0 on.
    force_deviation, force_error
        dev(F_i) and ‖F_i,ref - ⟨F_i⟩‖, shape (N,), meV/Å, one configuration after the other.
    """

    n_atoms: NDArray[np.int64]
    groups: NDArray[np.int64]
    energy_deviation: FloatArray
    energy_error: FloatArray
    force_deviation: FloatArray
    force_error: FloatArray

    @classmethod
    def pooled(cls, parts: Sequence["Deviations"]) -> "Deviations":
        """Join those of several datasets; no group reaches from one into another."""
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
        }
        first = np.cumsum([0, *(part.groups.max() + 1 for part in parts)])[:-1]
        columns["groups"] += np.repeat(first, [len(part.groups) for part in parts])
        return cls(**columns)

    def pairs(self) -> dict[tuple[str, str], tuple[FloatArray, FloatArray]]:
        """Deviation and error by quantity and convention: (quantity, convention) -> a pair.

        Without what a single model states nothing of, or the reference has not.
        """
        every = {
            ("energy_deviation_spearman", "total"): (self.energy_deviation, self.energy_error),
            ("energy_deviation_spearman", "per_atom"): (
                self.energy_deviation / self.n_atoms,
                self.energy_error / self.n_atoms,
            ),
            ("force_deviation_spearman", "vector"): (self.force_deviation, self.force_error),
        }
        return {key: pair for key, pair in every.items() if np.isfinite(pair).all()}


def mean_of(members: Sequence[Predictions]) -> Predictions:
    """Return what the ensemble as a whole predicts; a row that failed in one member has failed.

    Raises
    ------
    MeasurementError
        There are fewer than two members, or they predict different configurations.
    """
    if len(members) < FEWEST_MEMBERS:
        raise MeasurementError(
            f"an ensemble of {len(members)} has no deviation: it needs two or more"
        )
    first = members[0]
    if any(
        member.energies.shape != first.energies.shape or member.forces.shape != first.forces.shape
        for member in members
    ):
        raise MeasurementError("the members of the ensemble predict different configurations")
    failures: dict[int, str] = {}
    for member in members:
        failures = {**member.failures, **failures}
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite has failed
        energies = np.mean([member.energies for member in members], axis=0)
        forces = first.forces.copy()
        for member in members[1:]:
            forces += member.forces
    return Predictions(energies, forces / len(members), failures)


def deviations_of(
    configurations: Configurations, members: Sequence[Predictions], mean: Predictions
) -> Deviations:
    """Hold the spread of the members beside the error of their mean.

    Parameters
    ----------
    configurations
        The reference, n configurations with N atoms in all.
    members
        Predictions of these configurations.
    mean
        Their mean, all finite.
    """
    energy = np.zeros(len(configurations))
    force = np.zeros(len(configurations.forces))
    for member in members:
        np.maximum(energy, np.abs(member.energies - mean.energies), out=energy)
        np.maximum(force, np.linalg.norm(member.forces - mean.forces, axis=1), out=force)
    return Deviations(
        n_atoms=configurations.n_atoms,
        groups=np.unique(configurations.groups, return_inverse=True)[1],
        energy_deviation=_MEV * energy,
        energy_error=_MEV * np.abs(configurations.energies - mean.energies),
        force_deviation=_MEV * force,
        force_error=_MEV * np.linalg.norm(configurations.forces - mean.forces, axis=1),
    )


def stated_deviations(configurations: Configurations, predictions: Predictions) -> Deviations:
    """Hold what a single model states of its uncertainty beside its errors.

    Parameters
    ----------
    configurations
        The reference, n configurations with N atoms in all.
    predictions
        Of these, all finite, with an uncertainty; NaN of what it states nothing of.
    """
    stated = predictions.uncertainty
    if stated is None:
        raise MeasurementError("the model states no uncertainty")
    return Deviations(
        n_atoms=configurations.n_atoms,
        groups=np.unique(configurations.groups, return_inverse=True)[1],
        energy_deviation=_MEV * stated.energies,
        energy_error=_MEV * np.abs(configurations.energies - predictions.energies),
        force_deviation=_MEV * stated.forces,
        force_error=_MEV * np.linalg.norm(configurations.forces - predictions.forces, axis=1),
    )


def correlations(
    deviations: Deviations, *, n_resamples: int = N_RESAMPLES, seed: int = bootstrap.SEED
) -> dict[tuple[str, str], Correlation]:
    """Spearman's correlation of deviation and error, with groups of configurations drawn whole.

    Returns
    -------
    dict
        (quantity, convention) -> value and interval; NaN where deviation or error is constant.
    """
    of_rows = deviations.groups
    of_atoms = np.repeat(of_rows, deviations.n_atoms)
    return {
        key: spearman_interval(
            *pair, of_atoms if key in PER_ATOM else of_rows, n_resamples=n_resamples, seed=seed
        )
        for key, pair in deviations.pairs().items()
    }


def with_uncertainty(
    metrics: Metrics, deviations: Deviations, *, n_resamples: int = N_RESAMPLES
) -> Metrics:
    """Add to the metrics of an ensemble's mean what the spread says of its errors.

    Parameters
    ----------
    metrics
        Of the mean; no configuration failed.
    deviations
        Of the same configurations.
    n_resamples
        Of the correlations' bootstrap.
    """
    values, intervals = dict(metrics.values), dict(metrics.intervals)
    for (quantity, convention), found in correlations(deviations, n_resamples=n_resamples).items():
        value = found.value if math.isfinite(found.value) else None
        values[quantity] = {**values[quantity], convention: value}
        intervals[quantity] = {**intervals[quantity], convention: found.interval}
    uncertainty = {
        "share_of_errors_above_multiples_of_the_deviation": calibration(deviations),
        "error_deviation_plot": error_deviation_plot(deviations),
    }
    return replace(
        metrics, values=values, intervals=intervals, details={"uncertainty": uncertainty}
    )


def calibration(deviations: Deviations) -> dict[str, dict[str, float]]:
    """Share of errors above k times the deviation, of energies and of forces.

    Returns
    -------
    dict
        `energy` and `force` -> k as text -> a fraction between 0 and 1.
    """
    return {
        name: {str(k): float(np.mean(error > k * deviation)) for k in MULTIPLES}
        for name, (deviation, error) in _plotted(deviations).items()
    }


def error_deviation_plot(deviations: Deviations) -> dict[str, dict[str, Any]]:
    """Count pairs of deviation and error in logarithmic bins: the data of Fig. 8.

    Returns
    -------
    dict
        `energy_mev_per_atom` and `force_mev_per_ang` -> `deviation_edges` and `error_edges`,
        `counts` as triples (deviation bin, error bin, count) without empty bins, and `zeros`,
        how many pairs have no logarithm.
    """
    names = {"energy": "energy_mev_per_atom", "force": "force_mev_per_ang"}
    return {names[name]: _histogram(*pair) for name, pair in _plotted(deviations).items()}


def _plotted(deviations: Deviations) -> dict[str, tuple[FloatArray, FloatArray]]:
    pairs = deviations.pairs()
    keys = {
        "energy": ("energy_deviation_spearman", "per_atom"),
        "force": ("force_deviation_spearman", "vector"),
    }
    return {name: pairs[key] for name, key in keys.items() if key in pairs}


def _histogram(deviation: FloatArray, error: FloatArray) -> dict[str, Any]:
    positive = (deviation > 0) & (error > 0)
    zeros = int(np.count_nonzero(~positive))
    if not positive.any():
        return {"deviation_edges": [], "error_edges": [], "counts": [], "zeros": zeros}
    pair = np.log10(deviation[positive]), np.log10(error[positive])
    counts, *edges = np.histogram2d(*pair, bins=BINS)
    rows, columns = np.nonzero(counts)
    return {
        "deviation_edges": (10 ** edges[0]).tolist(),
        "error_edges": (10 ** edges[1]).tolist(),
        "counts": [[int(i), int(j), int(counts[i, j])] for i, j in zip(rows, columns, strict=True)],
        "zeros": zeros,
    }
