"""An array of a real Slurm, of which one shard is cancelled and one node dies in mid-run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest

from tests.selftest.builders import fakes
from tests.selftest.builders.crystals import labelled
from tests.selftest.builders.slurm import Slurm, wait_until
from tests.selftest.checkout import ROOT
from tests.selftest.cli import ENERGY, FAILED, CommandLineRun
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.registry import load_registry
from umlip_gate.models.candidate import load_candidate
from umlip_gate.predictions.sources import PredictionSources
from umlip_gate.settings import FIXTURES, Settings

pytestmark = [pytest.mark.selftest, pytest.mark.slurm]

N_ROWS, N_SHARDS = 2000, 3


@pytest.fixture
def desk(tmp_path: Path) -> CommandLineRun:
    """2,000 crystals; in the middle of each shard one waits for the file `go`."""
    desk = CommandLineRun(tmp_path)
    waiting = [labelled(row + 1, trigger_row=row)[row] for row in range(1, N_SHARDS)]
    images = [*labelled(N_ROWS - len(waiting)), *waiting]
    ase.io.write(tmp_path / "crystals.xyz", images, format="extxyz")
    data = tmp_path / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", f"rows = {N_ROWS}"))
    (tmp_path / "weights").write_text("any")
    desk.candidate("fakes:noted", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    (tmp_path / "array.sh").write_text(documented_script())
    return desk


def documented_script() -> str:
    """The script of docs/cluster.md, with another number of shards."""
    text = (ROOT / "docs" / "cluster.md").read_text()
    script: str = re.findall(r"```bash\n(#!/bin/bash\n.*?)```", text, re.DOTALL)[0]
    assert "--array=1-8\n" in script
    assert '_ID/8"' in script
    return script.replace("--array=1-8", f"--array=1-{N_SHARDS}").replace("/8", f"/{N_SHARDS}")


def variables(desk: CommandLineRun) -> dict[str, str]:
    folder = Path(sys.executable).parent
    return desk.environment | {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(desk.root),
    }


def submit(slurm: Slurm, desk: CommandLineRun, dataset: str, *options: str) -> str:
    script = [f"{desk.folder}/array.sh", "mine.toml", dataset, "--datasets", "data.toml"]
    places = [f"--chdir={desk.folder}", f"--output={desk.folder}/job-%A-%a.log"]
    own = {key: value for key, value in variables(desk).items() if key != "SLURM_CONF"}
    return slurm.ask("sbatch", "--parsable", *places, *options, *script, **own)


def evaluated(desk: CommandLineRun) -> int:
    notes = desk.folder / "notes"
    return len(notes.read_text().splitlines()) if notes.exists() else 0


def status(desk: CommandLineRun, dataset: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "umlip_gate.predictions", "mine.toml", dataset]
    done = subprocess.run(
        [*command, "--datasets", "data.toml", "--status", str(N_SHARDS)],
        cwd=desk.folder,
        env=variables(desk),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def logs(desk: CommandLineRun) -> str:
    return "\n".join(path.read_text() for path in sorted(desk.folder.glob("job-*.log")))


def test_an_array_survives_a_cancelled_shard_and_a_dead_node(
    slurm: Slurm, desk: CommandLineRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_atoms = np.array([len(atoms) for atoms in ase.io.iread(desk.folder / "crystals.xyz")])
    larger = int((n_atoms > fakes.TRIGGER).sum())
    job = submit(slurm, desk, "crystals", "--cpus-per-task=1")
    wait_until(lambda: evaluated(desk) == larger + N_SHARDS, "every shard waited")
    nodes = slurm.running()
    assert len(nodes) == N_SHARDS, logs(desk)
    assert len(set(nodes.values())) == 2
    shared_node = next(n for n in nodes.values() if list(nodes.values()).count(n) == 2)
    cancelled = next(task for task, node in nodes.items() if node == shared_node)
    slurm.ask("scancel", cancelled)
    wait_until(lambda: cancelled not in slurm.running(), "the shard was cancelled")
    slurm.kill_node(shared_node)
    (desk.folder / "go").touch()
    slurm.start_node(shared_node)
    wait_until(slurm.is_empty, "the other shards were done")

    number = int(cancelled.rpartition("_")[2])
    code, text = status(desk, "crystals")
    assert code == 1, logs(desk)
    assert f"shards that lack rows: {number}\n" in text, logs(desk)
    again = submit(slurm, desk, "crystals", "--cpus-per-task=1", f"--array={number}")
    submit(slurm, desk, "refractory-mini", "--cpus-per-task=1")
    assert again != job
    wait_until(slurm.is_empty, "the shard was done again")
    for dataset in ("crystals", "refractory-mini"):
        assert status(desk, dataset)[0] == 0, logs(desk)

    before = evaluated(desk)
    elsewhere = ENERGY | {"name": "elsewhere", "dataset": "refractory-mini", "max": 1e9}
    desk.gate(ENERGY, FAILED, elsewhere)
    judged = desk.judge()
    assert judged.code == 0, judged.output
    assert evaluated(desk) == before
    for name in ("FAKE_NOTES", "FAKE_GO"):
        monkeypatch.setenv(name, desk.environment[name])
    for dataset in ("crystals", "refractory-mini"):
        check_predictions(desk, dataset)


def check_predictions(desk: CommandLineRun, dataset: str) -> None:
    """Compare what is kept with the calculator itself, evaluated here."""
    cache = desk.folder / "cache"
    registry = load_registry(FIXTURES / "datasets.toml", [desk.folder / "data.toml"])
    datasets = DatasetCache(registry, Settings(cache, desk.folder / "run"))
    view = datasets.view(dataset)
    sources = PredictionSources(datasets, "cpu", None, 1, lambda _: None)
    candidate = load_candidate(desk.folder / "mine.toml", set(), set())
    before = evaluated(desk)
    n = len(view.configurations)
    predictions = sources.of(candidate, view, np.arange(n))
    assert evaluated(desk) == before
    assert not predictions.failures
    offsets = view.configurations.offsets
    for row in range(0, n, 1 if n < N_ROWS else 20):
        atoms = view.configurations.atoms(row)
        atoms.calc = fakes.Fake()
        own = predictions.forces[offsets[row] : offsets[row + 1]]
        assert predictions.energies[row] == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
        np.testing.assert_allclose(own, atoms.get_forces(), atol=1e-9)
