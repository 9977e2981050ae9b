"""Rows are given back as they were kept, and only where what they depend on is as it was."""

import datetime as dt
import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from umlip_gate.datasets.table import DIGEST
from umlip_gate.errors import MeasurementError
from umlip_gate.predictions import store as module
from umlip_gate.predictions.dependencies import NONE, summary
from umlip_gate.predictions.store import Row, Store
from umlip_gate.worker.dependencies import digest_of

pytestmark = pytest.mark.selftest

IDENTITY = {"model": "mine", "dataset": "crystals"}
N_ATOMS = np.array([1, 2, 1, 3])


def right(row: int) -> Row:
    forces = np.arange(3.0 * N_ATOMS[row]).reshape(-1, 3) + 100 * row
    return Row("ok", energy_ev=-float(row), forces_ev_per_ang=forces)


def opened(folder: Path, environment: dict[str, str] | None = None, *path: Path) -> Store:
    store = Store(folder, IDENTITY)
    store.resolve(environment or {}, [str(each) for each in path])
    return store


def filled(folder: Path, dependencies: dict[str, Any]) -> Store:
    store = opened(folder)
    store.keep({0: right(0)}, [dependencies])
    return store


def is_reused(store: Store) -> bool:
    return bool(store.done(N_ATOMS).any())


def test_rows_are_read_as_they_were_written_whatever_the_parts(tmp_path: Path) -> None:
    store = opened(tmp_path)
    failed = Row("error", "RuntimeError: no")
    for part in ({3: right(3), 1: right(1)}, {}, {0: failed, 2: right(2)}):
        store.write(part)
    assert store.done(N_ATOMS).tolist() == [True] * 4
    assert store.done(N_ATOMS).dtype == bool
    found = store.read(np.arange(4), N_ATOMS)
    np.testing.assert_array_equal(found.energies, [np.nan, -1, -2, -3])
    expected = [np.full((1, 3), np.nan), *(right(row).forces_ev_per_ang for row in (1, 2, 3))]
    np.testing.assert_array_equal(found.forces, np.concatenate(expected))
    assert found.failures == {0: "RuntimeError: no"}
    np.testing.assert_array_equal(found.rows, np.arange(4))


@pytest.mark.parametrize("rows", [[0, 1], [1, 2], [0, 3], [2], [3]])
def test_some_rows_are_read_without_the_others(tmp_path: Path, rows: list[int]) -> None:
    store = opened(tmp_path)
    store.write({row: right(row) for row in range(4)})
    found = store.read(np.array(rows), N_ATOMS)
    assert found.energies.tolist() == [-row for row in rows]
    expected = np.concatenate([right(row).forces_ev_per_ang for row in rows])
    np.testing.assert_array_equal(found.forces, expected)
    np.testing.assert_array_equal(found.rows, rows)
    assert not found.failures


EXTRAS = {"energy_uncertainty": 1, "force_uncertainty": None, "stress": 9}


def with_extras(row: int, *names: str) -> Row:
    sizes = {name: size or int(N_ATOMS[row]) for name, size in EXTRAS.items() if name in names}
    extras = {name: np.arange(float(size)) + row for name, size in sizes.items()}
    return right(row)._replace(extras=extras)


