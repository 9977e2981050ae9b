"""Twenty runs that are killed at random moments, each resumed by the next."""

import json
import random
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.selftest.builders.crystals import structures, write_extxyz
from tests.selftest.cli import CommandLineRun, Outcome
from umlip_gate.predictions.cores import MOST_WORKERS, usable_cores
from umlip_gate.predictions.pool import PART_S
from umlip_gate.predictions.store import Store

pytestmark = [pytest.mark.selftest, pytest.mark.slow]

N_ROWS, N_KILLS, SECONDS = 1500, 20, 0.1
N_WORKERS = min(usable_cores(), MOST_WORKERS)
MOST_LOST = N_WORKERS * (PART_S / SECONDS + 2)
"""A part of each worker, the row in work, and the one that the part was closed with."""


@pytest.fixture
def desk(tmp_path: Path) -> CommandLineRun:
    desk = CommandLineRun(tmp_path)
    write_extxyz(tmp_path / "crystals.xyz", N_ROWS)
    data = tmp_path / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", f"rows = {N_ROWS}"))
    (tmp_path / "weights").write_text("any")
    arguments = f'[arguments]\nfile = "{{checkpoint}}"\nseconds = {SECONDS}\n'
    desk.candidate("fakes:paced", arguments, checkpoint="weights")
    return desk


def evaluated(desk: CommandLineRun) -> int:
    notes = desk.folder / "notes"
    return len(notes.read_text().splitlines()) if notes.exists() else 0


def kept(desk: CommandLineRun, n_atoms: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> int:
    folders = [path.parent for path in (desk.folder / "cache").glob("predictions/*/identity.json")]
    if not folders:
        return 0
    (folder,) = folders
    identity = json.loads((folder / "identity.json").read_text())
    return int(Store(folder.parent, identity).done(n_atoms).sum())


def killed_after(desk: CommandLineRun, seconds: float) -> None:
    """Run, and kill so long after the first evaluation."""
    before = evaluated(desk)
    run = subprocess.Popen(
        desk.judging(), cwd=desk.root, env=desk.environment, stdout=subprocess.DEVNULL
    )
    while evaluated(desk) == before:
        assert run.poll() is None
        threading.Event().wait(0.05)
    threading.Event().wait(seconds)
    assert run.poll() is None, "the run ended before it was killed"
    run.kill()
    run.wait()


def measured(outcome: Outcome) -> dict[str, Any]:
    """What is in a results file but for the commit, which a person may make meanwhile."""
    leaves = outcome.leaves()
    del leaves["/suite/commit"]
    return leaves


def test_killed_runs_lose_no_row_and_at_most_a_part_of_each_worker(desk: CommandLineRun) -> None:
    whole = desk.judge()
    assert whole.code == 0, whole.output
    shutil.rmtree(desk.folder / "cache")
    (desk.folder / "notes").unlink()

    n_atoms = np.array([len(atoms) for atoms in structures(N_ROWS)])
    moments = random.Random(20261201)  # noqa: S311 - no secret
    rows = 0
    for _ in range(N_KILLS):
        before = evaluated(desk)
        killed_after(desk, moments.uniform(0, 1.8 * PART_S))
        threading.Event().wait(2 * SECONDS)  # what a worker was evaluating is noted
        now = kept(desk, n_atoms)
        assert rows <= now
        assert evaluated(desk) - before - (now - rows) <= MOST_LOST
        rows = now
    assert 0 < rows < N_ROWS
    resumed = desk.judge()
    assert resumed.code == 0, resumed.output
    assert kept(desk, n_atoms) == N_ROWS
    assert measured(resumed) == measured(whole)
