"""A worker that answers two questions more than it does for the suite: those of a bare loop.

`bare` runs a step of the loop that a person would write for the same model, with so many atoms, and
`inside` tells the CPU time that the model has taken so far, whoever asked it.
"""

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.md.verlet import VelocityVerlet

from umlip_gate.cost.protocol import crystal
from umlip_gate.worker import server as suite
from umlip_gate.worker.potential import EnergyForces, Potential

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


def serve(channel: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - execnet's Channel
    """Serve as every worker does, and answer the two questions."""
    of_the_suite = suite._timed

    def timed(potential: Potential, device: str) -> Callable[[str, Any], suite.Answer]:
        clocked = Clocked(potential)
        answer = of_the_suite(clocked, device)
        loop = functools.cache(functools.partial(bare_loop, clocked))

        def both(verb: str, question: Any) -> suite.Answer:  # noqa: ANN401 - plain data
            if verb == "inside":
                return "ok", clocked.cpu_s
            if verb != "bare":
                return answer(verb, question)
            dynamics = loop(question)
            begun_s = time.process_time()
            dynamics.run(1)
            return "ok", time.process_time() - begun_s

        return both

    suite._timed = timed
    suite.serve(channel, request)
