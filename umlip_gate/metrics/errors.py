"""What the errors of a model are, and what each quantity makes of them.

With n_i atoms in configuration i, the errors are, predicted minus reference,

    e_i = 1000 (E_i - E_i,ref) / n_i     meV/atom
    f_a = 1000 (F_a - F_a,ref)           meV/Å, the vector on atom a

and the quantities, with weights w_i = 1 (per configuration) or n_i (per atom),

    energy_offset   o = Σ w_i e_i / Σ w_i
    energy_rmse     sqrt(Σ w_i e_i² / Σ w_i);   offset removed: e_i - o for e_i
                    composition removed: e_i - x_i · c for e_i, with the fractions x_i of the
                    elements and the c of the least-squares fit (see composition.py)
    energy_mae      Σ w_i |e_i| / Σ w_i;        offset removed: e_i - o for e_i
    energy_slope    Σ w_i p_i r_i / Σ w_i r_i² of predicted and reference energies per atom p_i and
                    r_i, composition removed from both; not defined where the r_i do not differ
    force_rmse      sqrt(Σ_a |f_a|² / 3N) over components, sqrt(Σ_a |f_a|² / N) over vectors
    force_mae       Σ_a (|f_ax| + |f_ay| + |f_az|) / 3N,  Σ_a |f_a| / N
    force_slope     Σ_a F_a · F_a,ref / Σ_a |F_a,ref|²; not defined where the F_a,ref are 0
    worst share     the k = ⌈n/100⌉ largest of the n contributions to Σ w_i e_i² (to
                    Σ_a |f_a|², summed within each configuration), over the sum of all n;
                    not defined where that sum is 0

The paper speaks of energy and force RMSE from its abstract to §5 and gives no formula. On W-g
its published predictions agree with its text only over force components, and with no single
convention of the energy: so all are measured, and a claim names the one it is judged by.
Removing an offset always removes the mean under the weights of the number that follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.faults import NotMeasured
from umlip_gate.metrics.composition import WithoutReferences, fractions_of
from umlip_gate.predictions.predictions import Predictions

FloatArray = NDArray[np.float64]
Estimates = dict[tuple[str, str], FloatArray]
"""(quantity, convention) -> values, one per resample; NaN where not defined."""

_MEV = 1000.0

_LEAST_SPREAD_MEV = 1e-3
"""Reference energies per atom that differ by less than this do not differ: rounding."""

_LEAST_FORCE_MEV_PER_ANG = 1e-6
"""Reference forces that are smaller than this are none: what symmetry forbids, rounded."""


@dataclass(frozen=True, eq=False)
class Errors:
    """Per configuration what every quantity is made of; arrays of shape (n,) but for the last.

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

    def __len__(self) -> int:
        return len(self.energy)

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Configurations whose errors are all numbers, shape (n,)."""
        finite = [np.isfinite(getattr(self, field.name)) for field in fields(self)]
        return np.asarray(np.column_stack(finite).all(axis=1))

    def select(self, rows: NDArray[np.bool_]) -> "Errors":
        """Keep the configurations of a mask of shape (n,)."""
        return Errors(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def joined(cls, parts: "Sequence[Errors]") -> "Errors":
        """Join the errors on several datasets, one after the other.

        An element keeps a reference of its own in each dataset: their codes, settings and
        potentials differ.
        """
        names = [field.name for field in fields(cls)]
        columns = {name: [getattr(part, name) for part in parts] for name in names}
        fractions = np.zeros(np.sum([part.fractions.shape for part in parts], axis=0))
        row = column = 0
        for part in columns.pop("fractions"):
            fractions[row : row + part.shape[0], column : column + part.shape[1]] = part
            row, column = row + part.shape[0], column + part.shape[1]
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
    NotMeasured
        There are no configurations, one of them has no atoms, or the predictions are not of
        these configurations.
    """
    if not len(configurations):
        raise NotMeasured("there are no configurations to measure errors on")
    if configurations.n_atoms.min() < 1:
        row = int(configurations.n_atoms.argmin())
        raise NotMeasured(f"configuration {row} has no atoms, so no energy per atom")
    if (
        predictions.energies.shape != configurations.energies.shape
        or predictions.forces.shape != configurations.forces.shape
    ):
        raise NotMeasured(
            f"predictions of {len(predictions)} configurations with {len(predictions.forces)} "
            f"atoms do not fit a dataset of {len(configurations)} configurations with "
            f"{len(configurations.forces)} atoms; compute them again for this dataset"
        )
    n_atoms = configurations.n_atoms.astype(np.float64)
    starts = configurations.offsets[:-1]
    # an absurd prediction overflows to inf, which is not finite and thus a failure
    with np.errstate(over="ignore", invalid="ignore"):
        energy = _MEV * (predictions.energies - configurations.energies) / n_atoms
        force = _MEV * (predictions.forces - configurations.forces)
        squared = np.einsum("ac,ac->a", force, force)
        along = _MEV * np.einsum("ac,ac->a", force, configurations.forces)
        reference_squared = _MEV**2 * np.einsum("ac,ac->a", *[configurations.forces] * 2)
        absolute = np.abs(force, out=force).sum(axis=1)
        return Errors(
            n_atoms=n_atoms,
            energy=energy,
            force_squared=np.add.reduceat(squared, starts),
            force_absolute=np.add.reduceat(absolute, starts),
            force_norm=np.add.reduceat(np.sqrt(squared), starts),
            force_along=np.add.reduceat(along, starts),
            reference_energy=_MEV * configurations.energies / n_atoms,
            reference_force_squared=np.add.reduceat(reference_squared, starts),
            fractions=fractions_of(configurations),
        )


