"""The quantities once more, in plain Python and as slowly as they read, to test against."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.predictions.predictions import Predictions

Table = dict[tuple[str, str], float | None]

RELATIVE = 1e-10
"""Tolerance for float64: sums of at most a few thousand terms, in another order."""
ABSOLUTE = 1e-9
"""meV: what is left of 1e4 meV errors that cancel."""
REFERENCED = 1e-3
"""The same where references are fitted: sums of squares cancel, and their root is taken."""


def dataset(
    n_atoms: list[int],
    energies: list[float],
    forces: list[list[float]],
    numbers: list[int] | None = None,
) -> Configurations:
    """Atoms on a line, of tungsten if nothing is said: the reference alone matters here."""
    n, total = len(n_atoms), sum(n_atoms)
    return Configurations(
        n_atoms=np.array(n_atoms, dtype=np.int64),
        numbers=np.array(numbers or [74] * total, dtype=np.int64),
        positions=np.arange(3.0 * total).reshape(total, 3),
        cells=np.tile(np.eye(3), (n, 1, 1)),
        pbc=np.zeros((n, 3), dtype=bool),
        energies=np.array(energies, dtype=np.float64),
        forces=np.array(forces, dtype=np.float64).reshape(total, 3),
        groups=np.arange(n),
    )


def random_case(n: int, seed: int) -> tuple[Configurations, Predictions]:
    """Errors of some 10 meV/atom with outliers, on 1 to 5 atoms each of three elements."""
    rng = np.random.default_rng(seed)
    n_atoms = rng.integers(1, 6, size=n)
    total = int(n_atoms.sum())
    energies = -10.0 * n_atoms + rng.normal(size=n)
    forces = rng.normal(size=(total, 3))
    predictions = Predictions(
        energies=energies + n_atoms * (0.003 + 0.01 * rng.standard_t(3, size=n)),
        forces=forces + 0.1 * rng.standard_t(3, size=(total, 3)),
        failures={},
    )
    numbers = rng.choice([41, 42, 74], size=total).tolist()
    return dataset(n_atoms.tolist(), energies.tolist(), forces.tolist(), numbers), predictions


Case = tuple[Configurations, Predictions]


def stressed(case: Case, seed: int) -> Case:
    """Give a case stresses of some GPa, every third row but the first without one."""
    configurations, predictions = case
    rng = np.random.default_rng(seed)
    known, predicted = 0.02 * rng.normal(size=(2, len(configurations), 3, 3))
    known[2::3] = np.nan
    symmetric = [(each + each.transpose(0, 2, 1)) / 2 for each in (known, known + 0.1 * predicted)]
    return (
        replace(configurations, stresses=symmetric[0]),
        replace(predictions, stresses=symmetric[1]),
    )


def slow(configurations: Configurations, predictions: Predictions, rows: list[int]) -> Table:
    """Every quantity over some rows, which may repeat; None where it is not defined."""
    errors = [_errors(configurations, predictions, row) for row in rows]
    per_atom = [1000 * energy / len(force) for energy, force in errors]
    atoms = [[1000 * c for c in vector] for _, force in errors for vector in force]
    table: Table = {}
    weights = {
        "per_configuration": [1] * len(rows),
        "per_atom": [len(force) for _, force in errors],
    }
    for name, weight in weights.items():
        offset = _mean(per_atom, weight)
        table["energy_offset", name] = offset
        for suffix, removed in (("", 0.0), ("_offset_removed", offset)):
            rest = [e - removed for e in per_atom]
            convention = name + suffix
            measured = not suffix or len(rows) > 1
            rms = math.sqrt(_mean([e * e for e in rest], weight))
            table["energy_rmse", convention] = rms if measured else None
            table["energy_mae", convention] = (
                _mean([abs(e) for e in rest], weight) if measured else None
            )
        table |= _referenced(configurations, per_atom, name, weight, rows)
        table["energy_worst_share", name] = _worst(
            [w * e * e for w, e in zip(weight, per_atom, strict=True)]
        )
    components = [c for vector in atoms for c in vector]
    lengths = [math.hypot(*vector) for vector in atoms]
    for name, values in (("component", components), ("vector", lengths)):
        table["force_rmse", name] = math.sqrt(sum(v * v for v in values) / len(values))
        table["force_mae", name] = sum(abs(v) for v in values) / len(values)
    reference = [c for row in rows for vector in _forces(configurations, row) for c in vector]
    along = sum((r + e / 1000) * r for r, e in zip(reference, components, strict=True))
    square = sum(r * r for r in reference)
    table["force_slope", "component"] = along / square if square > 1e-18 else None
    table["force_worst_share", "component"] = _worst(
        [sum((1000 * c) ** 2 for vector in force for c in vector) for _, force in errors]
    )
    return table | _stresses(configurations, predictions, rows)


def _stresses(configurations: Configurations, predictions: Predictions, rows: list[int]) -> Table:
    known, predicted = configurations.stresses, predictions.stresses
    pairs = [
        (160.2176634 * float(predicted[row, i, j]), 160.2176634 * float(known[row, i, j]))
        for row in rows
        if known is not None and predicted is not None and not np.isnan(known[row]).any()
        for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
    ]
    rmse = math.sqrt(sum((p - r) ** 2 for p, r in pairs) / len(pairs)) if pairs else None
    square = sum(r * r for _, r in pairs)
    slope = sum(p * r for p, r in pairs) / square if square > 1e-12 * len(pairs) else None
    return {("stress_rmse", "component"): rmse, ("stress_slope", "component"): slope}


def flat(metrics: Metrics) -> Table:
    """What any model has, but for the count of failures."""
    return {
        (quantity, convention): value
        for quantity, values in metrics.values.items()
        for convention, value in values.items()
        if quantity != "failed_configurations" and QUANTITIES[quantity].of == "model"
    }


def assert_close(got: Table, expected: Table, relative: float = RELATIVE) -> None:
    """Compare entry by entry: the same entries, None where None is expected."""
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        found = got[key]
        if value is None or found is None:
            assert found is value, key
        else:
            referenced = key[1].endswith("composition_removed")
            absolute = REFERENCED if referenced else ABSOLUTE
            near = 1e-6 if key[0] == "energy_slope" else relative
            assert math.isclose(found, value, rel_tol=near, abs_tol=absolute), key


def _errors(
    configurations: Configurations, predictions: Predictions, row: int
) -> tuple[float, list[list[float]]]:
    first = sum(configurations.n_atoms.tolist()[:row])
    own = range(first, first + int(configurations.n_atoms[row]))
    energy = float(predictions.energies[row]) - float(configurations.energies[row])
    return energy, [
        [float(predictions.forces[a, c]) - float(configurations.forces[a, c]) for c in range(3)]
        for a in own
    ]


def _forces(configurations: Configurations, row: int) -> list[list[float]]:
    first = sum(configurations.n_atoms.tolist()[:row])
    own = configurations.forces[first : first + int(configurations.n_atoms[row])]
    return [[float(c) for c in vector] for vector in own]


def _referenced(
    configurations: Configurations,
    errors: list[float],
    name: str,
    weights: list[int],
    rows: list[int],
) -> Table:
    """Error and slope without the elements' references, in exact arithmetic."""
    shares = [_shares(configurations, row) for row in rows]
    exact = [Fraction(error) for error in errors]
    reference = [
        1000 * Fraction(float(configurations.energies[row])) / int(configurations.n_atoms[row])
        for row in rows
    ]
    predicted = [r + e for r, e in zip(reference, exact, strict=True)]
    e, r, p = (_rest(shares, weights, column) for column in (exact, reference, predicted))
    spread = _dot(weights, r, r)
    units = [[Fraction(i == j) for i in range(len(rows))] for j in range(len(rows))]
    measured = any(any(_rest(shares, weights, unit)) for unit in units)
    return {
        ("energy_rmse", f"{name}_composition_removed"): math.sqrt(
            _dot(weights, e, e) / sum(weights)
        )
        if measured
        else None,
        ("energy_slope", f"{name}_composition_removed"): float(_dot(weights, p, r) / spread)
        if spread > Fraction(1, 10**6) * sum(weights)
        else None,
    }


