"""NVE: a sound potential conserves its energy, and what drifts or flies apart is found."""

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


def runs(**changes: int) -> Runs:
    protocol = PHYSICS.protocols["dynamics"]
    assert isinstance(protocol, DynamicsProtocol)
    tungsten = Configurations.from_rows([Row(Atoms("W"), 0.0, np.zeros((1, 3)))])
    return dynamics_study(tungsten, protocol.model_copy(update={"repeats": 2, **changes}))


def found_by(calculator: mutants.Potential, temperature_k: int = 300) -> set[str]:
    study = runs(n_steps=200)
    potential = CalculatorPotential(calculator)
    answer = run_nve(potential, study.atoms.copy(), study.numbers(temperature_k))
    measured = study.measure({temperature_k: answer})
    return {
        quantity
        for quantity, deviation in measured.items()
        if deviation.value > PHYSICS.limits[quantity].limit(conservative=True, dtype="float64")
    }


@pytest.mark.parametrize(
    ("calculator", "found"),
    [
        ("sound", set()),
        ("energy_drifts", {"nve_300"}),
        ("forces_push_around", {"nve_300"}),
        ("pushes_apart", {"sites_300"}),
    ],
)
def test_each_mutant_is_found_by_its_own_law(calculator: str, found: set[str]) -> None:
    assert found_by(getattr(mutants, calculator)()) == found


def test_the_drift_of_a_known_energy() -> None:
    times_ps = np.arange(1, 401) / 1000
    noise = np.random.default_rng(1).normal(scale=1e-5, size=400)
    drift, reach = drift_of(-12.0 + 2e-4 * times_ps + noise, 1.0, 0.95)
    assert drift == pytest.approx(0.2, abs=2 * reach)
    assert 0 < reach < 0.05


def test_the_crystal_has_a_vacancy_and_is_the_same_in_every_run() -> None:
    assert len(runs(repeats=5).atoms) == 124
    assert runs().atoms == runs().atoms
