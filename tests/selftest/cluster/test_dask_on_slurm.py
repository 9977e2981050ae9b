"""Dask through dask-jobqueue on a real Slurm: a job that dies, no node, and Ctrl-C."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.selftest.builders.crystals import write_extxyz
from tests.selftest.builders.slurm import NODES, Slurm, wait_until
from tests.selftest.cli import CommandLineRun
from tests.selftest.cluster.test_dask import needs_dask

pytestmark = [pytest.mark.selftest, pytest.mark.slurm, needs_dask]

N_ROWS = 200
SITE = """
kind = "slurm"
partition = "main"
jobs = 2
cores = 1
memory_gb = 1
walltime = "00:10:00"
interface = "lo"
prologue = ["export MODULES=loaded"]
wait_limit_s = {wait_limit_s}
"""


@pytest.fixture
def desk(tmp_path: Path) -> CommandLineRun:
    """Crystals of which one, after the larger ones, waits for the file `go`."""
    desk = CommandLineRun(tmp_path)
    write_extxyz(tmp_path / "crystals.xyz", N_ROWS)
    data = tmp_path / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", f"rows = {N_ROWS}"))
    (tmp_path / "weights").write_text("any")
    desk.candidate("fakes:noted", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    (tmp_path / "site.toml").write_text(SITE.format(wait_limit_s=120))
    return desk


def start(slurm: Slurm, desk: CommandLineRun) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        desk.judging(f"--umlip-executor={desk.folder / 'site.toml'}"),
        cwd=desk.root,
        env=desk.environment | {"SLURM_CONF": slurm.environment["SLURM_CONF"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def evaluated(desk: CommandLineRun) -> int:
    notes = desk.folder / "notes"
    return len(notes.read_text().splitlines()) if notes.exists() else 0


def test_a_job_that_is_cancelled_costs_its_batches(slurm: Slurm, desk: CommandLineRun) -> None:
    run = start(slurm, desk)
    wait_until(lambda: evaluated(desk) > 10 and len(slurm.running()) == 2, "two jobs ran")
    slurm.ask("scancel", next(iter(slurm.running())))
    (desk.folder / "go").touch()
    output, _ = run.communicate(timeout=300)
    assert run.returncode == 0, output
    assert evaluated(desk) >= N_ROWS
    wait_until(slurm.is_empty, "the jobs were cancelled")
    before = evaluated(desk)
    assert desk.judge().code == 0  # without a cluster, from what is kept
    assert evaluated(desk) == before


def test_ctrl_c_cancels_the_jobs(slurm: Slurm, desk: CommandLineRun) -> None:
    run = start(slurm, desk)
    wait_until(lambda: evaluated(desk) > 0, "a job evaluated")
    os.kill(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 2, output
    assert "interrupted by Ctrl-C" in output
    wait_until(slurm.is_empty, "the jobs were cancelled")


def test_a_queue_that_gives_no_node_is_an_error(slurm: Slurm, desk: CommandLineRun) -> None:
    for node in NODES:
        slurm.ask("scontrol", "update", f"nodename={node}", "state=drain", "reason=busy")
    (desk.folder / "site.toml").write_text(SITE.format(wait_limit_s=3))
    run = start(slurm, desk)
    output, _ = run.communicate(timeout=300)
    assert run.returncode == 6, output
    assert "no worker for 3 s: the queue gave no node" in output
    wait_until(slurm.is_empty, "the jobs were cancelled")
    for node in NODES:
        slurm.ask("scontrol", "update", f"nodename={node}", "state=resume")
