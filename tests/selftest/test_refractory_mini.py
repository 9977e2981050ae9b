"""The scripts that compute refractory-mini, without DFT; and what was computed, against them."""

import fcntl
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.io import iread

from fixtures.refractory_mini import generate
from fixtures.refractory_mini.collect import DATASET, check_alike, frame, read_records
from fixtures.refractory_mini.dft import Settings, k_mesh
from fixtures.refractory_mini.structures import Planned, planned
from fixtures.refractory_mini.studies import Job, all_jobs, convergence
from fixtures.refractory_mini.tables import convergence_table, read_studies
from umlip_gate.datasets.registry import load_registry
from umlip_gate.settings import ROOT

pytestmark = pytest.mark.selftest

RATIOS = ("0.88", "0.92", "0.96")


def made(item: Planned, settings: Settings, log: Path) -> dict[str, Any]:
    """Stand in for the computation."""
    log.write_text("")
    n_atoms = len(item.atoms)
    return {
        "name": item.name,
        "kind": item.kind,
        "seed": item.seed,
        "numbers": item.atoms.numbers.tolist(),
        "positions": item.atoms.positions.tolist(),
        "cell": item.atoms.cell.array.tolist(),
        "energy": -1.25 * n_atoms,
        "free_energy": -1.5 * n_atoms,
        "forces": np.arange(3.0 * n_atoms).reshape(-1, 3).tolist(),
        "stress": [0.125] * 6,
        "k_mesh": [3, 3, 2],
        "occupation": "fermi-dirac",
        "iterations": 9,
        "settings": {"cutoff_ev": settings.cutoff_ev},
        "versions": {"gpaw": "made"},
        "cpu_s": 1.0,
        "wall_s": 2.0,
    }


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr(generate, "compute", made)
    return Job(planned()[0])


def test_every_planned_configuration_has_a_name_of_its_own() -> None:
    jobs = all_jobs(None)
    assert max(Counter(job.item.name for job in jobs).values()) == 1
    assert {item.name for item in planned()} <= {job.item.name for job in jobs}


def test_structures_are_the_same_each_time_and_no_atoms_meet() -> None:
    for item, again in zip(planned(), planned(), strict=True):
        assert np.array_equal(item.atoms.positions, again.atoms.positions)
        assert np.array_equal(item.atoms.cell.array, again.atoms.cell.array)
        assert item.atoms.pbc.all()
        assert item.atoms.cell.handedness == 1  # of others some packages make nonsense
        large = item.atoms * (3, 3, 3)
        distances = large.get_all_distances(mic=True)[np.triu_indices(len(large), 1)]
        assert distances.min() > (1.2 if "H" in item.atoms.get_chemical_symbols() else 1.9)


def test_what_is_said_to_be_at_rest_feels_no_force() -> None:
    for item in planned():
        if item.at_rest:
            atoms = item.atoms.copy()
            atoms.numbers = np.where(atoms.numbers == atoms.numbers[0], 1, 2)
            atoms.calc = LennardJones(sigma=2.4, rc=8.0, smooth=True)
            assert np.abs(atoms.get_forces()).max() < 1e-8, item.name


def test_the_k_mesh_is_as_dense_as_asked_and_single_across_vacuum() -> None:
    slab = next(item for item in planned() if item.single_k is not None)
    mesh = k_mesh(slab.atoms, 0.035, slab.single_k)
    assert mesh[2] == 1
    lengths = np.linalg.norm(slab.atoms.cell.reciprocal().array, axis=1)
    assert (lengths[:2] / mesh[:2] <= 0.035).all()
    assert (lengths[:2] / (np.array(mesh[:2]) - 1) > 0.035).all()


def test_the_convergence_study_changes_one_thing_of_what_a_cell_depends_on() -> None:
    for job in convergence():
        changed = {
            key for key, value in vars(job.settings).items() if vars(Settings())[key] != value
        }
        if job.item.at_rest and job.settings.tetrahedra:
            assert "smearing_ev" not in changed
        assert len(changed) <= 2