def test_what_a_model_gives_beside_energies_and_forces_is_kept(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.write({0: with_extras(0, *EXTRAS), 1: with_extras(1, *EXTRAS)})
    store.write({2: with_extras(2, "force_uncertainty"), 3: Row("error", "RuntimeError: no")})
    some = store.read(np.array([0, 1]), N_ATOMS)
    assert some.uncertainty is not None
    assert some.uncertainty.energies.tolist() == [0, 1]
    assert some.uncertainty.forces.tolist() == [0, 1, 2]
    assert some.stresses is not None
    assert some.stresses[1].tolist() == (np.arange(9.0).reshape(3, 3) + 1).tolist()
    all_rows = store.read(np.arange(4), N_ATOMS)
    assert all_rows.stresses is not None
    assert np.isnan(all_rows.stresses).all(axis=(1, 2)).tolist() == [False, False, True, True]
    assert all_rows.uncertainty is None, "the row that failed states nothing"
    three = store.read(np.arange(3), N_ATOMS).uncertainty
    assert three is not None
    assert three.forces.tolist() == [0, 1, 2, 2]
    assert np.isnan(three.energies[2])


@pytest.mark.parametrize("name", EXTRAS)
def test_a_part_with_an_extra_of_another_size_does_not_count(tmp_path: Path, name: str) -> None:
    store = opened(tmp_path)
    extras = {**with_extras(1, *EXTRAS).extras, name: np.zeros(5)}
    store.write({1: right(1)._replace(extras=extras)})
    assert not is_reused(store)


def test_a_changed_extra_voids_its_part(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.write({1: with_extras(1, *EXTRAS)})
    assert is_reused(store)
    (path,) = store._parts()
    table = pq.read_table(path)
    place = table.column_names.index("stress")
    changed = table.set_column(place, table.schema.field(place), pa.array([[0.0] * 9]))
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    assert not is_reused(store)


def test_days_are_those_on_which_parts_were_written(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert store.days() == []
    for row, day in enumerate((5, 3, 5)):
        store.write({row: right(row)})
        (part,) = (path for path in store._parts() if path.stat().st_mtime > 1.7e9)
        at_s = dt.datetime(2001, 2, day, 12).timestamp()  # noqa: DTZ001 - the user's day
        os.utime(part, (at_s, at_s))
    assert store.days() == ["2001-02-03", "2001-02-05"]


def test_the_identity_is_kept_beside_the_rows(tmp_path: Path) -> None:
    text = (opened(tmp_path).folder / "identity.json").read_text()
    assert text == json.dumps(IDENTITY, indent=1, sort_keys=True)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("the writer's own"), "the writer's own"),
    ],
)
def test_a_part_that_cannot_be_written_says_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, why: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    store = opened(tmp_path)
    monkeypatch.setattr(pq, "write_table", fail)
    with pytest.raises(MeasurementError) as caught:
        store.write({0: right(0)})
    assert str(caught.value) == (
        f"predictions cannot be written to {store.folder}: {why}. What was written before is kept, "
        "and the same command goes on from there; UMLIP_GATE_CACHE names another folder"
    )


def test_what_earlier_versions_kept_is_still_whole() -> None:
    """Another digest of the same rows would void every kept prediction."""
    columns = {"row": [0, 3], "kind": ["ok", "error"], "detail": ["", "no"]}
    numbers = {"energy_ev": [-1.5, None], "forces_ev_per_ang": [[0.5, 0.25, -1.0], []]}
    digest = module._digest(pa.table(columns | numbers, schema=module.SCHEMA))
    assert digest == "9950ea4d184a7a60bb4cb04162515828c031f8a11961d5d0f41299c7cdee8be9"


