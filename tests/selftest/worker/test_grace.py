"""GRACE's SavedModels, in the family's own environment: random ones, packed as published ones
are."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from umlip_gate.models.registry import load_models
from umlip_gate.worker.adapters import grace as adapter
from umlip_gate.worker.potential import LoadSpec

pytestmark = pytest.mark.selftest


@pytest.fixture(autouse=True, scope="module")
def _where_it_is_installed() -> None:
    """At run time: collection imports no model package."""
    pytest.importorskip("tensorpotential")


MODELS = load_models()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("GRACE-1L-OAM")
    return adapter._random(folder, 3, MODELS["GRACE-1L-OAM"].settings)


@pytest.fixture(scope="module")
def archive(folder: Path) -> Path:
    archive = folder.with_suffix(".tar.gz")
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, "GRACE-1L-OAM_2Feb25")
    return archive


@pytest.fixture(scope="module")
def potential(archive: Path) -> adapter.GracePotential:
    return adapter.load(LoadSpec(archive), "cpu", "float64")


def crystal() -> Atoms:
    atoms: Atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    atoms.rattle(0.1, seed=1)
    return atoms


def slab() -> Atoms:
    """With little vacuum: its images along z would be neighbours."""
    atoms = crystal()
    atoms.pbc = (True, True, False)
    return atoms


def cluster() -> Atoms:
    atoms = crystal()
    return Atoms(atoms.numbers, atoms.positions)


@pytest.mark.parametrize("structure", [crystal, cluster], ids=lambda made: made.__name__)
def test_an_archive_answers_as_the_packages_calculator(
    folder: Path, potential: adapter.GracePotential, structure: "type[Atoms]"
) -> None:
    atoms = structure()
    _, found = potential.evaluate([bulk("W"), atoms])
    from tensorpotential import calculator  # noqa: PLC0415 - only where it is

    atoms.calc = calculator.TPCalculator(model=str(folder))
    assert found.energy_ev == pytest.approx(atoms.get_potential_energy(), rel=1e-10)
    np.testing.assert_allclose(found.forces_ev_per_ang, atoms.get_forces(), atol=1e-10)


def test_a_slab_does_not_see_its_images(potential: adapter.GracePotential) -> None:
    atoms = slab()
    far = slab()
    far.cell[2, 2] += 30.0
    periodic = crystal()
    found, expected, other = potential.evaluate([atoms, far, periodic])
    np.testing.assert_allclose(found.forces_ev_per_ang, expected.forces_ev_per_ang, atol=1e-12)
    assert np.abs(found.forces_ev_per_ang - other.forces_ev_per_ang).max() > 1e-4


def test_a_lone_atom_has_no_neighbour_in_any_cell(potential: adapter.GracePotential) -> None:
    """The package's stand-in for its neighbour depends on the cell vectors' signs."""
    alone = Atoms("W", positions=[(1, 2, 3)], cell=[7, 7, 7], pbc=True)
    turned = Atoms("W", positions=[(1, 2, 3)], cell=np.diag([-7.0, -7.0, -7.0]), pbc=True)
    lone, other = potential.evaluate([alone, turned])
    assert potential.evaluate([crystal()])[0].energy_ev / 16 != pytest.approx(lone.energy_ev)
    assert other.energy_ev == pytest.approx(lone.energy_ev, rel=1e-12)
    np.testing.assert_array_equal(other.forces_ev_per_ang, 0)


def test_an_archive_without_a_model(tmp_path: Path) -> None:
    archive = tmp_path / "empty.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(__file__, "test_grace.py")
    with pytest.raises(ValueError, match="0 SavedModels in the archive"):
        adapter.load(LoadSpec(archive), "cpu", "float64")


def test_no_gpu(archive: Path) -> None:
    with pytest.raises(ValueError, match="sees no GPU"):
        adapter.load(LoadSpec(archive), "cuda", "float64")


def test_two_layers() -> None:
    model = MODELS["GRACE-2L-OAM"]
    potential = adapter.load(LoadSpec(random_seed=0, settings=model.settings), "cpu", "float64")
    assert potential.n_parameters == model.parameters
    (found,) = potential.evaluate([crystal()])
    assert np.abs(found.forces_ev_per_ang).max() > 1e-4
    np.testing.assert_allclose(found.forces_ev_per_ang.sum(axis=0), 0, atol=1e-10)
