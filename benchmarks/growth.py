"""How the suite's own cost grows with the number of configurations.

`python -m benchmarks.growth [N…]` makes N (1,000, 10,000 and 100,000) configurations of 20 atoms,
reads them from extended XYZ and from the table, predicts them with a calculator that costs nothing
and measures the errors. It prints CPU seconds, the most memory, and disk; each N is a process. More
than 100,000 begin as a table. The memory of a table's own pages, which the system may take back, is
counted in `memory` and not in `of its own`.
"""

import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.harness_overhead import N_ATOMS, N_WORKERS, cpu_s, made
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import load_registry
from umlip_gate.datasets.table import read_table, write_table
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import errors_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.compute import compute
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.store import Store
from umlip_gate.settings import FIXTURES, Settings

SIZES = (1_000, 10_000, 100_000)
MOST_READ = SIZES[-1]
DATA = """
[made]
title = "Made configurations of 20 atoms"
rows = {n}
elements = ["W"]
files = [{{ path = "made.xyz" }}]
reader = "extxyz"
"""


def write_extxyz(path: Path, configurations: Configurations) -> None:
    """Write energies and forces too, as a DFT code's output would have them."""
    rng = np.random.default_rng(1)
    places = configurations.positions.reshape(-1, N_ATOMS, 3)
    head = (
        '{n}\nLattice="7 0 0 0 7 0 0 0 7" pbc="T T T" energy={energy:.8f} '
        "Properties=species:S:1:pos:R:3:forces:R:3\n"
    )
    with path.open("w", encoding="ascii") as file:
        for positions in places:
            file.write(head.format(n=N_ATOMS, energy=rng.normal(-200)))
            columns = np.hstack([positions, rng.normal(size=positions.shape)])
            file.writelines("W " + " ".join(f"{x:.8f}" for x in row) + "\n" for row in columns)


def measure_growth(n: int) -> None:
    """Print the row of the table for n configurations."""
    found: dict[str, float] = {}
    own = OwnMemory()

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        begun_s = cpu_s(resource.RUSAGE_SELF) + cpu_s(resource.RUSAGE_CHILDREN)
        yield
        found[what] = cpu_s(resource.RUSAGE_SELF) + cpu_s(resource.RUSAGE_CHILDREN) - begun_s

    with TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(folder / "cache", folder / "run")
        table = settings.tables / "made.parquet"
        if n <= MOST_READ:
            write_extxyz(folder / "made.xyz", made(n))
            (folder / "data.toml").write_text(DATA.format(n=n), encoding="ascii")
            registry = load_registry(FIXTURES / "datasets.toml", [folder / "data.toml"])
            with timed("read"):
                load_dataset(registry["made"], settings)
            (table,) = settings.tables.rglob("*.parquet")
        else:
            _run("--write", str(n), str(table))
        with timed("table"):
            configurations, _ = read_table(table)
        about = {"calculator": "free_calculator:make", "arguments": {}}
        here = str(Path(__file__).parent)
        job = Job(Path(sys.executable), "ase", settings=about, dtype="float64", path=(here,))
        with timed("predict"):
            predictions = compute(
                Pool(job, [None] * N_WORKERS, folder),
                Store(settings.predictions, {}),
                configurations,
                np.arange(n),
                atoms_per_batch=1,
                announce=lambda _: None,
            )
        with timed("metrics"):
            measure_errors(ErrorSet((errors_of(configurations, predictions),)))
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        sizes = (_megabytes(settings.tables), _megabytes(settings.predictions))
    cells = [f"{n:,}"]
    cells += [
        f"{found[what]:.1f}" if what in found else ""
        for what in ("read", "table", "predict", "metrics")
    ]
    cells += [f"{peak_gb:.2f}", f"{own.most_gb:.2f}", *(f"{size:.1f}" for size in sizes)]
    sys.stdout.write(f"| {' | '.join(cells)} |\n")


class OwnMemory:
    """The most memory of this process that no file is mapped to, looked at every 0.1 s."""

    def __init__(self) -> None:
        self.most_gb = 0.0
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            status = Path("/proc/self/status").read_text(encoding="ascii")
            own = next(line for line in status.splitlines() if line.startswith("RssAnon"))
            self.most_gb = max(self.most_gb, int(own.split()[1]) / 1e6)
            time.sleep(0.1)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main(sizes: list[int]) -> None:
    """Print the table."""
    sys.stdout.write(
        "| configurations | read, s | table, s | predict, s | metrics, s | memory, GB "
        "| of its own, GB | table, MB | predictions, MB |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    sys.stdout.flush()
    for n in sizes:
        _run("--row", str(n))


def _run(*arguments: str) -> None:
    command = [sys.executable, "-m", "benchmarks.growth", *arguments]
    subprocess.run(command, check=True)  # noqa: S603 - this script


if __name__ == "__main__":
    if sys.argv[1:2] == ["--row"]:
        measure_growth(int(sys.argv[2]))
    elif sys.argv[1:2] == ["--write"]:
        write_table(Path(sys.argv[3]), made(int(sys.argv[2])))
    else:
        main([int(argument) for argument in sys.argv[1:]] or list(SIZES))
