"""How long structures take through the suite's workers, beside what a person would write.

`python -m benchmarks.evaluation_speed cuda SevenNet-0 CHGNet_0.3.0`, in an environment that has the
models' packages, evaluates W-g, or with `--made 4000` so many made crystals of magnesium of 1 to 12
atoms, and prints one line for each model. Beside it a loop over the package's own ASE calculator
(`--no-plain` leaves it out), and with `--torch-sim 4000` torch-sim in batches of so many atoms. All
times begin once the models are loaded; how long the suite's workers take for that stands apart.
They and torch-sim have answered one structure by then, the plain loop none.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from ase.build import bulk

from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import load_registry
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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("device", choices=["cpu", "cuda"])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--made", type=int, metavar="N")
    parser.add_argument("--no-plain", dest="plain", action="store_false")
    parser.add_argument("--torch-sim", type=int, metavar="ATOMS")
    asked = parser.parse_args()
    write("| model | structures | plain ASE loop, s | torch-sim, s | start, s | suite, s |")
    write(" a second | plain / suite | largest gap, eV/atom | failed |\n|---|" + "---:|" * 9 + "\n")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(cache_folder(), Path(folder), mirror_folder())
        dataset = made_crystals(asked.made) if asked.made else load_w_g(settings)
        for name in asked.models:
            write(_line(load_models()[name], dataset, asked, settings) + "\n")
            sys.stdout.flush()


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


def _line(
    model: Model, dataset: Configurations, asked: argparse.Namespace, settings: Settings
) -> str:
    file = settings.run / "structures.npz"
    np.savez(
        file,
        n_atoms=dataset.n_atoms,
        numbers=dataset.numbers,
        positions=dataset.positions,
        cells=dataset.cells,
    )
    plain = torch_sim = None
    if asked.plain:
        plain = _run(PLAIN, str(file), model.family, asked.device)
    if asked.torch_sim:
        torch_sim = _run(TORCH_SIM, str(file), asked.device, str(asked.torch_sim))
    predictions, start_s, wall_s = _ours(
        prepare_model(model, asked.device, settings), dataset, settings
    )
    others = [np.array(other["energies_ev"]) for other in (plain, torch_sim) if other]
    gaps = [np.abs(predictions.energies - other) / dataset.n_atoms for other in others]
    cells = [
        model.id,
        f"{len(dataset):,}",
        f"{plain['wall_s']:.1f}" if plain else "",
        f"{torch_sim['wall_s']:.1f} ({torch_sim['neighbours']})" if torch_sim else "",
        f"{start_s:.1f}",
        f"{wall_s:.1f}",
        f"{len(dataset) / wall_s:.0f}",
        f"{plain['wall_s'] / wall_s:.1f}" if plain else "",
        f"{max(map(np.nanmax, gaps)):.1e}" if gaps else "",
        str(len(predictions.failures)),
    ]
    return f"| {' | '.join(cells)} |"


def _ours(
    live: RunnableModel, dataset: Configurations, settings: Settings
) -> tuple[Predictions, float, float]:
    """Return predictions, how long the workers took to start, and to evaluate, s."""
    gpus: list[str | None] = [None] * worker_share()
    if live.job.device != "cpu":
        gpus = slots(
            visible_gpus(),
            workers_per_gpu=live.workers_per_gpu,
            gib_per_worker=live.gib_per_worker,
            n_cores=worker_share(),
            n_batches=int(dataset.n_atoms.sum()) // live.atoms_per_batch + 1,
        )
    pool = Pool(live.job, gpus, settings.run)
    begun_s = time.perf_counter()
    pool.evaluate([[0]] * len(gpus), dataset.atoms, lambda *_: None)
    ready_s = time.perf_counter()
    predictions = compute(
        pool,
        Store(settings.run / "predictions", {"model": str(live.job.checkpoint)}),
        dataset,
        np.arange(len(dataset)),
        atoms_per_batch=live.atoms_per_batch,
        announce=lambda text: print(text, file=sys.stderr),  # noqa: T201
    )
    return predictions, ready_s - begun_s, time.perf_counter() - ready_s


def _run(script: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(script), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        sys.exit(f"{script.name} ended with exit code {run.returncode}:\n{run.stderr}")
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    main()