def _shares(configurations: Configurations, row: int) -> dict[int, Fraction]:
    first = sum(configurations.n_atoms.tolist()[:row])
    own = configurations.numbers[first : first + int(configurations.n_atoms[row])].tolist()
    return {element: Fraction(own.count(element), len(own)) for element in set(own)}


def _rest(
    shares: list[dict[int, Fraction]], weights: list[int], column: list[Fraction]
) -> list[Fraction]:
    """Take out one element after the other, each made orthogonal to those before it."""
    elements = sorted({element for share in shares for element in share})
    directions: list[list[Fraction]] = []
    for vector in [*([share.get(z, Fraction(0)) for share in shares] for z in elements), column]:
        left = vector
        for direction in directions:
            along = _dot(weights, left, direction) / _dot(weights, direction, direction)
            left = [v - along * d for v, d in zip(left, direction, strict=True)]
        if vector is column:
            return left
        if any(left):
            directions.append(left)
    raise AssertionError("the column comes last")


def _dot(weights: list[int], first: list[Fraction], second: list[Fraction]) -> Fraction:
    return sum(
        (w * a * b for w, a, b in zip(weights, first, second, strict=True)), start=Fraction(0)
    )


def _mean(values: list[float], weights: list[int]) -> float:
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def _worst(contributions: list[float]) -> float | None:
    total = sum(contributions)
    k = math.ceil(len(contributions) / 100)
    return sum(sorted(contributions, reverse=True)[:k]) / total if total else None
