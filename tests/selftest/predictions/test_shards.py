"""Shares of a dataset that processes compute which know nothing of each other."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.selftest.builders.crystals import write_extxyz
from tests.selftest.cli import CommandLineRun, Outcome
from umlip_gate.errors import InputError, MeasurementError
from umlip_gate.predictions.__main__ import main
from umlip_gate.predictions.dependencies import NONE
from umlip_gate.predictions.shards import Shard, ranges, status_lines
from umlip_gate.predictions.store import Store

pytestmark = pytest.mark.selftest

N_ROWS = 24


@given(st.lists(st.integers(1, 200), min_size=1, max_size=60), st.integers(1, 12))
def test_shards_are_a_partition_of_like_numbers_of_atoms(sizes: list[int], count: int) -> None:
    n_atoms = np.array(sizes)
    shards = [Shard(number, count).rows(n_atoms) for number in range(1, count + 1)]
    assert sorted(row for rows in shards for row in rows.tolist()) == list(range(len(sizes)))
    totals = [int(n_atoms[rows].sum()) for rows in shards]
    assert max(totals) - min(totals) <= max(sizes)
    assert all((np.diff(rows) > 0).all() for rows in shards)


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1.0/2"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="i/N with i from 1 to N"):
        Shard.parse(text)


def test_a_shard_is_read_as_it_is_written() -> None:
    assert str(Shard.parse("3/8")) == "3/8"


def test_row_numbers_are_written_as_ranges() -> None:
    assert ranges(np.array([0, 1, 2, 7, 9, 10])) == "0-2, 7, 9-10"
    assert ranges(np.arange(0, 30, 2), most=2) == "0, 2 and 13 more"


def test_the_status_names_the_shards_that_lack_rows() -> None:
    kept = np.array([True, False, True, True, False, True])
    assert status_lines(kept, np.ones(6, dtype=np.int64), 3) == [
        "4 of 6 configurations are kept",
        "shard 2/3: 2 of 2 lack: rows 1, 4",
        "shards that lack rows: 2",
    ]
    assert status_lines(kept, np.ones(6, dtype=np.int64), 1)[1:] == ["2 of 6 lack: rows 1, 4"]
    assert len(status_lines(np.ones(6, dtype=bool), np.ones(6, dtype=np.int64), 3)) == 1


def test_what_several_processes_have_read_is_kept_of_all(tmp_path: Path) -> None:
    """And a file that one of them found changed is an error, whoever read it first."""
    one, other = Store(tmp_path, {"a": 1}), Store(tmp_path, {"a": 1})
    one.record([NONE | {"files": {"weights": "1"}}])
    other.record([NONE | {"files": {"settings": "2"}}])
    kept = json.loads((one.folder / "dependencies.json").read_text())
    assert kept["files"] == {"weights": "1", "settings": "2"}
    with pytest.raises(MeasurementError, match="settings was changed"):
        one.record([NONE | {"files": {"settings": "3"}}])


def test_the_time_of_change_of_a_nodes_own_installation_is_no_change(tmp_path: Path) -> None:
    store = Store(tmp_path, {"a": 1})
    for changed_ns in (5, 6):
        store.record([NONE | {"installed": {"site-packages": {"ase.py": [10, changed_ns, "d"]}}}])
    with pytest.raises(MeasurementError, match="was changed"):
        store.record([NONE | {"installed": {"site-packages": {"ase.py": [10, 6, "e"]}}}])


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    """Crystals of which one, in the first of two shards, waits for the file `go`."""
    cli = CommandLineRun(tmp_path)
    write_extxyz(tmp_path / "crystals.xyz", N_ROWS, trigger_row=N_ROWS - 1)
    data = tmp_path / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", f"rows = {N_ROWS}"))
    (tmp_path / "weights").write_text("any")
    arguments = '[arguments]\nfile = "{checkpoint}"\n'
    cli.candidate("fakes:noted", arguments, checkpoint="weights")
    return cli


def command(*arguments: str) -> list[str]:
    module = [sys.executable, "-m", "umlip_gate.predictions", "mine.toml", "crystals"]
    return [*module, "--datasets", "data.toml", "--workers", "1", *arguments]


def start(cli: CommandLineRun, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command(*arguments),
        cwd=cli.folder,
        env=cli.environment | {"PYTHONPATH": str(cli.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(cli: CommandLineRun, *arguments: str) -> Outcome:
    process = start(cli, *arguments)
    output, _ = process.communicate(timeout=300)
    return Outcome(process.returncode, output)


def evaluated(cli: CommandLineRun) -> int:
    notes = cli.folder / "notes"
    return len(notes.read_text().splitlines()) if notes.exists() else 0


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(2400):
        if condition():
            return
        threading.Event().wait(0.05)
    pytest.fail("two minutes passed before the condition held")


def test_shards_in_parallel_one_killed_and_run_again(cli: CommandLineRun) -> None:
    n_atoms = np.array([16 if row % 3 == 0 else 2 for row in range(N_ROWS - 1)] + [7])
    (waiting,) = [n for n in (1, 2) if N_ROWS - 1 in Shard(n, 2).rows(n_atoms)]
    shards = {number: start(cli, "--shard", f"{number}/2") for number in (1, 2)}
    output, _ = shards[3 - waiting].communicate(timeout=300)
    assert shards[3 - waiting].returncode == 0, output
    assert f"{N_ROWS // 2} of {N_ROWS} configurations are kept" in output
    wait_until(lambda: evaluated(cli) > N_ROWS // 2)
    os.kill(shards[waiting].pid, signal.SIGKILL)
    shards[waiting].wait()

    status = run(cli, "--status", "2")
    assert status.code == 1
    assert f"shards that lack rows: {waiting}\n" in status.output
    assert re.search(
        rf"shard {waiting}/2: \d+ of {N_ROWS // 2} lack: .*{N_ROWS - 1}\n", status.output
    )

    (cli.folder / "go").touch()
    again = run(cli, "--shard", f"{waiting}/2")
    assert again.code == 0, again.output
    assert run(cli, "--status").code == 0
    before = evaluated(cli)
    assert run(cli, "--shard", f"{waiting}/2").code == 0  # there is nothing to do
    judged = cli.judge()
    assert judged.code == 0, judged.output
    assert judged.verdicts["energy"]["value"] == pytest.approx(0.248857, abs=1e-6)
    assert evaluated(cli) == before


def test_a_run_of_pytest_computes_only_what_lacks(cli: CommandLineRun) -> None:
    (cli.folder / "go").touch()
    assert run(cli, "--shard", "1/2").code == 0
    assert evaluated(cli) == N_ROWS // 2
    judged = cli.judge()
    assert judged.code == 0, judged.output
    assert evaluated(cli) == N_ROWS


def test_a_row_that_is_lost_lacks_and_the_others_are_kept(cli: CommandLineRun) -> None:
    cli.candidate("fakes:segfaults", checkpoint="weights", python=sys.executable)
    text = (cli.folder / "mine.toml").read_text().replace('"fakes:segfaults"', '"own:make"')
    (cli.folder / "mine.toml").write_text(text + '[arguments]\nfile = "{checkpoint}"\n')
    (cli.folder / "own.py").write_text(
        "import fakes\n\n\ndef make(file):\n    return fakes.segfaults()\n"
    )
    lost = run(cli)
    assert lost.code == 1
    assert f"configuration {N_ROWS - 1} (W7): the worker died of SIGSEGV" in lost.output
    status = run(cli, "--status")
    assert status.code == 1
    assert f"1 of {N_ROWS} lack: rows {N_ROWS - 1}\n" in status.output


def test_predictions_that_serve_one_process_alone_are_refused(cli: CommandLineRun) -> None:
    cli.candidate("fakes:honest")
    refused = run(cli, "--shard", "1/2")
    assert refused.code == 2
    assert "give the candidate file a checkpoint" in refused.output
    assert not evaluated(cli)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["CHGNet_0.3.0", "W-h"], "no such dataset; did you mean 'W-s'"),
        (["CHGNet_0.3.1", "W-g"], "no such model, and no TOML file; did you mean 'CHGNet_0.3.0'"),
        (["nowhere.toml", "W-g"], "nowhere.toml: cannot be read"),
        (["CHGNet_0.3.0", "W-g", "--shard", "9/8"], "--shard 9/8: i/N with i from 1 to N"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UMLIP_GATE_CACHE", str(tmp_path / "cache"))
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list((tmp_path / "cache").glob("runs/*"))


def test_a_status_of_no_shards_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["CHGNet_0.3.0", "W-g", "--status", "0"])
    assert ended.value.code == 2
    assert "no whole number from 1 on" in capsys.readouterr().err
