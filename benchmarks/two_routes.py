"""The same weights by two adapters: whether they agree, and which of them is faster.

`python -m benchmarks.two_routes cpu|cuda [SevenNet-0 SevenNet-0_torch-sim]` asks both for made
tungsten crystals of 16 and 54 atoms, in batches of the adapters' own size, in turns, each on one
core or on the GPU. Prints the largest differences, and for each route the time of an atom: CPU
time on a CPU, where another program's load moves wall time; wall time on a GPU.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk

from umlip_gate.models.prepare import RunnableModel, prepare_model
from umlip_gate.models.registry import load_models
from umlip_gate.models.worker_process import Worker
from umlip_gate.settings import Settings, cache_folder, mirror_folder

ROUNDS = 7
"""The first one warms up and is not counted."""

CPU_BATCHES, GPU_BATCHES = 8, 4
LATTICE_ANG, RATTLE_ANG = 3.165, 0.08
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Route:
    """A worker, and the time that it has taken."""

    def __init__(self, name: str, device: str, folder: Path) -> None:
        settings = Settings(cache_folder(), folder, mirror_folder())
        self.name, self.device = name, device
        self.live: RunnableModel = prepare_model(load_models()[name], device, settings)
        self.worker = Worker(self.live.job, folder / f"{name}.log")
        self.seconds: list[float] = []

    def answers(self, batches: list[list[Atoms]]) -> tuple[list[float], list[np.ndarray]]:
        """Evaluate batches; return energies, eV/atom, and forces, eV/Å."""
        begun_s = self._now_s()
        found = [answer for batch in batches for answer in self.worker.evaluate(batch)]
        self.seconds.append(self._now_s() - begun_s)
        assert all(answer[0] == "ok" for answer in found), found[0][1]
        forces = [np.frombuffer(answer[2], dtype="<f8").reshape(-1, 3) for answer in found]
        energies = [a[1] / len(f) for a, f in zip(found, forces, strict=True)]
        return energies, forces

    def _now_s(self) -> float:
        if self.device != "cpu":
            return time.perf_counter()
        assert self.worker._process is not None
        fields = Path(f"/proc/{self.worker._process.pid}/stat").read_text(encoding="utf-8")
        user, system = fields.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS_PER_S


def crystals(n_atoms_per_batch: int, n_batches: int) -> list[list[Atoms]]:
    """Return batches of rattled crystals of 54 atoms and 16 in turn, as many as are within."""
    batches = []
    for batch in range(n_batches):
        structures: list[Atoms] = []
        while True:
            repeat = 3 - (batch + len(structures)) % 2
            atoms = bulk("W", "bcc", a=LATTICE_ANG, cubic=True).repeat(repeat)
            atoms.rattle(RATTLE_ANG, seed=1000 * batch + len(structures))
            if structures and sum(map(len, structures)) + len(atoms) > n_atoms_per_batch:
                break
            structures.append(atoms)
        batches.append(structures)
    return batches


def main(device: str, names: list[str]) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        routes = [Route(name, device, Path(folder)) for name in names]
        size = min(route.live.atoms_per_batch for route in routes)
        batches = crystals(size, CPU_BATCHES if device == "cpu" else GPU_BATCHES)
        n_atoms = sum(len(atoms) for batch in batches for atoms in batch)
        for _ in range(ROUNDS):
            found = [route.answers(batches) for route in routes]
        (energies, forces), (energies_too, forces_too) = found
        energy_gap = np.abs(np.subtract(energies, energies_too)).max()
        force_gap = max(np.abs(a - b).max() for a, b in zip(forces, forces_too, strict=True))
        print(f"{n_atoms} atoms in {len(batches)} batches of up to {size}, {ROUNDS - 1} rounds")  # noqa: T201
        print(f"largest differences: {energy_gap:.1e} eV/atom, {force_gap:.1e} eV/Å")  # noqa: T201
        for route in routes:
            each_ms = 1000 * np.array(route.seconds[1:]) / n_atoms
            low, middle, high = np.quantile(each_ms, [0, 0.5, 1])
            print(f"{route.name}: {middle:.3f} ms/atom ({low:.3f}…{high:.3f})")  # noqa: T201
            route.worker.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or ["SevenNet-0", "SevenNet-0_torch-sim"])
