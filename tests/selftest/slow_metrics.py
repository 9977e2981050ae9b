"""The quantities once more, in plain Python and as slowly as they read, to test against."""

import math

import numpy as np

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.predictions.predictions import Predictions

Cells = dict[tuple[str, str], float | None]

RELATIVE = 1e-10
"""Tolerance for float64: sums of at most a few thousand terms, in another order."""
ABSOLUTE = 1e-9
"""meV: what is left of 1e4 meV errors that cancel."""


def dataset(n_atoms: list[int], energies: list[float], forces: list[list[float]]) -> Configurations:
    """Tungsten on a line: the reference alone matters here."""
    n, total = len(n_atoms), sum(n_atoms)
    return Configurations(
        n_atoms=np.array(n_atoms, dtype=np.int64),
        numbers=np.full(total, 74),
        positions=np.arange(3.0 * total).reshape(total, 3),
        cells=np.tile(np.eye(3), (n, 1, 1)),
        pbc=np.zeros((n, 3), dtype=bool),
        energies=np.array(energies, dtype=np.float64),
        forces=np.array(forces, dtype=np.float64).reshape(total, 3),
    )


def random_case(n: int, seed: int) -> tuple[Configurations, Predictions]:
    """Errors of some 10 meV/atom with outliers, on 1 to 5 atoms each."""
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
    return dataset(n_atoms.tolist(), energies.tolist(), forces.tolist()), predictions


def slow(configurations: Configurations, predictions: Predictions, rows: list[int]) -> Cells:
    """Every quantity over some rows, which may repeat; None where it is not defined."""
    errors = [_errors(configurations, predictions, row) for row in rows]
    per_atom = [1000 * energy / len(force) for energy, force in errors]
    atoms = [[1000 * c for c in vector] for _, force in errors for vector in force]
    cells: Cells = {}
    weights = {
        "per_configuration": [1] * len(rows),
        "per_atom": [len(force) for _, force in errors],
    }
    for name, weight in weights.items():
        offset = _mean(per_atom, weight)
        cells["energy_offset", name] = offset
        for suffix, removed in (("", 0.0), ("_offset_removed", offset)):
            rest = [e - removed for e in per_atom]
            convention = name + suffix
            cells["energy_rmse", convention] = math.sqrt(_mean([e * e for e in rest], weight))
            cells["energy_mae", convention] = _mean([abs(e) for e in rest], weight)
        cells["energy_worst_share", name] = _worst(
            [w * e * e for w, e in zip(weight, per_atom, strict=True)]
        )
    components = [c for vector in atoms for c in vector]
    lengths = [math.hypot(*vector) for vector in atoms]
    for name, values in (("component", components), ("vector", lengths)):
        cells["force_rmse", name] = math.sqrt(sum(v * v for v in values) / len(values))
        cells["force_mae", name] = sum(abs(v) for v in values) / len(values)
    cells["force_worst_share", "component"] = _worst(
        [sum((1000 * c) ** 2 for vector in force for c in vector) for _, force in errors]
    )
    return cells


def flat(metrics: Metrics) -> Cells:
    """The values of a measurement, but for the count of failures."""
    return {
        (quantity, convention): value
        for quantity, values in metrics.values.items()
        for convention, value in values.items()
        if quantity != "failed_configurations"
    }


def assert_close(got: Cells, expected: Cells, relative: float = RELATIVE) -> None:
    """Compare cell by cell: the same cells, None where None is expected."""
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        found = got[key]
        if value is None or found is None:
            assert found is value, key
        else:
            assert math.isclose(found, value, rel_tol=relative, abs_tol=ABSOLUTE), key


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


def _mean(values: list[float], weights: list[int]) -> float:
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def _worst(contributions: list[float]) -> float | None:
    total = sum(contributions)
    k = math.ceil(len(contributions) / 100)
    return sum(sorted(contributions, reverse=True)[:k]) / total if total else None
