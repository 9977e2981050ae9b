"""NVE: a sound potential conserves its energy, and what drifts or flies apart is found."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from tests.selftest.checkout import ROOT
from tests.selftest.physics import mutants
from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.physics.dynamics import DynamicsProtocol, Runs, drift_of, dynamics_study
from umlip_gate.physics.limits import load_physics
from umlip_gate.worker.nve import run_nve
from umlip_gate.worker.potential import CalculatorPotential

pytestmark = pytest.mark.selftest

PHYSICS = load_physics(ROOT / "thresholds" / "physics")
MATRIX = tomllib.loads(Path(__file__).with_name("matrix.toml").read_text(encoding="utf-8"))


def runs(**changes: Any) -> Runs:  # noqa: ANN401 - values of the protocol
    protocol = PHYSICS.protocols["dynamics"]
    assert isinstance(protocol, DynamicsProtocol)
    tungsten = Configurations.from_rows([Row(Atoms("W"), 0.0, np.zeros((1, 3)))])
    return dynamics_study(tungsten, protocol.model_copy(update={"repeats": 2, **changes}))


def found_by(calculator: str, **changes: Any) -> set[str]:  # noqa: ANN401 - as `runs`
    study = runs(**changes)
    answers = {}
    for temperature_k in study.protocol.temperatures_k:
        potential = CalculatorPotential(getattr(mutants, calculator)())
        numbers = study.numbers(temperature_k)
        answers[temperature_k] = run_nve(potential, study.atoms.copy(), numbers)
    measured = study.measure(answers)
    return {
        quantity
        for quantity, deviation in measured.items()
        if deviation.value > PHYSICS.limits[quantity].limit(conservative=True, dtype="float64")
    }


@pytest.mark.parametrize("calculator", ["sound", "forces_push_around", "pushes_apart"])
def test_each_mutant_is_found_by_its_own_law(calculator: str) -> None:
    assert sorted(found_by(calculator)) == sorted(MATRIX[calculator]["found_by"])


@pytest.mark.slow
@pytest.mark.parametrize("calculator", ["sound", "energy_drifts"])
def test_a_small_drift_is_found_in_a_crystal_of_the_protocols_size(calculator: str) -> None:
    """At 300 K: hotter, an atom beside the vacancy leaves its site in this potential's crystal."""
    found = found_by(calculator, repeats=5, temperatures_k=(300,))
    assert sorted(found) == sorted(MATRIX[calculator]["found_by"])


def test_the_drift_of_a_known_energy() -> None:
    times_ps = np.arange(1, 401) / 1000
    noise = np.random.default_rng(1).normal(scale=1e-5, size=400)
    drift, reach = drift_of(-12.0 + 2e-4 * times_ps + noise, 1.0, 0.95)
    assert drift == pytest.approx(0.2, abs=2 * reach)
    assert 0 < reach < 0.05


def test_the_crystal_has_a_vacancy_and_is_the_same_in_every_run() -> None:
    assert len(runs(repeats=5).atoms) == 124
    assert runs().atoms == runs().atoms
