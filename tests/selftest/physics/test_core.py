"""The core finds each defect by its own check, and finds nothing in a sound potential."""

import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from tests.selftest.builders.predicted import predictions_of
from tests.selftest.checkout import ROOT
from tests.selftest.physics import mutants
from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.physics.core import CoreProtocol, core_study
from umlip_gate.physics.gradient import gradient
from umlip_gate.physics.limits import load_physics
from umlip_gate.physics.study import Study
from umlip_gate.physics.trial import Answer
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

PHYSICS = load_physics(ROOT / "thresholds" / "physics")
PROTOCOL = PHYSICS.protocols["core"]
LIMITS = [PHYSICS.limits[name] for name, study in PHYSICS.study_of.items() if study == "core"]
CAUGHT_BY = {
    "sound": set(),
    "forces_too_large": {"gradient"},
    "energy_depends_on_x": {
        *("translation_energy", "supercell_energy"),
        *("rotation_energy", "rotation_force", "force_sum"),
    },
    "energy_depends_on_orientation": {"rotation_energy", "rotation_force"},
    "energy_depends_on_order": {
        *("permutation_energy", "permutation_force"),
        *("supercell_energy", "supercell_force"),
    },
    "nearest_images_only": {"supercell_energy", "supercell_force"},
    "energy_per_atom": {"supercell_energy", "supercell_force"},
    "forces_against_the_axes": {"rotation_force", "force_sum"},
    "stale_forces": {
        *("gradient", "rotation_force", "translation_force"),
        *("permutation_force", "supercell_force"),
    },
}
"""Mutant -> the limits of float64 that it does not keep."""


def crystals() -> Configurations:
    """Small cells with two to eight atoms, one of them alone in its cell."""
    cells = [
        bulk("W", "bcc", a=3.16),
        bulk("W", "bcc", a=3.1, cubic=True),
        bulk("W", "hcp", a=2.8, c=4.6),
        bulk("W", "fcc", a=4.0, cubic=True),
    ]
    return Configurations.from_rows([Row(a, 0.0, np.zeros((len(a), 3))) for a in cells])


def study(seed: int = 0) -> Study:
    protocol = PROTOCOL.model_copy(update={"cells": 4, "seed": seed})
    return core_study(crystals(), protocol)


def beyond(of: Study, predictions: Predictions) -> set[str]:
    measured = of.measure(predictions)
    return {
        limit.quantity
        for limit in LIMITS
        if not measured[limit.quantity].value <= limit.limit(conservative=True, dtype="float64")
    }


@pytest.mark.parametrize("mutant", CAUGHT_BY)
def test_a_defect_is_found_by_its_own_check(mutant: str) -> None:
    core = study()
    calculator = getattr(mutants, mutant)()
    assert beyond(core, predictions_of(calculator, core.configurations)) == CAUGHT_BY[mutant]


def test_every_limit_finds_some_defect() -> None:
    assert set().union(*CAUGHT_BY.values()) == {limit.quantity for limit in LIMITS}


def test_a_structure_that_trials_share_is_asked_for_once() -> None:
    core = study()
    per_cell = {case.origin: 0 for case in core.cases}
    assert len(core.structures) == len(per_cell) * (1 + 4 + 4)
    assert len({id(atoms) for atoms in core.structures}) == len(core.structures)


def test_structures_are_the_same_in_every_run_and_others_with_another_seed() -> None:
    assert study(0).configurations.digest == study(0).configurations.digest
    assert study(0).configurations.digest != study(1).configurations.digest


def test_no_structure_is_without_forces_by_symmetry() -> None:
    core = study()
    predictions = predictions_of(mutants.sound(), core.configurations)
    own = itertools.pairwise(core.configurations.offsets)
    largest = [np.abs(predictions.forces[start:end]).max() for start, end in own]
    assert min(largest) > 0.1


def test_a_row_that_failed_is_no_small_deviation() -> None:
    core = study()
    right = predictions_of(mutants.sound(), core.configurations)
    energies, forces = right.energies.copy(), right.forces.copy()
    energies[0], forces[: core.configurations.n_atoms[0]] = np.nan, np.nan  # in every trial
    broken = Predictions(energies, forces, {0: "no convergence"})
    assert all(np.isnan(deviation.value) for deviation in core.measure(broken).values())
    assert set(core.failures(broken).values()) == {"no convergence"}


def test_the_worst_cell_is_named() -> None:
    core = study()
    right = predictions_of(mutants.sound(), core.configurations)
    forces = right.forces.copy()
    last = core.cases[-1]
    start = core.configurations.offsets[-2]
    forces[start] += 1.0
    worst = core.measure(Predictions(right.energies, forces, {}))["supercell_force"]
    assert (worst.origin, worst.structures) == (last.origin, last.trial.structures)
    assert worst.value == pytest.approx(1000, rel=1e-6)
    assert worst.n_trials == 4


def test_the_gradient_of_a_known_energy() -> None:
    """E = x^2 of one atom, whose derivative at 1 is 2."""
    atoms = Atoms("W", positions=[[1.0, 0, 0]])
    trial = gradient(atoms, np.array([[1.0, 0, 0]]), 0.01)
    answers = [
        Answer(x**2, np.array([[-1.8 * x, 0, 0]]))
        for x in (each.positions[0, 0] for each in trial.structures)
    ]
    assert trial.compare(answers)["gradient"] == pytest.approx(0.2 / 1.8)


def test_no_forces_where_the_energy_changes_is_an_infinite_deviation() -> None:
    atoms = Atoms("W", positions=[[1.0, 0, 0]])
    trial = gradient(atoms, np.array([[1.0, 0, 0]]), 0.01)
    answers = [Answer(each.positions[0, 0], np.zeros((1, 3))) for each in trial.structures]
    assert trial.compare(answers)["gradient"] == np.inf
    still = [Answer(0.0, np.zeros((1, 3))) for _ in trial.structures]
    assert trial.compare(still)["gradient"] == 0


def test_single_atoms_are_repeated() -> None:
    one = Configurations.from_rows([Row(bulk("W", "bcc", a=3.2), 0.0, np.zeros((1, 3)))])
    protocol = CoreProtocol(cells=10, seed=0, rattle_ang=0.1, step_ang=0.01)
    assert min(map(len, core_study(one, protocol).structures)) == 8
