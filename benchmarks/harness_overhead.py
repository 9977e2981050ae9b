"""What the suite adds to an evaluation, from the configurations in memory to predictions read back.

`python -m benchmarks.harness_overhead [N]` evaluates N (10,000) made configurations of 20 atoms
with a calculator that costs nothing, and prints CPU milliseconds a configuration of the suite's
process and of its workers.
"""

import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.compute import compute
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.store import Store

N_ATOMS, N_WORKERS, CELL_ANG = 20, 2, 7.0


def made(n: int) -> Configurations:
    """Return random positions, no two within 0.1 Å as far as chance allows."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*3 * [np.arange(3)], indexing="ij"), -1).reshape(-1, 3)[:N_ATOMS]
    positions = (grid + 0.5 + rng.uniform(-0.2, 0.2, size=(n, N_ATOMS, 3))) * CELL_ANG / 3
    return Configurations(
        n_atoms=np.full(n, N_ATOMS),
        numbers=np.full(n * N_ATOMS, 74),
        positions=positions.reshape(-1, 3),
        cells=np.tile(CELL_ANG * np.eye(3), (n, 1, 1)),
        pbc=np.ones((n, 3), dtype=bool),
        energies=np.zeros(n),
        forces=np.zeros((n * N_ATOMS, 3)),
        groups=np.arange(n),
    )


def cpu_s(who: int) -> float:
    """Return the CPU time of this process, or of those that it started and that ended, s."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main(n: int) -> None:
    """Print the table."""
    configurations = made(n)
    settings = {"calculator": "free_calculator:make", "arguments": {}}
    here = str(Path(__file__).parent)
    job = Job(Path(sys.executable), "ase", settings=settings, dtype="float64", path=(here,))
    with TemporaryDirectory() as name:
        folder = Path(name)
        own, workers, wall = (
            cpu_s(resource.RUSAGE_SELF),
            cpu_s(resource.RUSAGE_CHILDREN),
            time.perf_counter(),
        )
        predictions = compute(
            Pool(job, [None] * N_WORKERS, folder),
            Store(folder / "predictions", {}),
            configurations,
            np.arange(n),
            atoms_per_batch=1,
            announce=lambda _: None,
        )
        found = {
            "suite": cpu_s(resource.RUSAGE_SELF) - own,
            "workers, with their start": cpu_s(resource.RUSAGE_CHILDREN) - workers,
            "wall": time.perf_counter() - wall,
        }
    assert len(predictions) == n
    for what, seconds in found.items():
        sys.stdout.write(f"{what}: {seconds:.2f} s, {1000 * seconds / n:.3f} ms/configuration\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