def test_a_record_is_computed_once(
    job: Job, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        generate.compute_once(job, tmp_path)
    assert capsys.readouterr().out.count(job.item.name) == 1
    record = json.loads((tmp_path / f"{job.item.name}.json").read_text())
    assert record["energy"] == -1.25
    assert not list(tmp_path.glob("*.part"))


def test_what_another_process_computes_is_left_to_it(job: Job, tmp_path: Path) -> None:
    with (tmp_path / f".{job.item.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        generate.compute_once(job, tmp_path)
        assert not list(tmp_path.glob("*.json"))
    generate.compute_once(job, tmp_path)
    assert list(tmp_path.glob("*.json"))


def test_a_killed_run_leaves_no_record_and_does_not_block(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(item: Planned, settings: Settings, log: Path) -> dict[str, Any]:
        made(item, settings, log)
        raise KeyboardInterrupt

    with monkeypatch.context() as first:
        first.setattr(generate, "compute", killed)
        with pytest.raises(KeyboardInterrupt):
            generate.compute_once(job, tmp_path)
    (tmp_path / f"{job.item.name}.1.part").write_text("half")
    assert read_records(tmp_path) == {}
    generate.compute_once(job, tmp_path)
    assert list(read_records(tmp_path)) == [job.item.name]


def test_what_is_stored_is_not_computed_again_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = [job.item.name for job in all_jobs(None)]
    monkeypatch.setattr(generate, "compute", made)
    monkeypatch.setattr(generate, "stored_frames", lambda: dict.fromkeys(names[2:]))
    monkeypatch.setattr(generate, "stored_studies", dict)
    monkeypatch.setattr("sys.argv", ["generate", str(tmp_path / "rest")])
    generate.main()
    assert set(read_records(tmp_path / "rest")) == set(names[:2])
    monkeypatch.setattr("sys.argv", ["generate", str(tmp_path / "named"), "--only", names[5]])
    generate.main()
    assert set(read_records(tmp_path / "named")) == {names[5]}


def test_an_unknown_configuration_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["generate", str(tmp_path / "r"), "--only", "W-nonsense"])
    with pytest.raises(SystemExit, match="no such configuration: W-nonsense"):
        generate.main()
    assert not (tmp_path / "r").exists()


def test_records_of_other_settings_are_not_one_dataset() -> None:
    item = planned()[0]
    records = [made(item, Settings(cutoff_ev=cutoff), Path("/dev/null")) for cutoff in (400, 500)]
    check_alike(records[:1])
    with pytest.raises(ValueError, match="several settings"):
        check_alike(records)


def test_a_frame_carries_results_and_how_they_came() -> None:
    item = next(item for item in planned() if item.seed is not None)
    atoms = frame(made(item, Settings(), Path("/dev/null")))
    assert atoms.get_potential_energy() == -1.25 * len(atoms)
    assert atoms.calc.results["free_energy"] == -1.5 * len(atoms)
    assert atoms.get_stress().shape == (6,)
    assert atoms.info["config_type"] == "rattled"
    assert atoms.info["seed"] == item.seed


@pytest.fixture(scope="module")
def stored() -> list[Atoms]:
    return list(iread(DATASET, index=":"))


def test_what_is_stored_is_what_the_scripts_build_in_their_order(stored: list[Atoms]) -> None:
    plan = {item.name: item for item in planned()}
    names = [atoms.info["name"] for atoms in stored]
    assert names == [name for name in plan if name in set(names)]
    for atoms in stored:
        item = plan[atoms.info["name"]]
        assert atoms.info["config_type"] == item.kind
        assert atoms.numbers.tolist() == item.atoms.numbers.tolist()
        np.testing.assert_allclose(atoms.positions, item.atoms.positions, rtol=0, atol=1e-8)
        np.testing.assert_allclose(atoms.cell.array, item.atoms.cell.array, rtol=0, atol=1e-8)


def test_what_is_stored_is_of_the_settings_that_the_registry_states(stored: list[Atoms]) -> None:
    settings = Settings()
    dft = load_registry(ROOT / "fixtures" / "datasets.toml")["refractory-mini"].dft
    assert dft.cutoff_ev == settings.cutoff_ev
    assert str(settings.k_spacing) in dft.kpoints
    single = {item.name: item.single_k for item in planned()}
    for atoms in stored:
        mesh = k_mesh(atoms, settings.k_spacing, single[atoms.info["name"]])
        assert tuple(atoms.info["k_mesh"]) == mesh
        assert atoms.calc.results.keys() >= {"energy", "free_energy", "forces", "stress"}
        if atoms.info["occupation"] == "tetrahedra":
            assert np.abs(atoms.get_forces()).max() < 1e-6


def test_the_card_states_what_is_stored(stored: list[Atoms]) -> None:
    card = (DATASET.parent / "README.md").read_text(encoding="utf-8")
    assert f"{len(stored)} configurations" in card
    for line in convergence_table(read_studies()):
        assert line in card


def test_stress_has_the_sign_and_unit_of_the_strain_derivative(stored: list[Atoms]) -> None:
    curve = {atoms.info["name"]: atoms for atoms in stored if atoms.info["config_type"] == "volume"}
    for element in ("Mo", "Nb", "Ta", "W"):
        low, middle, high = (curve[f"{element}-volume-{ratio}"] for ratio in RATIOS)
        slope = (high.get_potential_energy() - low.get_potential_energy()) / (
            high.get_volume() - low.get_volume()
        )
        pressure = float(np.mean(middle.get_stress()[:3]))
        assert pressure < -0.05
        # 3 GPa: Pulay stress, as the plane waves are the cell's, and the curve between points
        assert slope == pytest.approx(pressure, abs=0.02), element
