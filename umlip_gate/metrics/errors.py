"""What the errors of a model are, configuration by configuration.

With n_i atoms in configuration i, the errors are, predicted minus reference,

    e_i = 1000 (E_i - E_i,ref) / n_i     meV/atom
    f_a = 1000 (F_a - F_a,ref)           meV/Å, the vector on atom a
    s_i = 160.2… (t_i - t_i,ref)         GPa, of the stresses xx, yy, zz, yz, xz, xy

What each quantity makes of them is in estimates.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.composition import fractions_of
from umlip_gate.predictions.predictions import Predictions

FloatArray = NDArray[np.float64]
_MEV = 1000.0
GPA_PER_EV_PER_ANG3 = 160.2176634
"""Exact, since the charge of an electron is (SI 2019)."""
VOIGT = ([0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1])
"""The six independent components of a symmetric tensor."""
OF_STRESSES = ("n_stresses", "stress_squared", "reference_stress_squared", "stress_along")
"""What `Errors` has of them."""
ATOMS_AT_ONCE = 2**14
LARGEST = 1e70
"""meV/atom and meV/Å: a larger error has no square whose square can be summed, as a bootstrap
does, and its configuration has failed."""


@dataclass(frozen=True, eq=False)
class Errors:
    """Per configuration what every quantity is made of; arrays of shape (n,) but for fractions.

    Attributes
    ----------
    n_atoms
        Number of atoms, as a float.
    energy
        e_i, signed, meV/atom.
    force_squared
        Σ |f_a|² over the atoms, (meV/Å)².
    force_absolute
        Σ |f_ax| + |f_ay| + |f_az| over the atoms, meV/Å.
    force_norm
        Σ |f_a| over the atoms, meV/Å.
    force_along
        Σ f_a · F_a,ref over the atoms, (meV/Å)².
    reference_energy
        E_i,ref / n_i, meV/atom.
    reference_force_squared
        Σ |F_a,ref|² over the atoms, (meV/Å)².
    fractions
        Shape (n, m): the share of each of the m elements that occur.
    groups
        The independent group of each, an integer label.
    n_forces
        Number of atoms whose reference has a force, as a float: all, or none.
    n_stresses
        1 where reference and model have a stress, else 0, as a float.
    stress_squared, reference_stress_squared, stress_along
        Σ s_i², Σ t_i,ref², Σ s_i t_i,ref over the components, GPa²; 0 where there is none.
    """

    n_atoms: FloatArray
    energy: FloatArray
    force_squared: FloatArray
    force_absolute: FloatArray
    force_norm: FloatArray
    force_along: FloatArray
    reference_energy: FloatArray
    reference_force_squared: FloatArray
    fractions: FloatArray
    groups: IntArray
    n_forces: FloatArray
    n_stresses: FloatArray
    stress_squared: FloatArray
    reference_stress_squared: FloatArray
    stress_along: FloatArray

    def __len__(self) -> int:
        return len(self.energy)

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Configurations whose errors are all numbers below `LARGEST`, shape (n,)."""
        reference_force = np.sqrt(self.reference_force_squared)
        stress = np.sqrt(self.stress_squared)
        of_each = self.energy, self.reference_energy, self.force_absolute, reference_force, stress
        return np.asarray((np.abs(np.column_stack(of_each)) < LARGEST).all(axis=1))

    def select(self, rows: NDArray[np.bool_]) -> "Errors":
        """Keep the configurations of a mask of shape (n,)."""
        return Errors(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def joined(cls, parts: "Sequence[Errors]") -> "Errors":
        """Join the errors on several datasets, one after the other.

        An element keeps a reference of its own in each dataset: their codes, settings and
        potentials differ. No group reaches from one dataset into another.
        """
        names = [field.name for field in fields(cls)]
        columns = {name: [getattr(part, name) for part in parts] for name in names}
        fractions = np.zeros(np.sum([part.fractions.shape for part in parts], axis=0))
        row = column = 0
        for part in columns.pop("fractions"):
            fractions[row : row + part.shape[0], column : column + part.shape[1]] = part
            row, column = row + part.shape[0], column + part.shape[1]
        first = np.cumsum([0, *(part.groups.max(initial=-1) + 1 for part in parts)])
        columns["groups"] = [part.groups + start for part, start in zip(parts, first, strict=False)]
        joined = {name: np.concatenate(arrays) for name, arrays in columns.items()}
        return cls(**joined, fractions=fractions)


def errors_of(configurations: Configurations, predictions: Predictions) -> Errors:
    """Compare predictions with the reference, configuration by configuration.

    Parameters
    ----------
    configurations
        n configurations with N atoms in all.
    predictions
        Energies (n,) and forces (N, 3) in the same order. What is not finite stays so.

    Raises
    ------
    MeasurementError
        There are no configurations, one of them has no atoms, or the predictions are not of
        these configurations.
    """
    if not len(configurations):
        raise MeasurementError("there are no configurations to measure errors on")
    if configurations.n_atoms.min() < 1:
        row = int(configurations.n_atoms.argmin())
        raise MeasurementError(f"configuration {row} has no atoms, so no energy per atom")
    if (
        predictions.energies.shape != configurations.energies.shape
        or predictions.forces.shape != configurations.forces.shape
    ):
        raise MeasurementError(
            f"predictions of {len(predictions)} configurations with {len(predictions.forces)} "
            f"atoms do not fit a dataset of {len(configurations)} configurations with "
            f"{len(configurations.forces)} atoms; compute them again for this dataset"
        )
    n_atoms = configurations.n_atoms.astype(np.float64)
    # an absurd prediction overflows to inf, which is not finite and thus a failure
    with np.errstate(over="ignore", invalid="ignore"):
        energy = _MEV * (predictions.energies - configurations.energies) / n_atoms
        sums = np.concatenate(
            [_force_sums(configurations, predictions, rows) for rows in _blocks(configurations)],
            axis=1,
        )
    squared, absolute, norm, along, reference_squared = sums
    return Errors(
        n_atoms=n_atoms,
        energy=energy,
        force_squared=squared,
        force_absolute=absolute,
        force_norm=norm,
        force_along=along,
        reference_energy=_MEV * configurations.energies / n_atoms,
        reference_force_squared=reference_squared,
        fractions=fractions_of(configurations),
        groups=configurations.groups,
        n_forces=n_atoms if configurations.has_forces else np.zeros(len(n_atoms)),
        **_stress_sums(configurations, predictions),
    )


def _stress_sums(configurations: Configurations, predictions: Predictions) -> dict[str, FloatArray]:
    """Return what `Errors` has of stresses: zeros where the reference has none.

    Zeros of all where the model has none of a configuration that it did predict.
    """
    if configurations.stresses is None or predictions.stresses is None:
        return no_stresses(len(configurations))
    reference, predicted = (
        GPA_PER_EV_PER_ANG3 * stresses[:, *VOIGT]
        for stresses in (configurations.stresses, predictions.stresses)
    )
    known = np.asarray(np.isfinite(reference).all(axis=1))
    there = np.asarray(np.isfinite(predicted).all(axis=1))
    if (known & ~there & ~predictions.failed).any():
        return no_stresses(len(configurations))
    there &= known
    with np.errstate(over="ignore", invalid="ignore"):
        difference = np.where(there[:, np.newaxis], predicted - reference, 0.0)
        compared = np.where(there[:, np.newaxis], reference, 0.0)
        sums = [
            there.astype(np.float64),
            np.einsum("nc,nc->n", difference, difference),
            np.einsum("nc,nc->n", compared, compared),
            np.einsum("nc,nc->n", difference, compared),
        ]
    return dict(zip(OF_STRESSES, sums, strict=True))


def no_stresses(n: int) -> dict[str, FloatArray]:
    """Return what `Errors` has of n configurations without stresses."""
    return {name: np.zeros(n) for name in OF_STRESSES}


def _blocks(configurations: Configurations) -> Iterator[slice]:
    """Iterate over rows with some `ATOMS_AT_ONCE` atoms, so that no array is of all atoms."""
    offsets, start = configurations.offsets, 0
    while start < len(configurations):
        end = int(np.searchsorted(offsets, offsets[start] + ATOMS_AT_ONCE, side="right")) - 1
        yield slice(start, end := max(start + 1, end))
        start = end


def _force_sums(
    configurations: Configurations, predictions: Predictions, rows: slice
) -> FloatArray:
    """Return what `Errors` has of the forces of some rows, in its order, shape (5, n)."""
    starts = configurations.offsets[rows]
    atoms = slice(starts[0], configurations.offsets[rows.stop])
    predicted = predictions.forces[atoms]
    # of a reference without forces the predicted ones have no error; what is not finite stays so
    forces = configurations.forces[atoms] if configurations.has_forces else predicted
    force = _MEV * (predicted - forces)
    squared = np.einsum("ac,ac->a", force, force)
    along = _MEV * np.einsum("ac,ac->a", force, forces)
    reference_squared = _MEV**2 * np.einsum("ac,ac->a", forces, forces)
    absolute = np.abs(force, out=force).sum(axis=1)
    each = squared, absolute, np.sqrt(squared), along, reference_squared
    return np.array([np.add.reduceat(of_atoms, starts - starts[0]) for of_atoms in each])


def failures_of(
    configurations: Configurations, predictions: Predictions, errors: Errors
) -> dict[int, str]:
    """Return why each configuration failed, by row, ascending.

    Parameters
    ----------
    configurations
        The reference.
    predictions
        Those that they are compared with; the failures that it lists keep their text.
    errors
        Of these predictions.
    """
    failures = dict(predictions.failures)
    for row in np.flatnonzero(~errors.finite).tolist():
        atoms = slice(configurations.offsets[row], configurations.offsets[row + 1])
        force, reference = (
            np.abs(forces[atoms]).max() for forces in (predictions.forces, configurations.forces)
        )
        failures.setdefault(
            row,
            f"energy {predictions.energies[row]:.6g} eV (reference "
            f"{configurations.energies[row]:.6g} eV), largest force component {force:.6g} eV/Å "
            f"(reference {reference:.6g} eV/Å): no error can be computed from these numbers",
        )
    return dict(sorted(failures.items()))


def columns_of(errors: Errors, rows: NDArray[np.int64]) -> dict[str, list[float | int | None]]:
    """Return the errors of each configuration as plain data, to six digits.

    None where it failed, and for the forces of a dataset without forces.

    Parameters
    ----------
    errors
        Of n configurations.
    rows
        Their numbers in the dataset, shape (n,).

    Returns
    -------
    dict
        `row`, `n_atoms`, `reference_energy_ev_per_atom`, `energy_error_mev_per_atom`,
        `reference_force_ev_per_ang` and `force_rmse_mev_per_ang`: the last two are the root
        mean squares over the components of a configuration.
    """
    n_components = 3 * np.where(errors.n_forces > 0, errors.n_forces, np.nan)
    numbers = {
        "reference_energy_ev_per_atom": errors.reference_energy / _MEV,
        "energy_error_mev_per_atom": errors.energy,
        "reference_force_ev_per_ang": np.sqrt(errors.reference_force_squared / n_components) / _MEV,
        "force_rmse_mev_per_ang": np.sqrt(errors.force_squared / n_components),
    }
    finite = errors.finite.tolist()
    rounded = {
        name: [
            float(f"{value:.6g}") if good and not np.isnan(value) else None
            for value, good in zip(values.tolist(), finite, strict=True)
        ]
        for name, values in numbers.items()
    }
    return {"row": rows.tolist(), "n_atoms": errors.n_atoms.astype(int).tolist(), **rounded}
