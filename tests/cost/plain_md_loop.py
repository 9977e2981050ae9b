"""The MD loop that a person would write in CHGNet's environment, timed by itself.

Run as a script on one core with one thread: NVE of bcc W by ASE, with an ASE calculator that asks
the package for energies and forces as its users can. Reads commands from its standard input, a
number of steps each, and answers with the CPU and wall seconds that they took.
"""

import sys
import time

import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.md.verlet import VelocityVerlet
from chgnet.model import CHGNet
from pymatgen.io.ase import AseAtomsAdaptor


class Plain(Calculator):
    """CHGNet without stress and magnetic moments."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012 - as ASE declares it

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model = CHGNet.load(verbose=False, use_device="cpu")

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate."""
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert atoms is not None
        graph = self.model.graph_converter(AseAtomsAdaptor.get_structure(atoms))
        answer = self.model.predict_graph(graph, task="ef")
        self.results = {"energy": float(answer["e"]) * len(atoms), "forces": answer["f"]}


def main(repeats: int, temperature_k: float, timestep_fs: float, seed: int) -> None:
    """Answer every command with what it took."""
    atoms = bulk("W", "bcc", a=3.165).repeat(repeats)
    sigma = np.sqrt(units.kB * temperature_k * atoms.get_masses())[:, np.newaxis]
    momenta = sigma * np.random.default_rng(seed).standard_normal((len(atoms), 3))
    atoms.set_momenta(momenta - momenta.mean(axis=0))
    atoms.calc = Plain()
    dynamics = VelocityVerlet(atoms, timestep_fs * units.fs)
    for line in sys.stdin:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        dynamics.run(int(line))
        print(  # noqa: T201 - its answer
            f"took {time.process_time() - cpu_s} {time.perf_counter() - wall_s}", flush=True
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
