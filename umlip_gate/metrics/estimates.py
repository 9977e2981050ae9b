"""What each quantity makes of the errors, and how each configuration influences it.

With the errors e_i and f_a of errors.py and weights w_i = 1 (per configuration) or n_i (per atom)

    energy_offset   o = Σ w_i e_i / Σ w_i
    energy_rmse     sqrt(Σ w_i e_i² / Σ w_i);   offset removed: e_i - o for e_i
                    composition removed: e_i - x_i · c for e_i, with the fractions x_i of the
                    elements and the c of the least-squares fit (see composition.py);
                    not defined where what is removed has as many parameters as there are rows
    energy_mae      Σ w_i |e_i| / Σ w_i;        offset removed: e_i - o for e_i
    energy_slope    Σ w_i p_i r_i / Σ w_i r_i² of predicted and reference energies per atom p_i and
                    r_i, composition removed from both; not defined where the r_i do not differ
    force_rmse      sqrt(Σ_a |f_a|² / 3N) over components, sqrt(Σ_a |f_a|² / N) over vectors
    force_mae       Σ_a (|f_ax| + |f_ay| + |f_az|) / 3N,  Σ_a |f_a| / N
    force_slope     Σ_a F_a · F_a,ref / Σ_a |F_a,ref|²; not defined where the F_a,ref are 0
    stress_rmse     sqrt(Σ_i |s_i|² / 6 n) over the n configurations with a stress
    stress_slope    1 + Σ_i s_i · t_i,ref / Σ_i |t_i,ref|²; not defined where the t_i,ref are 0
    worst share     the k = ⌈n/100⌉ largest of the n contributions to Σ w_i e_i² (to
                    Σ_a |f_a|², summed within each configuration), over the sum of all n;
                    not defined where that sum is 0

The paper speaks of energy and force RMSE from its abstract to §5 and gives no formula. On W-g
its published predictions agree with its text only over force components, and with no single
convention of the energy: so all are measured, and a claim names the one it is judged by.
Removing an offset always removes the mean under the weights of the number that follows.

The influence of configuration i on a number θ is dθ/dm_i, where m_i = 1 is how often it occurs;
the influences of all add up to 0. They are the empirical influence values of Davison & Hinkley,
Bootstrap Methods and their Application (1997), §2.7, divided by n.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from umlip_gate.metrics.composition import n_references, without_references
from umlip_gate.metrics.errors import Errors, FloatArray

_LEAST_SPREAD_MEV = 1e-3
"""Reference energies per atom that differ by less than this do not differ: rounding."""

_LEAST_FORCE_MEV_PER_ANG = 1e-6
"""Reference forces that are smaller than this are none: what symmetry forbids, rounded."""

_LEAST_STRESS_GPA = 1e-6
"""Reference stresses that are smaller than this are none: rounding."""


class Estimate(NamedTuple):
    """A number, and what the configurations do to it.

    Attributes
    ----------
    value
        In the quantity's unit; NaN where it is not defined.
    influence
        Of each configuration, in the same unit, shape (n,).
    """

    value: float
    influence: FloatArray

    def root(self) -> "Estimate":
        """Return the square root; that of 0 has no influences."""
        value = math.sqrt(self.value)
        return Estimate(value, self.influence / (2 * value) if value else 0 * self.influence)

    def minus(self, other: "Estimate") -> "Estimate":
        """Subtract another one of the same configurations."""
        return Estimate(self.value - other.value, self.influence - other.influence)

    def over(self, other: "Estimate") -> "Estimate":
        """Divide by another one of the same configurations."""
        value = self.value / other.value
        return Estimate(value, (self.influence - value * other.influence) / other.value)

    def plus(self, number: float) -> "Estimate":
        """Add a constant."""
        return Estimate(self.value + number, self.influence)


def mean_of(estimates: "Sequence[Estimate]") -> Estimate:
    """Return the mean of some of the same configurations."""
    values, influences = zip(*estimates, strict=True)
    return Estimate(float(np.mean(values)), np.mean(influences, axis=0))


_OF_FORCES = (
    ("force_slope", "component"),
    ("force_rmse", "component"),
    ("force_rmse", "vector"),
    ("force_mae", "component"),
    ("force_mae", "vector"),
    ("force_worst_share", "component"),
)

Estimates = dict[tuple[str, str], Estimate]
"""(quantity, convention) -> its estimate."""


def estimates_of(errors: Errors, times: FloatArray | None = None) -> Estimates:
    """Estimate every quantity under every convention.

    Parameters
    ----------
    errors
        n configurations, n > 0, all finite.
    times
        How often each occurs, or of how many it is a sample, shape (n,); once if nothing is
        said.
    """
    m = np.ones(len(errors)) if times is None else times
    weights = {"per_configuration": np.ones(len(errors)), "per_atom": errors.n_atoms}
    estimates: Estimates = {}
    for name, weight in weights.items():
        estimates |= _energies(name, m, weight, errors.energy)
        estimates |= _referenced(name, m, weight, errors)
        estimates["energy_worst_share", name] = _worst_share(m, weight * errors.energy**2)
    return estimates | _forces(m, errors) | _stresses(m, errors)


def _stresses(m: FloatArray, errors: Errors) -> Estimates:
    """Estimate what there is of stresses; nothing where reference or model has none."""
    if not m @ errors.n_stresses:
        return {}
    reference = errors.reference_stress_squared
    slope = _undefined(m)
    if m @ reference > _LEAST_STRESS_GPA**2 * (m @ errors.n_stresses):
        slope = ratio(m, errors.stress_along, reference).plus(1)
    return {
        ("stress_rmse", "component"): ratio(m, errors.stress_squared, 6 * errors.n_stresses).root(),
        ("stress_slope", "component"): slope,
    }


def _forces(m: FloatArray, errors: Errors) -> Estimates:
    """Estimate what there is of the forces: nothing where no reference has any."""
    n_atoms, squared = errors.n_forces, errors.force_squared
    reference = errors.reference_force_squared
    if not m @ n_atoms:
        return dict.fromkeys(_OF_FORCES, _undefined(m))
    slope = _undefined(m)
    if m @ reference > _LEAST_FORCE_MEV_PER_ANG**2 * (m @ n_atoms):
        slope = ratio(m, errors.force_along, reference).plus(1)
    return {
        ("force_slope", "component"): slope,
        ("force_rmse", "component"): ratio(m, squared, 3 * n_atoms).root(),
        ("force_rmse", "vector"): ratio(m, squared, n_atoms).root(),
        ("force_mae", "component"): ratio(m, errors.force_absolute, 3 * n_atoms),
        ("force_mae", "vector"): ratio(m, errors.force_norm, n_atoms),
        ("force_worst_share", "component"): _worst_share(m, squared),
    }


def ratio(m: FloatArray, top: FloatArray, bottom: FloatArray) -> Estimate:
    """Estimate Σ m top / Σ m bottom.

    Parameters
    ----------
    m
        How often each configuration occurs, shape (n,).
    top, bottom
        What each adds to the numerator and to the denominator, shape (n,).
    """
    total = m @ bottom
    value = float(m @ top / total)
    return Estimate(value, m * (top - value * bottom) / total)


def _undefined(m: FloatArray) -> Estimate:
    return Estimate(math.nan, np.full_like(m, math.nan))


def _energies(name: str, m: FloatArray, weight: FloatArray, energy: FloatArray) -> Estimates:
    offset = ratio(m, weight * energy, weight)
    rest = energy - offset.value
    # the offset that is removed moves too: a mean square is least where it is, a mean of
    # absolute values is not
    plain = ratio(m, weight * np.abs(rest), weight)
    slope = ratio(m, weight * np.sign(rest), weight).value
    removed = {
        "energy_rmse": ratio(m, weight * rest**2, weight).root(),
        "energy_mae": Estimate(plain.value, plain.influence - slope * offset.influence),
    }
    return {
        ("energy_offset", name): offset,
        ("energy_rmse", name): ratio(m, weight * energy**2, weight).root(),
        ("energy_mae", name): ratio(m, weight * np.abs(energy), weight),
    } | {
        (quantity, f"{name}_offset_removed"): estimate if len(energy) > 1 else _undefined(m)
        for quantity, estimate in removed.items()
    }


def _referenced(name: str, m: FloatArray, weight: FloatArray, errors: Errors) -> Estimates:
    convention = f"{name}_composition_removed"
    rmse = slope = _undefined(m)
    if n_references(errors.fractions) < len(errors):
        columns = np.column_stack([errors.energy, errors.reference_energy])
        energy, reference = without_references(errors.fractions, m * weight, columns).T
        rmse = ratio(m, weight * energy**2, weight).root()
        if m @ (weight * reference**2) > _LEAST_SPREAD_MEV**2 * (m @ weight):
            slope = ratio(m, weight * energy * reference, weight * reference**2).plus(1)
    return {("energy_rmse", convention): rmse, ("energy_slope", convention): slope}


def _worst_share(m: FloatArray, squared: FloatArray) -> Estimate:
    """Share of the worst 1 % of the configurations in the sum."""
    n = float(m.sum())
    k = -(-round(n) // 100)
    descending = np.argsort(-squared)
    reached = np.cumsum(m[descending])
    last = squared[descending[np.searchsorted(reached, k - 1e-9 * n)]]
    if not m @ squared:
        return _undefined(m)
    return ratio(m, np.maximum(squared - last, 0) + last * k / n, squared)
