"""A worker that answers two questions more than a worker of the suite: those of a bare loop.

`bare` runs a step of the loop that a person would write for the same model and the crystal that was
built last, and `inside` tells the CPU time that the model has taken so far, whoever asked it. A
model's interpreter runs it by its path in the package, `umlip_gate/suite/cost`, as it does
`worker/start.py`.
"""

import runpy
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.md.verlet import VelocityVerlet

FOLDER = Path(__file__).absolute().parent  # in a checkout this folder of the package is a link
START = FOLDER.parents[1] / "worker" / "start.py"

if sys.path and sys.path[0] and Path(sys.path[0]).resolve() == FOLDER.resolve():
    sys.path.pop(0)
runpy.run_path(str(START))["load_package"]()

from umlip_gate.worker import server  # noqa: E402 - after the package is there
from umlip_gate.worker.dependencies import Dependencies  # noqa: E402
from umlip_gate.worker.packing import Answer, unpack_structures  # noqa: E402
from umlip_gate.worker.potential import EnergyForces, Potential  # noqa: E402

OF_THE_SUITE = server._timed
TEMPERATURE_K, TIMESTEP_FS, SEED = 300, 1.0, 0


class Clocked:
    """A potential that counts the CPU time that its evaluations take."""

    def __init__(self, potential: Potential) -> None:
        self.potential = potential
        self.cutoff_ang = potential.cutoff_ang
        self.elements = potential.elements
        self.n_parameters = potential.n_parameters
        self.cpu_s = 0.0

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Ask the potential."""
        begun_s = time.process_time()
        results = self.potential.evaluate(structures)
        self.cpu_s += time.process_time() - begun_s
        return results


class OverheadProtocol(Calculator):
    """The potential as an ASE calculator, and nothing else."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012 - as ASE declares it

    def __init__(self, potential: Potential) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.potential = potential

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate."""
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert atoms is not None
        ((energy_ev, forces),) = self.potential.evaluate([atoms])
        self.results = {"energy": energy_ev, "forces": forces}


def bare_loop(potential: Potential, atoms: Atoms) -> VelocityVerlet:
    """Make the crystal move, at its temperature."""
    sigma = np.sqrt(units.kB * TEMPERATURE_K * atoms.get_masses())[:, np.newaxis]
    momenta = sigma * np.random.default_rng(SEED).standard_normal((len(atoms), 3))
    atoms.set_momenta(momenta - momenta.mean(axis=0))
    atoms.calc = OverheadProtocol(potential)
    return VelocityVerlet(atoms, TIMESTEP_FS * units.fs)


def both(potential: Potential, device: str) -> Callable[[str, Any, list[bytes]], Answer]:
    """Answer as every worker does, and the two questions."""
    clocked = Clocked(potential)
    answer = OF_THE_SUITE(clocked, device)
    loops: list[VelocityVerlet] = []

    def timed(verb: str, question: Any, arrays: list[bytes]) -> Answer:  # noqa: ANN401 - plain data
        if verb == "inside":
            return "ok", clocked.cpu_s
        if verb == "build":
            loops[:] = [bare_loop(clocked, *unpack_structures(question[0], arrays))]
        if verb != "bare":
            return answer(verb, question, arrays)
        begun_s = time.process_time()
        loops[0].run(1)
        return "ok", time.process_time() - begun_s

    return timed


if __name__ == "__main__":
    server._timed = both
    server.main(sys.argv[1], Dependencies())
