"""How long W-g takes through the suite's workers, beside a plain ASE loop on the same device.

`python -m benchmarks.evaluation_speed cpu|cuda SevenNet-0 CHGNet_0.3.0`, in an environment that has
the models' packages, prints one line a model. The start of the suite's workers counts; the plain
loop's time begins after its model is loaded.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.registry import load_registry
from umlip_gate.models.registry import load_models
from umlip_gate.plugin.run_settings import worker_share
from umlip_gate.predictions.sources import PredictionSources
from umlip_gate.settings import FIXTURES, Settings, cache_folder, mirror_folder

PLAIN = Path(__file__).with_name("plain_ase_loop.py")


def main(device: str, names: list[str]) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        settings = Settings(cache_folder(), cache / "run", mirror_folder())
        settings.run.mkdir(parents=True)
        datasets = DatasetCache(load_registry(FIXTURES / "datasets.toml"), settings)
        view = datasets.view("W-g")
        reference = view.configurations
        np.savez(
            cache / "w-g.npz",
            n_atoms=reference.n_atoms,
            numbers=reference.numbers,
            positions=reference.positions,
            cells=reference.cells,
        )
        fresh = Settings(cache / "cache", settings.run, mirror_folder())
        print("| model | plain ASE loop, s | suite, s | ratio | largest gap, eV/atom | failed |")  # noqa: T201
        for name in names:
            model = load_models()[name]
            command = [sys.executable, str(PLAIN), str(cache / "w-g.npz"), model.family, device]
            run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
            plain = json.loads(run.stdout.splitlines()[-1])
            sources = PredictionSources(
                DatasetCache(datasets.datasets, fresh),
                device,
                None,
                worker_share(),
                lambda text: print(text, file=sys.stderr),  # noqa: T201
            )
            start_s = time.perf_counter()
            predictions = sources.of(model, view, np.arange(len(reference)), choice="live")
            wall_s = time.perf_counter() - start_s
            gap = np.abs(predictions.energies - plain["energies_ev"]) / reference.n_atoms
            print(  # noqa: T201 - what the page quotes
                f"| {name} | {plain['wall_s']:.1f} | {wall_s:.1f} "
                f"| {plain['wall_s'] / wall_s:.1f} | {np.nanmax(gap):.1e} "
                f"| {len(predictions.failures)} |"
            )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
