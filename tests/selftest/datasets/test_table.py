import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.selftest.builders.datasets import (
    WRITERS,
    forces_of,
    made_dataset,
    made_rows,
    made_settings,
    write_extxyz,
)
from tests.selftest.checkout import ROOT
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.digests import git_blob_sha1_of, sha256_of
from umlip_gate.datasets.load import deciding_code, load_dataset
from umlip_gate.datasets.registry import Dataset, load_registry
from umlip_gate.datasets.table import read_table, write_table
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.settings import Settings

pytestmark = pytest.mark.selftest

ROWS = made_rows(6)
DIGEST = Configurations.from_rows(ROWS).digest


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return made_settings(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.xyz"
    write_extxyz(path, ROWS)
    return path


def tables(settings: Settings) -> list[Path]:
    return sorted(settings.tables.iterdir())


def at_an_address(file: Path, settings: Settings, **known: str) -> Dataset:
    """The dataset of a file that was downloaded before."""
    kept = settings.downloads / "example.org" / "data.xyz"
    kept.parent.mkdir(parents=True)
    file.rename(kept)
    return made_dataset(files=[{"url": "https://example.org/data.xyz"} | known])


def test_a_table_gives_back_every_bit(tmp_path: Path) -> None:
    configurations = Configurations.from_rows(ROWS)
    write_table(tmp_path / "table.parquet", configurations)
    back, _ = read_table(tmp_path / "table.parquet")
    assert back.digest == configurations.digest
    for name in ("numbers", "positions", "forces", "cells"):
        array = getattr(back, name)
        np.testing.assert_array_equal(array, getattr(configurations, name))
        assert not array.flags.owndata, f"{name} was copied"


@pytest.mark.parametrize("reader", WRITERS)
def test_a_second_load_reads_the_table(reader: str, tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "data"
    WRITERS[reader](file, ROWS)
    dataset = made_dataset(file, reader=reader, rows=6)
    assert load_dataset(dataset, settings).configurations.digest == DIGEST
    (table,) = tables(settings)
    stamp = table.stat().st_mtime_ns
    assert load_dataset(dataset, settings).configurations.digest == DIGEST
    assert tables(settings) == [table]
    assert table.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("known", ["sha256", "git_blob_sha1", "nothing"])
def test_a_table_is_enough_once_the_digest_is_known(
    known: str, file: Path, settings: Settings
) -> None:
    digests = {"sha256": sha256_of(file), "git_blob_sha1": git_blob_sha1_of(file)}
    stated = {name: digest for name, digest in digests.items() if name == known}
    dataset = at_an_address(file, settings, **stated)
    assert load_dataset(dataset, settings).configurations.digest == DIGEST
    (settings.downloads / "example.org" / "data.xyz").unlink()
    assert load_dataset(dataset, settings).configurations.digest == DIGEST
    tables(settings)[0].unlink()
    with pytest.raises(Unavailable, match="made: "):
        load_dataset(dataset, settings)


def test_a_brought_file_that_changes_is_read_again(file: Path, settings: Settings) -> None:
    dataset = made_dataset(file)
    assert load_dataset(dataset, settings).configurations.digest == DIGEST
    write_extxyz(file, ROWS[:4])
    assert len(load_dataset(dataset, settings).configurations) == 4
    file.unlink()
    with pytest.raises(InputError, match="no such file"):
        load_dataset(dataset, settings)


def test_a_table_is_not_taken_for_what_it_was_not_checked_against(
    file: Path, settings: Settings
) -> None:
    load_dataset(made_dataset(file), settings)
    for registered in ({"rows": 7}, {"elements": ["Al"]}, {"duplicates": 1}):
        with pytest.raises(InputError, match="not sound"):
            load_dataset(made_dataset(file, **registered), settings)


def test_one_file_read_in_two_ways_makes_two_tables(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "data.cfg"
    WRITERS["mtp-cfg"](file, ROWS)
    ways: list[dict[str, object]] = [
        {},
        {"selection": {"first_row": 0, "last_row": 3}},
        {"selection": {"first_row": 1, "last_row": 3}},
        {"types": ["Mo", "Ta", "W"]},
    ]
    datasets = [made_dataset(file, reader="mtp-cfg", **way) for way in ways]
    digests = [load_dataset(dataset, settings).configurations.digest for dataset in datasets]
    assert len(set(digests)) == len(tables(settings)) == len(ways)
    assert [
        load_dataset(dataset, settings).configurations.digest for dataset in datasets
    ] == digests


def cut(table: Path) -> None:
    table.write_bytes(table.read_bytes()[:-100])


def empty(table: Path) -> None:
    table.write_bytes(b"")


def flip_a_bit(table: Path) -> None:
    content = bytearray(table.read_bytes())
    force = content.find(forces_of(ROWS[2]).tobytes())
    assert force > 0
    content[force] ^= 1
    table.write_bytes(content)


def swap(table: Path) -> None:
    other = Configurations.from_rows(made_rows(6, seed=1))
    object.__setattr__(other, "digest", DIGEST)
    write_table(table, other)
    object.__delattr__(other, "digest")
    assert other.digest != DIGEST


@pytest.mark.parametrize("damage", [cut, empty, flip_a_bit, swap])
def test_a_damaged_table_is_made_anew(
    damage: Callable[[Path], None],
    file: Path,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    dataset = made_dataset(file)
    load_dataset(dataset, settings)
    (table,) = tables(settings)
    whole = table.read_bytes()
    damage(table)
    with pytest.raises(InputError):
        read_table(table)
    assert load_dataset(dataset, settings).configurations.digest == DIGEST
    assert "it is made anew" in caplog.text
    assert table.read_bytes() == whole


def test_what_a_killed_run_was_writing_is_cleared(file: Path, settings: Settings) -> None:
    settings.tables.mkdir(parents=True)
    old, young = (settings.tables / f".t.parquet.{digit * 32}.part" for digit in "ab")
    for leftover in (old, young):
        leftover.write_bytes(b"half")
    os.utime(old, (0, 0))
    load_dataset(made_dataset(file), settings)
    assert [path.name for path in tables(settings) if path.suffix == ".part"] == [young.name]


def test_eight_processes_make_the_same_table_at_once(file: Path, settings: Settings) -> None:
    program = f"""
import sys
from pathlib import Path
from tests.selftest.builders.datasets import made_dataset, made_settings
from umlip_gate.datasets import load
read = load._read
def read_when_told(*arguments):
    configurations = read(*arguments)
    print("read", flush=True)
    sys.stdin.readline()
    return configurations
load._read = read_when_told
dataset = made_dataset(Path({str(file)!r}))
print(load.load_dataset(dataset, made_settings(Path({str(file.parent)!r}))).configurations.digest)
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    try:
        for process in processes:  # all have found no table before one is written
            assert process.stdout is not None
            assert process.stdout.readline() == "read\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in processes:
            output, _ = process.communicate(timeout=60)
            assert output.strip() == DIGEST
            assert process.returncode == 0
    finally:
        for process in processes:
            process.kill()
    assert [table.suffix for table in tables(settings)] == [".parquet"]
    assert load_dataset(made_dataset(file), settings).configurations.digest == DIGEST


def test_rows_are_selected_and_named_as_in_the_file(file: Path, settings: Settings) -> None:
    dataset = made_dataset(file, selection={"first_row": 2, "last_row": 4}, rows=3)
    expected = Configurations.from_rows(ROWS[2:5]).digest
    assert load_dataset(dataset, settings).configurations.digest == expected
    broken = [*ROWS[:3], ROWS[3]._replace(energy_ev=float("nan")), *ROWS[4:]]
    write_extxyz(file, broken)
    with pytest.raises(InputError, match=r"data.xyz row 3: the energy is nan"):
        load_dataset(dataset, settings)


def test_rows_beyond_the_end_of_the_file_cannot_be_selected(file: Path, settings: Settings) -> None:
    dataset = made_dataset(file, selection={"first_row": 2, "last_row": 6})
    with pytest.raises(InputError, match=r"data.xyz: 6 rows, but rows 2 to 6"):
        load_dataset(dataset, settings)
    assert not settings.tables.exists()


def test_a_brought_file_for_a_registered_id_with_a_row_too_few(
    file: Path, tmp_path: Path, settings: Settings
) -> None:
    registry, brought = tmp_path / "registry.toml", tmp_path / "my-datasets.toml"
    registry.write_text(
        '[W-g]\ntitle = "?"\nrows = 7\nelements = "any"\nstatus = "bring-your-own"\nreason = "?"'
    )
    brought.write_text('[W-g]\nfiles = [{ path = "data.xyz" }]\nreader = "extxyz"')
    dataset = load_registry(registry, [brought])["W-g"]
    with pytest.raises(InputError, match=r"data.xyz: 6 rows, but 7 are registered"):
        load_dataset(dataset, settings)
    write_extxyz(file, made_rows(7))
    assert len(load_dataset(dataset, settings).configurations) == 7


def test_several_files_follow_one_another(file: Path, tmp_path: Path, settings: Settings) -> None:
    more = tmp_path / "more.xyz"
    write_extxyz(more, made_rows(3, seed=1))
    together = Configurations.from_rows([*ROWS, *made_rows(3, seed=1)])
    assert load_dataset(made_dataset(file, more), settings).configurations.digest == together.digest


def test_the_message_says_how_to_bring_what_cannot_be_had(settings: Settings) -> None:
    dataset = made_dataset(
        files=[], reader=None, id="MoNb-d", status="bring-your-own", reason="no address is known"
    )
    with pytest.raises(Unavailable) as fault:
        load_dataset(dataset, settings)
    message = str(fault.value)
    assert message.startswith("MoNb-d: no address is known\n")
    assert "--umlip-datasets my-datasets.toml" in message
    lines = "\n".join(line for line in message.splitlines() if line.startswith("  "))
    brought = settings.cache.parent / "my-datasets.toml"
    brought.write_text(lines)
    registry = settings.cache.parent / "registry.toml"
    registry.write_text(
        '[MoNb-d]\ntitle = "?"\nelements = ["Mo"]\nstatus = "bring-your-own"\nreason = "?"'
    )
    assert load_registry(registry, [brought])["MoNb-d"].brought


def test_how_interaction_energies_are_brought_is_said(settings: Settings) -> None:
    dataset = made_dataset(
        files=[],
        reader=None,
        status="bring-your-own",
        reason="?",
        quantity="interaction energies",
    )
    with pytest.raises(Unavailable, match='reader = "interactions-extxyz"'):
        load_dataset(dataset, settings)


def test_a_cache_that_cannot_be_written_is_named(file: Path, settings: Settings) -> None:
    settings.cache.write_text("a file where a folder should be")
    with pytest.raises(InputError, match="UMLIP_GATE_CACHE"):
        load_dataset(made_dataset(file), settings)


def test_code_that_decides_a_table_renews_it_and_no_other_code_does() -> None:
    names = {path.name for path in deciding_code()}
    assert {"extxyz.py", "unpickle.py", "checks.py", "structures.py", "configurations.py"} <= names
    assert not names & {"registry.py", "load.py", "fetch.py", "download.py", "subset.py"}
    assert all(path.is_file() for path in deciding_code())
