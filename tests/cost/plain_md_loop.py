"""The MD loop that a person would write for CHGNet, in a worker beside the suite's own.

NVE of bcc W by ASE, with an ASE calculator that asks the package for energies and forces as its
users can. The worker's process answers one question more than it does for the suite: `plain`, so
many steps of this loop.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.md.verlet import VelocityVerlet
from chgnet.model import CHGNet
from pymatgen.io.ase import AseAtomsAdaptor

from umlip_gate.models import serve as suite
from umlip_gate.models.potential import Potential

REPEATS = 5
TEMPERATURE_K, TIMESTEP_FS, SEED = 300, 1.0, 0


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


def moving_crystal() -> VelocityVerlet:
    """Make 125 atoms of bcc W, at their temperature."""
    atoms = bulk("W", "bcc", a=3.165).repeat(REPEATS)
    sigma = np.sqrt(units.kB * TEMPERATURE_K * atoms.get_masses())[:, np.newaxis]
    momenta = sigma * np.random.default_rng(SEED).standard_normal((len(atoms), 3))
    atoms.set_momenta(momenta - momenta.mean(axis=0))
    atoms.calc = Plain()
    return VelocityVerlet(atoms, TIMESTEP_FS * units.fs)


def serve(channel: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - execnet's Channel
    """Serve as every worker does, and run this loop where it is asked for."""
    of_the_suite = suite._timed

    def timed(potential: Potential, device: str) -> Callable[[str, Any], suite.Answer]:
        answer = of_the_suite(potential, device)
        dynamics = moving_crystal()

        def both(verb: str, question: Any) -> suite.Answer:  # noqa: ANN401 - plain data
            if verb != "plain":
                return answer(verb, question)
            begun_s = time.process_time()
            dynamics.run(question)
            return "ok", time.process_time() - begun_s

        return both

    suite._timed = timed
    suite.serve(channel, request)
