"""How long structures take through the suite's workers, beside what a person would write.

`python -m benchmarks.evaluation_speed cuda SevenNet-0 CHGNet_0.3.0`, in an environment that has the
models' packages, evaluates W-g, or with `--made 4000` so many made crystals of magnesium of 1 to 12
atoms, and prints a line for each way. Beside the suite stands a loop over the package's own ASE
calculator (`--no-plain` leaves it out), and for SevenNet-0 with `--torch-sim 4000` torch-sim in
batches of so many atoms. `--repeat 10` takes every configuration ten times, `--workers 2` so many
workers, as far as the GPU has room.

Each way has loaded its model and answered one structure before its time begins; how long that takes
stands apart, of the loops with the reading of the structures and the writing of the answers.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase.build import bulk

from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import load_registry
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import errors_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.models.prepare import RunnableModel, prepare_model
from umlip_gate.models.registry import Model, load_models
from umlip_gate.plugin import SUITE
from umlip_gate.plugin.run_settings import worker_share
from umlip_gate.predictions.compute import compute
from umlip_gate.predictions.gpus import slots, visible_gpus
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Store
from umlip_gate.settings import FIXTURES, Settings, cache_folder, mirror_folder

PLAIN = SUITE / "cost" / "plain_ase_loop.py"
TORCH_SIM = Path(__file__).with_name("torch_sim_loop.py")
write = sys.stdout.write


@dataclass(frozen=True)
class Way:
    """What one way of evaluation took, s, and answered."""

    name: str
    start_s: float
    wall_s: float
    predictions: Predictions


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("device", choices=["cpu", "cuda"])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--made", type=int, metavar="N")
    parser.add_argument("--repeat", type=int, default=1, metavar="N")
    parser.add_argument("--workers", type=int, action="append", metavar="N")
    parser.add_argument("--no-plain", dest="plain", action="store_false")
    parser.add_argument("--torch-sim", type=int, metavar="ATOMS")
    asked = parser.parse_args()
    write("| model | structures | way | start, s | wall, s | a second | energy RMSE, meV/atom |")
    write(" force RMSE, meV/Å | gap, eV/atom | gap, eV/Å | failed |\n|---|---|---|" + "---:|" * 8)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(cache_folder(), Path(folder), mirror_folder())
        dataset = made_crystals(asked.made) if asked.made else load_w_g(settings)
        dataset = dataset.select(np.tile(np.arange(len(dataset)), asked.repeat))
        for name in asked.models:
            ours = None
            for way in _ways(load_models()[name], dataset, asked, settings):
                ours = ours or way
                line = _line(way, ours, dataset, has_reference=not asked.made)
                write(f"\n| {name} | {line} |")
                sys.stdout.flush()
    write("\n")


def load_w_g(settings: Settings) -> Configurations:
    """Return the dataset W-g."""
    registry = load_registry(FIXTURES / "datasets.toml")
    return load_dataset(registry["W-g"], settings).configurations


def made_crystals(n: int) -> Configurations:
    """Make crystals of 1 to 12 atoms, rattled and strained, of no energy."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(n):
        lattice, n_basis = [("fcc", 1), ("bcc", 1), ("hcp", 2)][number % 3]
        repeats = [1, 1, int(random.integers(1, 12 // n_basis + 1))]
        a_ang = {"fcc": 4.52, "bcc": 3.58, "hcp": 3.2}[lattice] * random.uniform(0.95, 1.05)
        atoms = bulk("Mg", lattice, a=a_ang).repeat(random.permutation(repeats))
        atoms.rattle(0.05, seed=number)
        rows.append(Row(atoms, 0.0, np.zeros((len(atoms), 3))))
    return Configurations.from_rows(rows)


def _ways(
    model: Model, dataset: Configurations, asked: argparse.Namespace, settings: Settings
) -> Iterator[Way]:
    """Evaluate by each way that is asked for, the suite first."""
    file = settings.run / "structures.npz"
    np.savez(
        file,
        n_atoms=dataset.n_atoms,
        numbers=dataset.numbers,
        positions=dataset.positions,
        cells=dataset.cells,
    )
    live = prepare_model(model, asked.device, settings)
    for n_workers in asked.workers or [None]:
        yield _ours(live, dataset, settings, n_workers)
    if asked.plain:
        yield _theirs("plain ASE loop", PLAIN, str(file), model.family, asked.device)
    if asked.torch_sim and model.family == "sevennet":
        yield _theirs("torch-sim", TORCH_SIM, str(file), asked.device, str(asked.torch_sim))


def _line(way: Way, ours: Way, dataset: Configurations, *, has_reference: bool) -> str:
    found, own = way.predictions, ours.predictions
    errors = ("", "")
    if has_reference:
        values = measure_errors(ErrorSet((errors_of(dataset, found),))).values
        errors = (
            f"{values['energy_rmse']['per_atom']:.4f}",
            f"{values['force_rmse']['component']:.4f}",
        )
    cells = [
        f"{len(dataset):,}",
        way.name,
        f"{way.start_s:.1f}",
        f"{way.wall_s:.1f}",
        f"{len(dataset) / way.wall_s:.0f}",
        *errors,
        f"{np.nanmax(np.abs(found.energies - own.energies) / dataset.n_atoms):.1e}",
        f"{np.nanmax(np.abs(found.forces - own.forces)):.1e}",
        str(len(found.failures)),
    ]
    return " | ".join(cells)


def _ours(
    live: RunnableModel, dataset: Configurations, settings: Settings, n_workers: int | None
) -> Way:
    share = n_workers or worker_share()
    gpus: list[str | None] = [None] * share
    if live.job.device != "cpu":
        gpus = slots(
            visible_gpus(),
            workers_per_gpu=live.workers_per_gpu,
            gib_per_worker=live.gib_per_worker,
            n_cores=share,
            n_batches=int(dataset.n_atoms.sum()) // live.atoms_per_batch + 1,
        )
    pool = Pool(live.job, gpus, settings.run)
    begun_s = time.perf_counter()
    pool.evaluate([[0]] * len(gpus), dataset.atoms, lambda *_: None)
    ready_s = time.perf_counter()
    predictions = compute(
        pool,
        Store(settings.run / f"predictions-{share}", {"model": str(live.job.checkpoint)}),
        dataset,
        np.arange(len(dataset)),
        atoms_per_batch=live.atoms_per_batch,
        announce=lambda text: print(text, file=sys.stderr),  # noqa: T201
    )
    wall_s = time.perf_counter() - ready_s
    return Way(f"suite, {len(gpus)} worker(s)", ready_s - begun_s, wall_s, predictions)


def _theirs(name: str, script: Path, *arguments: str) -> Way:
    command = [sys.executable, str(script), *arguments]
    begun_s = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        sys.exit(f"{script.name} ended with exit code {run.returncode}:\n{run.stderr}")
    wall_s = time.perf_counter() - begun_s
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    predictions = Predictions(
        np.array(answer["energies_ev"]), np.array(answer["forces_ev_per_ang"]), {}
    )
    named = f"{name} ({answer['neighbours']})" if "neighbours" in answer else name
    return Way(named, wall_s - answer["wall_s"], answer["wall_s"], predictions)


if __name__ == "__main__":
    main()
