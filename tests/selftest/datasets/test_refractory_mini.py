"""The scripts that compute refractory-mini, without DFT; and what was computed, against them."""

import fcntl
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.collections import dcdft
from ase.eos import birchmurnaghan
from ase.io import iread

from tests.selftest.checkout import ROOT
from tools.refractory_mini import generate
from tools.refractory_mini.collect import DATASET, check_alike, frame, read_records
from tools.refractory_mini.dft import K_SPACING, Settings, k_mesh
from tools.refractory_mini.structures import BCC, Planned, planned
from tools.refractory_mini.studies import ELASTIC_ROWS, Job, all_jobs, convergence
from tools.refractory_mini.tables import (
    contents_table,
    convergence_table,
    curve_table,
    energy_table,
    read_studies,
)
from umlip_gate.datasets.registry import load_registry

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
        "forces": np.arange(3.0 * n_atoms).reshape(-1, 3).tolist(),
        "stress": [0.125] * 6,
        "k_mesh": [3, 3, 2],
        "iterations": 9,
        "settings": settings.to_json(),
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


def test_the_k_mesh_is_as_dense_as_asked_and_single_across_vacuum() -> None:
    slab = next(item for item in planned() if item.name == "W-surface-ideal")
    mesh = k_mesh(slab)
    assert mesh[2] == 1
    lengths = np.linalg.norm(slab.atoms.cell.reciprocal().array, axis=1)
    assert (lengths[:2] / mesh[:2] <= K_SPACING["W"]).all()
    assert (lengths[:2] / (np.array(mesh[:2]) - 1) > K_SPACING["W"]).all()
    assert (np.array(k_mesh(slab, 2.0)[:2]) >= 2 * np.array(mesh[:2]) - 1).all()


def test_the_k_mesh_is_that_of_the_element_that_needs_the_densest() -> None:
    plan = {item.name: item for item in planned()}
    alloy = plan["TaW-b2"]
    assert K_SPACING["W"] < K_SPACING["Ta"]
    assert k_mesh(alloy) > k_mesh(replace(alloy, atoms=Atoms("Ta2", cell=alloy.atoms.cell)))


def test_the_convergence_study_changes_one_thing_at_a_time_or_the_width_with_its_mesh() -> None:
    changed = set()
    for job in convergence():
        settings = vars(job.settings)
        changed.add(tuple(key for key, was in vars(Settings()).items() if settings[key] != was))
    alone = {("cutoff_ev",), ("k_density",), ("smearing_ev",)}
    assert changed == {*alone, ("k_density", "smearing_ev")}


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
    record = made(item, Settings(), Path("/dev/null"))
    check_alike([record, record])
    other = made(item, Settings(cutoff_ev=500), Path("/dev/null"))
    with pytest.raises(ValueError, match=f"other settings than dft.py's: {item.name}"):
        check_alike([other])
    with pytest.raises(ValueError, match="several versions"):
        check_alike([record, record | {"versions": {"gpaw": "another"}}])


def test_a_frame_carries_results_and_how_they_came() -> None:
    item = next(item for item in planned() if item.seed is not None)
    atoms = frame(made(item, Settings(), Path("/dev/null")))
    assert atoms.get_potential_energy() == -1.25 * len(atoms)
    assert atoms.get_stress().shape == (6,)
    assert atoms.info["config_type"] == "rattled"
    assert atoms.info["seed"] == item.seed


@pytest.fixture(scope="module")
def stored() -> list[Atoms]:
    return list(iread(DATASET, index=":"))


def test_what_is_stored_is_what_the_scripts_build_in_their_order(stored: list[Atoms]) -> None:
    plan = {item.name: item for item in planned()}
    names = [atoms.info["name"] for atoms in stored]
    assert names == list(plan)
    for atoms in stored:
        item = plan[atoms.info["name"]]
        assert atoms.info["config_type"] == item.kind
        assert atoms.numbers.tolist() == item.atoms.numbers.tolist()
        np.testing.assert_allclose(atoms.positions, item.atoms.positions, rtol=0, atol=1e-8)
        np.testing.assert_allclose(atoms.cell.array, item.atoms.cell.array, rtol=0, atol=1e-8)


