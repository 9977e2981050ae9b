"""A run that is killed, two runs at once, and what the store makes of damage."""

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.selftest.builders import fakes
from tests.selftest.builders.crystals import structures, write_extxyz
from tests.selftest.cli import CommandLineRun
from umlip_gate.errors import MeasurementError
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.pool import PART_S, Pool
from umlip_gate.predictions.store import Row, Store

pytestmark = pytest.mark.selftest

N_ROWS = 70


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Poll until a condition holds, as long as the process lives and for five minutes at most."""
    for _ in range(6000):
        if condition():
            return
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail("the run ended, or five minutes passed, before the condition held")


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    """Crystals of which the last that is evaluated waits for the file `go`."""
    cli = CommandLineRun(tmp_path)
    write_extxyz(tmp_path / "crystals.xyz", N_ROWS, trigger_row=N_ROWS - 1)
    data = tmp_path / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", f"rows = {N_ROWS}"))
    (tmp_path / "weights").write_text("any")
    cli.candidate(
        "fakes:noted",
        '[arguments]\nfile = "{checkpoint}"\n',
        checkpoint="weights",
    )
    return cli


def parts(cli: CommandLineRun) -> list[Path]:
    return sorted((cli.folder / "cache").glob("predictions/*/part-*.parquet"))


def notes(cli: CommandLineRun) -> list[str]:
    file = cli.folder / "notes"
    return file.read_text().splitlines() if file.exists() else []


def start(cli: CommandLineRun) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        cli.judging(),
        cwd=cli.root,
        env=cli.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(1200):
        if condition():
            return
        threading.Event().wait(0.05)
    pytest.fail("a minute passed before the condition held")


def fake_job(folder: Path) -> Job:
    settings = {"calculator": "fakes:honest", "arguments": {}}
    path = (str(Path(fakes.__file__).parent),)
    return Job(Path(sys.executable), "ase", settings=settings, path=path, folder=folder)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def test_workers_of_a_killed_run_end(cli: CommandLineRun) -> None:
    run = start(cli)
    wait_for(lambda: len(notes(cli)) > 0, run)
    run.send_signal(signal.SIGKILL)
    run.wait()
    pids = {int(pid) for pid in notes(cli)}
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_part_is_what_a_worker_finished_in_some_seconds(tmp_path: Path) -> None:
    """And every row is in one."""
    now = itertools.count(0.0, 0.4 * PART_S)
    parts: list[list[int]] = []
    with Pool(fake_job(tmp_path), [None], tmp_path, clock=lambda: next(now)) as pool:
        faults = pool.evaluate(
            ([row] for row in range(8)),
            structures(8).__getitem__,
            lambda rows, _: parts.append(sorted(rows)),
        )
    assert parts == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert not faults


def test_a_run_goes_on_from_what_is_kept(cli: CommandLineRun) -> None:
    """Rows are taken away from a finished run: only these are evaluated again.

    How many rows a part has depends on how fast the machine is, and one at least is kept.
    """
    (cli.folder / "go").touch()
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    assert len(notes(cli)) == N_ROWS
    for path in parts(cli)[1:]:
        path.unlink()
    (path,) = parts(cli)
    table = pq.read_table(path)
    store = Store(path.parent.parent, json.loads((path.parent / "identity.json").read_text()))
    rows = {
        row["row"]: Row(
            row["kind"], row["detail"], row["energy_ev"], np.array(row["forces_ev_per_ang"])
        )
        for row in table.slice(0, max(1, len(table) // 2)).to_pylist()
    }
    path.unlink()
    store.write(rows)
    again = cli.judge()
    assert len(notes(cli)) == 2 * N_ROWS - len(rows)
    assert f"{len(rows)} predictions of " in again.output
    assert again.leaves() == outcome.leaves()


@pytest.mark.parametrize("n_runs", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_runs_at_once_compute_once(cli: CommandLineRun, n_runs: int) -> None:
    """On a cold cache; the others start while the first computes."""
    runs = [start(cli)]
    wait_for(lambda: len(notes(cli)) > 0, runs[0])
    runs += [start(cli) for _ in range(n_runs - 1)]
    (cli.folder / "go").touch()
    assert [run.wait(300) for run in runs] == [0] * n_runs
    assert len(notes(cli)) == N_ROWS


def sample() -> dict[int, Row]:
    return {
        3: Row("ok", "", -1.5, np.arange(6.0).reshape(2, 3)),
        4: Row("error", "ValueError: no"),
        5: Row("error", "RuntimeError: neither"),
    }


N_ATOMS = np.array([1, 1, 1, 2, 5, 1])
ROWS = np.array([3, 4, 5])


def kept(store: Store, n_atoms: Sequence[int] = tuple(N_ATOMS)) -> list[int]:
    return np.flatnonzero(store.done(np.array(n_atoms))).tolist()


def test_the_store_returns_what_was_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, {"a": 1})
    store.write(sample())
    store.write({0: Row("ok", "", 7.0, np.full((1, 3), 8.0))})
    assert kept(store) == [0, 3, 4, 5]
    found = store.read(ROWS, N_ATOMS)
    assert found.energies[0] == -1.5
    assert found.failures == {1: "ValueError: no", 2: "RuntimeError: neither"}
    np.testing.assert_array_equal(found.forces[:2], sample()[3].forces_ev_per_ang)
    assert np.isnan(found.forces[2:]).all()
    both = store.read(np.array([0, 3]), N_ATOMS)
    assert both.forces[:, 0].tolist() == [8.0, 0.0, 3.0]
    assert both.energies.tolist() == [7.0, -1.5]


def test_another_identity_has_another_place(tmp_path: Path) -> None:
    Store(tmp_path, {"a": 1}).write(sample())
    assert kept(Store(tmp_path, {"a": 2})) == []
    assert kept(Store(tmp_path, {"a": 1})) == [3, 4, 5]


@pytest.mark.parametrize(
    "n_atoms",
    [(1, 1, 1, 2, 5), (1, 1, 1, 7, 5, 1), (1, 1, 1)],
    ids=["a row too many", "another number of atoms", "another dataset"],
)
def test_a_part_of_other_rows_is_computed_again(tmp_path: Path, n_atoms: tuple[int, ...]) -> None:
    store = Store(tmp_path, {"a": 1})
    store.write(sample())
    assert kept(store, n_atoms) == []


@pytest.mark.parametrize("damage", [b"", b"PAR1 and then nothing", None])
def test_a_damaged_part_is_computed_again(tmp_path: Path, damage: bytes | None) -> None:
    store = Store(tmp_path, {"a": 1})
    store.write(sample())
    (path,) = store.folder.glob("part-*.parquet")
    path.write_bytes(path.read_bytes()[:-40] if damage is None else damage)
    assert kept(store) == []


def flip_a_bit(path: Path, value: float) -> None:
    content = bytearray(path.read_bytes())
    wanted = np.float64(value).tobytes()
    while (place := content.find(wanted)) >= 0:  # in a dictionary and in statistics, too
        content[place + 5] ^= 1
    path.write_bytes(content)


def change(path: Path, column: str, values: list[object]) -> None:
    """A file that is whole, with the digest of what it held before."""
    table = pq.read_table(path)
    place = table.schema.get_field_index(column)
    field = table.schema.field(column)
    pq.write_table(table.set_column(place, field, pa.array(values, field.type)), path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: flip_a_bit(path, -1.5),
        lambda path: flip_a_bit(path, 5.0),
        lambda path: change(path, "row", [3, 5, 4]),
        lambda path: change(path, "kind", ["ok", "error", "fault"]),
        lambda path: change(path, "detail", ["", "ValueError: yes", "RuntimeError: neither"]),
        lambda path: change(path, "energy_ev", [-1.25, np.nan, np.nan]),
        lambda path: change(path, "forces_ev_per_ang", [[0.0] * 6, [], []]),
        lambda path: change(path, "forces_ev_per_ang", [[0.0, 1, 2], [3.0, 4, 5], []]),
        lambda path: pq.write_table(pq.read_table(path).replace_schema_metadata(), path),
        lambda path: pq.write_table(pq.read_table(path).drop_columns(["detail"]), path),
    ],
    ids=[
        "a bit of an energy",
        "a bit of a force",
        "other rows",
        "another kind",
        "another error",
        "another energy",
        "other forces",
        "forces of another row",
        "no digest",
        "a column too few",
    ],
)
def test_a_readable_part_with_other_content_than_was_written_is_computed_again(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    store = Store(tmp_path, {"a": 1})
    store.write(sample())
    assert kept(store) == [3, 4, 5]
    (path,) = store.folder.glob("part-*.parquet")
    before = path.read_bytes()
    damage(path)
    assert path.read_bytes() != before
    assert kept(store) == []


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, {"a": 1})

    def full_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full_disk)
    with pytest.raises(MeasurementError, match=r"cannot be written .* No space left on device"):
        store.write(sample())
    assert sorted(path.name for path in store.folder.iterdir()) == ["identity.json"]


def test_what_a_killed_run_was_writing_is_cleared(tmp_path: Path) -> None:
    folder = Store(tmp_path, {"a": 1}).folder
    old, young = (folder / f".part-00000.parquet.{digit * 32}.part" for digit in "ab")
    for leftover in (old, young):
        leftover.write_bytes(b"half")
    os.utime(old, (0, 0))
    Store(tmp_path, {"a": 1})
    assert not old.exists()
    assert young.exists()
