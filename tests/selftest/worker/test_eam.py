"""EAM beyond what every family must do: EAM-Zhou is the published potential."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.eam import EAM
from ase.eos import EquationOfState

from umlip_gate.errors import Unavailable
from umlip_gate.models.prepare import prepare_model
from umlip_gate.models.registry import Model, load_models
from umlip_gate.models.worker_process import Job, Worker
from umlip_gate.settings import Settings
from umlip_gate.worker.adapters.eam import EamTable

pytestmark = pytest.mark.selftest

MODELS = load_models()


@pytest.fixture
def table() -> EamTable:
    parameters = MODELS["EAM-Zhou"].settings["parameters"]
    assert isinstance(parameters, dict)
    return EamTable(parameters)


def job(model: Model, folder: Path, random_seed: int | None = None) -> Job:
    try:
        return prepare_model(model, "cpu", Settings(folder, folder), random_seed).job
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def zhou(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(job(MODELS["EAM-Zhou"], tmp_path), tmp_path / "worker.log")
    yield worker
    worker.close()


def energies(worker: Worker, structures: list[Atoms]) -> list[float]:
    return [answer[1] for answer in worker.evaluate(structures)]


def test_eam_embedding_is_continuous_where_its_branches_meet(table: EamTable) -> None:
    bounds = 37.234847 * np.array([0.85, 1.0, 1.15])
    below, above = table.embedding_ev(bounds - 1e-9), table.embedding_ev(bounds + 1e-9)
    np.testing.assert_allclose(below, above, rtol=0, atol=2e-4)
    assert table.embedding_ev(np.array([0.0, 37.234847])) == pytest.approx([0, -4.96])


def test_eam_at_the_equilibrium_distance(table: EamTable) -> None:
    at = np.array([2.740840])
    cut = 1 / (1 + (1 - 0.278417) ** 20)
    assert table.density(at) == pytest.approx(3.487340 * cut)
    expected = 0.882435 / (1 + (1 - 0.139209) ** 20) - 1.394592 * cut
    assert table.pair_ev(at) == pytest.approx(expected)
    assert table.cutoff_ang == pytest.approx(6.12870, abs=1e-5)


def test_eam_in_lammps_is_ases_own(table: EamTable, zhou: Worker, tmp_path: Path) -> None:
    table.write(tmp_path / "W.eam.alloy", "W")
    atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    atoms.rattle(0.1, seed=2)
    (answer,) = zhou.evaluate([atoms])
    atoms.calc = EAM(potential=str(tmp_path / "W.eam.alloy"))
    assert answer[1] == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
    forces = np.frombuffer(answer[2]).reshape(-1, 3)
    np.testing.assert_allclose(forces, atoms.get_forces(), rtol=0, atol=1e-3)


def test_eam_zhou_gives_tungsten(zhou: Worker) -> None:
    """Lattice constant, cohesive energy and bulk modulus of the published potential."""
    crystals = [bulk("W", "bcc", a=a) for a in np.linspace(3.05, 3.30, 26)]
    volumes = [atoms.get_volume() for atoms in crystals]
    volume, energy, modulus = EquationOfState(
        volumes, energies(zhou, crystals), "birchmurnaghan"
    ).fit()
    assert (2 * volume) ** (1 / 3) == pytest.approx(3.16497, abs=1e-4)
    assert energy == pytest.approx(-8.7598, abs=1e-4)
    assert modulus / units.GPa == pytest.approx(307, abs=1)


def test_lammps_forgets_the_structure_before(zhou: Worker) -> None:
    """Numbers of atoms, sheared and small cells, clusters: in any order the same."""
    cube = bulk("W", "bcc", a=3.165, cubic=True)
    large = cube.repeat(3)
    large.rattle(0.1, seed=1)
    cluster = Atoms(large.numbers, large.positions)
    sheared = bulk("W", "bcc", a=3.165).repeat(2)
    sheared.set_cell(sheared.cell.array @ [[1, 0, 0], [0.3, 1, 0], [0, 0.6, 1]], scale_atoms=True)
    structures = [cube, large, bulk("W", "bcc", a=3.2), cluster, sheared, cube.repeat((1, 1, 4))]
    there = energies(zhou, structures)
    back = energies(zhou, structures[::-1])[::-1]
    assert there == pytest.approx(back, abs=1e-9)
    assert there[5] == pytest.approx(4 * there[0], abs=1e-9)


def test_eam_zhou_has_nothing_random(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="there are no random weights"):
        prepare_model(MODELS["EAM-Zhou"], "cpu", Settings(tmp_path, tmp_path), random_seed=0)