def test_each_share_has_a_lock_of_its_own(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert store.lock().lock_file == str(store.folder / "lock")
    assert store.lock("2").lock_file == str(store.folder / "lock2")
    with store.lock("1"), store.lock("2"), store.lock():
        pass


def test_predictions_of_every_state_of_a_file_are_kept(tmp_path: Path) -> None:
    weights, kept = tmp_path / "weights", tmp_path / "kept"
    folders = {}
    for text in ("one", "two", "three", "four"):
        weights.write_text(text)
        dependencies = NONE | {"files": {str(weights): digest_of(text)}}
        store = filled(kept, dependencies)
        assert store.whole_identity == IDENTITY | summary(dependencies)
        folders[text] = store.folder
    first = folders["one"].name
    names = [folder.name for folder in folders.values()]
    assert names == [first, f"{first}-1", f"{first}-2", f"{first}-3"]
    for text, folder in folders.items():
        weights.write_text(text)
        store = opened(kept)
        assert is_reused(store)
        assert store.folder == folder
        assert store.whole_identity["files"] == [f"weights {digest_of(text)}"]
    weights.write_text("five")
    assert not is_reused(opened(kept))


def test_another_variable_or_a_module_in_front_is_another_state(tmp_path: Path) -> None:
    variables = {"SCALE": digest_of("2")}
    kept = tmp_path / "kept"
    filled(kept, NONE | {"variables": variables, "names": ["helper"]})
    assert is_reused(opened(kept, {"SCALE": "2"}, tmp_path))
    assert not is_reused(opened(kept, {"SCALE": "3"}, tmp_path))
    (tmp_path / "helper.py").touch()
    assert not is_reused(opened(kept, {"SCALE": "2"}, tmp_path))


@pytest.mark.parametrize("damage", ["", "{}", "[1]", "null"])
def test_predictions_whose_dependencies_are_not_known_are_not_reused(
    tmp_path: Path, damage: str
) -> None:
    (filled(tmp_path, NONE).folder / "dependencies.json").write_text(damage)
    assert not is_reused(opened(tmp_path))


def test_a_dependency_that_cannot_be_known_serves_no_later_run(tmp_path: Path) -> None:
    """Its rows are removed, and its folder is free for the run after the next."""
    unknown = ["mine.py reads every environment variable"]
    store = filled(tmp_path, NONE | {"unknown": unknown})
    assert store.unknown == unknown
    later = opened(tmp_path)
    assert not is_reused(later)
    assert later.folder.name == f"{store.folder.name}-1"
    assert later.unknown == []
    assert not list(store.folder.glob("part-*"))
    assert opened(tmp_path).folder == store.folder


def test_clearing_leaves_the_first_folder_and_removes_the_others(tmp_path: Path) -> None:
    first, second = tmp_path / "abc", tmp_path / "abc-1"
    for folder in (first, second):
        folder.mkdir()
        for name in ("part-1.parquet", "dependencies.json", "identity.json"):
            (folder / name).touch()
    for _ in range(2):  # as two runs may, one after the other
        module._clear(first)
        module._clear(second)
    assert [path.name for path in first.iterdir()] == ["identity.json"]
    assert not second.exists()


def test_what_two_processes_have_read_is_kept_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[Path] = []

    def lock(path: Path) -> FileLock:
        locked.append(path)
        return FileLock(path)

    monkeypatch.setattr(module, "FileLock", lock)
    one, other = opened(tmp_path), opened(tmp_path)
    one.record([NONE | {"files": {"weights": "1"}}, NONE | {"files": {"head": "2"}}])
    other.record([NONE | {"files": {"late": "3"}}])
    assert locked == [one.folder / "dependencies.lock"] * 2
    every = {"weights": "1", "head": "2", "late": "3"}
    assert json.loads((one.folder / "dependencies.json").read_text())["files"] == every
    assert other.whole_identity["files"] == ["head 2", "late 3", "weights 1"]
    assert one.whole_identity["files"] == ["head 2", "weights 1"]
    one.refresh()
    assert one.whole_identity["files"] == other.whole_identity["files"]
    other.record([NONE | {"files": {"late": "3"}}])
    assert len(locked) == 2  # nothing new
    with pytest.raises(MeasurementError, match="weights was changed while"):
        other.record([NONE | {"files": {"weights": "4"}}])


def test_a_part_with_a_row_that_has_no_forces_does_not_count(tmp_path: Path) -> None:
    """Its digest is right: another program wrote it."""
    store = opened(tmp_path)
    columns = {"row": [0], "kind": ["ok"], "detail": [""], "energy_ev": [1.0]}
    table = pa.table(columns | {"forces_ev_per_ang": [None]}, schema=module.SCHEMA)
    whole = table.replace_schema_metadata({DIGEST: module._digest(table)})
    pq.write_table(whole, store.folder / "part-0.parquet")
    assert not is_reused(store)