class Estimator:
    """Every quantity of a set of errors, for the set itself and for resamples of it.

    Parameters
    ----------
    errors
        n configurations, n > 0, all finite.
    """

    def __init__(self, errors: Errors) -> None:
        self._energy = errors.energy
        self._weights = {
            "per_configuration": np.ones(len(errors)),
            "per_atom": errors.n_atoms,
        }
        weighted = {
            ("energy", name): weight * errors.energy**2 for name, weight in self._weights.items()
        }
        self._squared = {**weighted, ("force", "component"): errors.force_squared}
        self._descending = {key: np.argsort(-column) for key, column in self._squared.items()}
        self._linear = {
            "force_absolute": errors.force_absolute,
            "force_norm": errors.force_norm,
            "force_along": errors.force_along,
            "reference_force_squared": errors.reference_force_squared,
        }
        for name, weight in self._weights.items():
            self._linear[f"{name} weight"] = weight
            self._linear[f"{name} signed"] = weight * errors.energy
            self._linear[f"{name} absolute"] = weight * np.abs(errors.energy)
        self._without_references = {
            name: WithoutReferences(
                errors.fractions, weight, errors.energy, errors.reference_energy
            )
            for name, weight in self._weights.items()
        }
        self._table = np.column_stack([*self._linear.values(), *self._squared.values()])

    def __call__(self, counts: FloatArray) -> Estimates:
        """Every quantity under every convention.

        Parameters
        ----------
        counts
            How often each configuration occurs in each of B resamples, shape (B, n);
            each row adds up to n. A row of ones is the set itself.

        Returns
        -------
        Estimates
            (quantity, convention) -> values of shape (B,).
        """
        sums = (counts @ self._table).T
        linear = dict(zip(self._linear, sums, strict=False))
        squared = dict(zip(self._squared, sums[len(self._linear) :], strict=True))
        estimates: Estimates = {}
        with np.errstate(invalid="ignore"):  # a share of nothing, 0/0, is not defined
            for name in self._weights:
                estimates |= self._energies(name, counts, linear, squared["energy", name])
                estimates |= self._referenced(name, counts, linear[f"{name} weight"])
            for kind, name in self._squared:
                worst = self._worst(counts, (kind, name))
                estimates[f"{kind}_worst_share", name] = worst / squared[kind, name]
        n_atoms = linear["per_atom weight"]
        force_squared = squared["force", "component"]
        reference_squared = linear["reference_force_squared"]
        along = np.full_like(force_squared, np.nan)
        there = reference_squared > _LEAST_FORCE_MEV_PER_ANG**2 * n_atoms
        np.divide(linear["force_along"], reference_squared, out=along, where=there)
        return estimates | {
            ("force_slope", "component"): 1 + along,
            ("force_rmse", "component"): np.sqrt(force_squared / (3 * n_atoms)),
            ("force_rmse", "vector"): np.sqrt(force_squared / n_atoms),
            ("force_mae", "component"): linear["force_absolute"] / (3 * n_atoms),
            ("force_mae", "vector"): linear["force_norm"] / n_atoms,
        }

    def _energies(
        self, name: str, counts: FloatArray, linear: dict[str, FloatArray], squared: FloatArray
    ) -> Estimates:
        total = linear[f"{name} weight"]
        offset = linear[f"{name} signed"] / total
        weight = counts * self._weights[name]
        # not from sums of squares: an offset of eV/atom would cancel the digits of the rest
        rest = np.abs(self._energy - offset[:, np.newaxis])
        mean_absolute = np.einsum("bi,bi->b", weight, rest) / total
        mean_squared = np.einsum("bi,bi->b", weight, np.square(rest, out=rest)) / total
        return {
            ("energy_offset", name): offset,
            ("energy_rmse", name): np.sqrt(squared / total),
            ("energy_mae", name): linear[f"{name} absolute"] / total,
            ("energy_rmse", f"{name}_offset_removed"): np.sqrt(mean_squared),
            ("energy_mae", f"{name}_offset_removed"): mean_absolute,
        }

    def _referenced(self, name: str, counts: FloatArray, total: FloatArray) -> Estimates:
        squared, mixed, reference = self._without_references[name](counts)
        along = np.full_like(mixed, np.nan)
        np.divide(mixed, reference, out=along, where=reference > _LEAST_SPREAD_MEV**2 * total)
        convention = f"{name}_composition_removed"
        return {
            ("energy_rmse", convention): np.sqrt(squared / total),
            ("energy_slope", convention): 1 + along,
        }

    def _worst(self, counts: FloatArray, key: tuple[str, str]) -> FloatArray:
        """Squared error of the worst 1 % of each resample, shape (B,)."""
        n = len(self._energy)
        k = -(-round(float(counts[0].sum())) // 100)
        reach = min(n, 4 * k + 16)  # nearly always enough to draw k configurations from
        while True:
            rows = self._descending[key][:reach]
            times = counts[:, rows]
            reached = np.cumsum(times, axis=1)
            if reached[:, -1].min() >= k:
                break
            reach = min(n, 2 * reach)
        taken = np.clip(k - (reached - times), 0, times)
        return np.asarray(taken @ self._squared[key][rows])
