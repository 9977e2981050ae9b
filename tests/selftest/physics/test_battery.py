"""Every mutant by every law: `matrix.toml` says which laws find which defect."""

import functools
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from tests.selftest.builders.predicted import predictions_of
from tests.selftest.checkout import ROOT
from tests.selftest.physics import mutants
from umlip_gate.datasets.configurations import Configurations, FloatArray, Row
from umlip_gate.errors import Unavailable
from umlip_gate.physics.crystals import Crystal, crystals, draw, smallest
from umlip_gate.physics.limits import load_physics
from umlip_gate.physics.studies import STUDIES, symmetry_trials
from umlip_gate.physics.study import Case, Study
from umlip_gate.predictions.variants import VARIANTS

pytestmark = pytest.mark.selftest

PHYSICS = load_physics(ROOT / "thresholds" / "physics")
MATRIX = tomllib.loads(Path(__file__).with_name("matrix.toml").read_text(encoding="utf-8"))


SINGLE_POINTS = [name for name in STUDIES if name not in {"dynamics", *VARIANTS}]
"""The studies of structures that are evaluated once; the others have tests of their own."""


def tungsten() -> Configurations:
    """One cell of tungsten, near the minimum of the mutants' potential."""
    atoms = bulk("W", "bcc", a=3.165, cubic=True)
    return Configurations.from_rows([Row(atoms, 0.0, np.zeros((2, 3)))])


@functools.cache
def study(name: str) -> Study:
    made = STUDIES[name][1](tungsten(), PHYSICS.protocols[name])
    assert isinstance(made, Study)
    return made


@functools.cache
def found_by(mutant: str, name: str) -> frozenset[str]:
    """Return the quantities of a study whose limits of float64 a mutant exceeds."""
    own = study(name)
    once = predictions_of(getattr(mutants, mutant)(), own.configurations)
    deviations = own.measure(once, stresses(getattr(mutants, mutant)(), own))
    if own.again == "batch":
        again = own.configurations.select(np.arange(len(once))[::-1])
        backwards = predictions_of(getattr(mutants, mutant)(), again)
        rows = np.arange(len(once))[::-1]
        deviations |= own.disagreement(once, backwards.select(rows, again.n_atoms))
    return frozenset(
        quantity
        for quantity, found in deviations.items()
        if not found.value <= PHYSICS.limits[quantity].limit(conservative=True, dtype="float64")
    )


def stresses(calculator: mutants.Potential, own: Study) -> FloatArray | None:
    if "stress" not in calculator.implemented_properties or not own.asks_stress:
        return None
    found = []
    for row in own.rows_with_stress.tolist():
        atoms = own.configurations.atoms(row)
        atoms.calc = calculator
        found.append(atoms.get_stress(voigt=False))
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [name for name in MATRIX if "tried_in" not in MATRIX[name]])
def test_each_mutant_is_found_by_the_laws_of_the_matrix(mutant: str) -> None:
    found = frozenset().union(*(found_by(mutant, name) for name in SINGLE_POINTS))
    assert sorted(found) == sorted(MATRIX[mutant]["found_by"])


def test_every_law_finds_some_mutant() -> None:
    found = {quantity for entry in MATRIX.values() for quantity in entry["found_by"]}
    assert found == set(PHYSICS.limits)


def test_a_mutant_is_found_by_the_law_that_it_was_made_for() -> None:
    made_for = {name: entry["own"] for name, entry in MATRIX.items() if "own" in entry}
    assert made_for == {
        name: law for name, law in made_for.items() if law in MATRIX[name]["found_by"]
    }
    assert {name for name in MATRIX if name not in made_for} == {
        *("sound", "sound_with_stress", "changes_with", "wraps_in_place"),
    }


def test_drawn_crystals_are_repeatable_and_structures() -> None:
    strategy = crystals(["Mo", "W"], 2)
    first, again = draw(strategy, 12, 0), draw(strategy, 12, 0)
    assert first == again
    assert draw(strategy, 12, 1) != first
    assert len(first) > 6
    for crystal in first:
        atoms: Atoms = crystal.atoms()
        assert crystal.atoms() == atoms
        assert set(atoms.symbols) <= {"Mo", "W"}
        assert atoms.get_volume() > 0


def test_crystals_are_not_drawn_without_hypothesis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(Unavailable, match=r"pip install umlip-gate\[physics\]$"):
        crystals(["W"], 3)


def test_a_counterexample_is_shrunk_to_fewer_atoms() -> None:
    strategy = crystals(["Mo", "W"], 3)
    calculator = mutants.energy_depends_on_orientation()
    limit = PHYSICS.limits["rotation_energy"].limit(conservative=True, dtype="float64")

    def fails(crystal: Crystal) -> bool:
        own = Study((Case(crystal, symmetry_trials(crystal)["rotation"]),))
        measured = own.measure(predictions_of(calculator, own.configurations))
        return measured["rotation_energy"].value > limit

    large = max(filter(fails, draw(strategy, 20, 0)), key=lambda each: len(each.atoms()))
    small = smallest(strategy, fails, large, 40)
    assert fails(small)
    assert len(small.atoms()) < len(large.atoms())
