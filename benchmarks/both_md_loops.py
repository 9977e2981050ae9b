"""A worker that answers two questions more than a worker of the suite: those of a bare loop.

`bare` runs a step of the loop that a person would write for the same model, with so many atoms, and
`inside` tells the CPU time that the model has taken so far, whoever asked it.
"""

import functools
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.md.verlet import VelocityVerlet

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from umlip_gate.cost.protocol import crystal  # noqa: E402 - after the checkout is on the path
from umlip_gate.worker import server  # noqa: E402
from umlip_gate.worker.dependencies import Dependencies  # noqa: E402
from umlip_gate.worker.packing import Answer  # noqa: E402
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


def bare_loop(potential: Potential, n_atoms: int) -> VelocityVerlet:
    """Make bcc W at its temperature."""
    atoms = crystal(n_atoms)
    sigma = np.sqrt(units.kB * TEMPERATURE_K * atoms.get_masses())[:, np.newaxis]
    momenta = sigma * np.random.default_rng(SEED).standard_normal((len(atoms), 3))
    atoms.set_momenta(momenta - momenta.mean(axis=0))
    atoms.calc = OverheadProtocol(potential)
    return VelocityVerlet(atoms, TIMESTEP_FS * units.fs)


def both(potential: Potential, device: str) -> Callable[[str, Any, list[bytes]], Answer]:
    """Answer as every worker does, and the two questions."""
    clocked = Clocked(potential)
    answer = OF_THE_SUITE(clocked, device)
    loop = functools.cache(functools.partial(bare_loop, clocked))

    def timed(verb: str, question: Any, arrays: list[bytes]) -> Answer:  # noqa: ANN401 - plain data
        if verb == "inside":
            return "ok", clocked.cpu_s
        if verb != "bare":
            return answer(verb, question, arrays)
        dynamics = loop(question)
        begun_s = time.process_time()
        dynamics.run(1)
        return "ok", time.process_time() - begun_s

    return timed


if __name__ == "__main__":
    server._timed = both
    server.main(sys.argv[1], Dependencies())
