"""A run that is killed, two runs at once, and what the store makes of damage."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.selftest.builders.crystals import write_extxyz
from tests.selftest.cli import CommandLineRun
from umlip_gate.predictions.compute import ROWS_PER_PART
from umlip_gate.predictions.store import Row, Store

pytestmark = pytest.mark.selftest

N_ROWS = 2 * ROWS_PER_PART + 6


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Poll until a condition holds, as long as the process lives and for a minute at most."""
    for _ in range(1200):
        if condition():
            return
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail("the run ended, or a minute passed, before the condition held")


@pytest.fixture
def desk(tmp_path: Path) -> CommandLineRun:
    """Two full parts and a third one, whose row 69 waits for the file `go`."""
    desk = CommandLineRun(tmp_path)
    write_extxyz(tmp_path / "crystals.xyz", N_ROWS, trigger_row=N_ROWS - 1)
    data = tmp_path / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", f"rows = {N_ROWS}"))
    (tmp_path / "weights").write_text("any")
    desk.candidate(
        "fakes:noted",
        '[arguments]\nfile = "{checkpoint}"\n',
        checkpoint="weights",
    )
    return desk


def parts(desk: CommandLineRun) -> list[Path]:
    return sorted((desk.folder / "cache").glob("predictions/*/part-*.parquet"))


def notes(desk: CommandLineRun) -> list[str]:
    file = desk.folder / "notes"
    return file.read_text().splitlines() if file.exists() else []


def start(desk: CommandLineRun) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        desk.judging(),
        cwd=desk.root,
        env=desk.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def test_a_killed_run_loses_one_part_and_its_successor_ends_alike(
    desk: CommandLineRun, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = start(desk)
    wait_for(lambda: len(parts(desk)) == 2 and len(notes(desk)) >= 2 * ROWS_PER_PART + 1, run)
    run.send_signal(signal.SIGKILL)
    run.wait()
    before = len(notes(desk))
    (desk.folder / "go").touch()
    outcome = desk.judge()
    assert outcome.code == 0, outcome.output
    assert len(notes(desk)) - before == N_ROWS - 2 * ROWS_PER_PART
    workers = {int(pid) for pid in notes(desk)[:before]}
    assert not any(is_alive(pid) for pid in workers)

    fresh = CommandLineRun(tmp_path_factory.mktemp("fresh"))
    for name in ("crystals.xyz", "data.toml", "mine.toml", "weights"):
        (fresh.folder / name).write_bytes((desk.folder / name).read_bytes())
    (fresh.folder / "go").touch()
    assert fresh.judge().leaves() == outcome.leaves()


def test_two_runs_at_once_compute_once(desk: CommandLineRun) -> None:
    first = start(desk)
    wait_for(lambda: len(notes(desk)) > 0, first)
    second = start(desk)
    (desk.folder / "go").touch()
    assert first.wait(120) == second.wait(120) == 0
    assert len(notes(desk)) == N_ROWS


def sample() -> dict[int, Row]:
    return {
        3: Row("ok", "", -1.5, np.arange(6.0).reshape(2, 3)),
        4: Row("error", "ValueError: no"),
        5: Row("fault", "died"),
    }


def test_the_store_gives_back_what_was_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, {"a": 1})
    store.write(0, sample())
    kept = store.read(0, {3: 2, 4: 5, 5: 1})
    assert [(row.kind, row.detail) for row in kept.values()] == [
        ("ok", ""),
        ("error", "ValueError: no"),
        ("fault", "died"),
    ]
    assert kept[3].energy_ev == -1.5
    np.testing.assert_array_equal(kept[3].forces_ev_per_ang, sample()[3].forces_ev_per_ang)
    assert kept[4].forces_ev_per_ang.shape == (0, 3)


def test_another_identity_has_another_place(tmp_path: Path) -> None:
    Store(tmp_path, {"a": 1}).write(0, sample())
    assert Store(tmp_path, {"a": 2}).read(0, {3: 2, 4: 5, 5: 1}) == {}


@pytest.mark.parametrize(
    "expected",
    [{3: 2, 4: 5}, {3: 2, 4: 5, 6: 1}, {3: 7, 4: 5, 5: 1}],
    ids=["a row too many", "another row", "another number of atoms"],
)
def test_a_part_of_other_rows_is_computed_again(tmp_path: Path, expected: dict[int, int]) -> None:
    store = Store(tmp_path, {"a": 1})
    store.write(0, sample())
    assert store.read(0, expected) == {}


@pytest.mark.parametrize("damage", [b"", b"PAR1 and then nothing", None])
def test_a_damaged_part_is_computed_again(tmp_path: Path, damage: bytes | None) -> None:
    store = Store(tmp_path, {"a": 1})
    store.write(0, sample())
    (path,) = store.folder.glob("part-*.parquet")
    path.write_bytes(path.read_bytes()[:-40] if damage is None else damage)
    assert store.read(0, {3: 2, 4: 5, 5: 1}) == {}


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
        lambda path: change(path, "kind", ["ok", "fault", "error"]),
        lambda path: change(path, "detail", ["", "ValueError: yes", "died"]),
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
    store.write(0, sample())
    expected = {3: 2, 4: 5, 5: 1}
    assert store.read(0, expected).keys() == expected.keys()
    (path,) = store.folder.glob("part-*.parquet")
    before = path.read_bytes()
    damage(path)
    assert path.read_bytes() != before
    assert store.read(0, expected) == {}


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, {"a": 1})

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(pq, "write_table", full_disk)
    with pytest.raises(OSError, match="no space"):
        store.write(0, sample())
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