def test_what_is_stored_is_of_the_settings_that_the_registry_states(stored: list[Atoms]) -> None:
    dft = load_registry(ROOT / "fixtures" / "datasets.toml")["refractory-mini"].dft
    assert dft.cutoff_ev == Settings().cutoff_ev
    for spacing in set(K_SPACING.values()):
        assert str(spacing) in dft.kpoints
    plan = {item.name: item for item in planned()}
    for atoms in stored:
        assert tuple(atoms.info["k_mesh"]) == k_mesh(plan[atoms.info["name"]])
        assert atoms.calc.results.keys() >= {"energy", "forces", "stress"}


def in_the_gate(item: Planned) -> bool:
    """Bcc Mo, Nb and W at one volume, and bcc Ta."""
    element = item.name.split("-")[0]
    at_one_volume = item.kind in {"strain", "displaced"} or item.name.endswith("volume-1.00")
    return element in BCC and (
        at_one_volume or (element == "Ta" and item.kind in {"volume", "rattled"})
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("bcc", in_the_gate),
        ("Ta-volumes", lambda item: item.name.startswith("Ta-volume-")),
        ("W-bcc", lambda item: item.name.startswith("W-") and in_the_gate(item)),
    ],
)
def test_what_a_gate_takes_are_the_rows_that_it_names(
    part: str, expected: Callable[[Planned], bool], stored: list[Atoms]
) -> None:
    entry = load_registry(ROOT / "fixtures" / "datasets.toml")[f"refractory-mini-{part}"]
    assert entry.selection is not None
    selected = stored[entry.selection.first_row : entry.selection.last_row + 1]
    names = {atoms.info["name"] for atoms in selected}
    assert names == {item.name for item in planned() if expected(item)}


def test_the_card_states_what_is_stored(stored: list[Atoms]) -> None:
    card = (DATASET.parent / "README.md").read_text(encoding="utf-8")
    assert f"{len(stored)} configurations" in card
    frames = {atoms.info["name"]: atoms for atoms in stored}
    for table in (contents_table(frames), convergence_table(read_studies()), curve_table(frames)):
        assert "\n".join(table) in card


def test_the_all_electron_check_finds_no_difference_where_there_is_none() -> None:
    known = dcdft.data["W"]
    parameters = (known["wien2k_B"] * units.GPa, known["wien2k_Bp"], known["wien2k_volume"])
    frames = {}
    for item in planned():
        if item.name.startswith("W-volume-"):
            energy = birchmurnaghan(item.atoms.get_volume(), -10.0, *parameters)
            frames[item.name] = frame(
                made(item, Settings(), Path("/dev/null")) | {"energy": energy}
            )
    (row,) = curve_table(frames)[2:]
    assert row == "| W | 16.14 | 16.14 | 302 | 302 | 0.0 |"
    del frames["W-volume-1.12"]
    assert not curve_table(frames)[2:]


def test_the_energy_check_tells_a_constant_pressure_from_other_differences(tmp_path: Path) -> None:
    rows = ELASTIC_ROWS["W"]
    public: list[dict[str, Any]] = [{} for _ in range(max(rows) + 1)]
    studies = {}
    for row, volume in zip(rows, (16.0, 15.0, 17.0, 18.0, 16.0, 16.0), strict=True):
        structure = {"lattice": {"volume": volume}}
        public[row] = {"structure": structure, "num_atoms": 1, "outputs": {"energy": -3.0}}
        energy = -5.0 + 0.01 * volume + 0.002 * (row == rows[-1])
        studies[f"cross-W_Elastic-{row}"] = {"numbers": [74], "energy": energy}
    (tmp_path / "W_Elastic.json").write_text(json.dumps(public))
    (row_of_w,) = energy_table(studies, tmp_path)[2:]
    _, each, everything, beside, same_volume = row_of_w.strip("| ").split(" | ")[1:]
    assert each.startswith("-3.7, -13.7, +6.3, +16.3")
    assert (everything, beside, same_volume) == ("9.3", "0.7", "0.9")


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
