"""The worker's side: NVE of one crystal, timed by this process's own clocks.

Imports ASE and NumPy only, and is itself imported after the thread pools are set.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.md.verlet import VelocityVerlet
from numpy.typing import NDArray

from umlip_gate.worker.potential import Potential

Clocks = Callable[[], tuple[float, float]]
"""Wall and CPU seconds of this process."""


def process_clocks() -> tuple[float, float]:
    """Wall time, and CPU time of all threads of this process, s."""
    return time.perf_counter(), time.process_time()


@dataclass(frozen=True)
class TimedSteps:
    """What some steps took.

    Attributes
    ----------
    n_steps
        How many.
    wall_s, cpu_s
        By the clocks of the process that ran them, from an idle device to an idle device.
    """

    n_steps: int
    wall_s: float
    cpu_s: float


class Asked(Calculator):
    """A potential as an ASE calculator, which notes what every evaluation answered.

    Parameters
    ----------
    potential
        Is asked for one structure at a time.
    """

    implemented_properties = ["energy", "forces"]  # noqa: RUF012 - as ASE declares it

    def __init__(self, potential: Potential) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.potential = potential
        self.answers: list[bytes] = []

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate, and keep the first atom's force as the answer's mark."""
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert atoms is not None  # noqa: S101 - as ASE calls it
        ((energy_ev, forces),) = self.potential.evaluate([atoms.copy()])
        forces = np.asarray(forces, dtype=np.float64)
        self.answers.append(forces[0].tobytes())
        self.results = {"energy": energy_ev, "forces": forces}


class Dynamics:
    """One crystal under one potential.

    Parameters
    ----------
    potential
        What moves it.
    atoms
        Every atom on its lattice site.
    temperature_k, seed
        Of the velocities that it starts with.
    timestep_fs
        Of velocity Verlet.
    most_displacement_ang
        How far an atom may be from its site after a round.
    synchronize
        Waits until the device has done all that it was asked.
    clocks
        Wall and CPU time.
    """

    def __init__(  # noqa: PLR0913 - the protocol's numbers, and what a test puts in their place
        self,
        potential: Potential,
        atoms: Atoms,
        *,
        temperature_k: float,
        seed: int,
        timestep_fs: float,
        most_displacement_ang: float,
        synchronize: Callable[[], None],
        clocks: Clocks = process_clocks,
    ) -> None:
        self._sites = atoms.positions.copy()
        self._atoms = atoms
        self._asked = Asked(potential)
        self._atoms.calc = self._asked
        self._most_displacement_ang = most_displacement_ang
        self._synchronize = synchronize
        self._clocks = clocks
        self._temperature_k = temperature_k
        self._rng = np.random.default_rng(seed)
        self._start()
        self._verlet = VelocityVerlet(atoms, timestep_fs * units.fs)

    def time_steps(self, n_steps: int) -> TimedSteps:
        """Run steps, and return what they took.

        Where atoms are half as far from their sites as they may be, which random forces do not
        hold them from, they are put back first, with new velocities; that is not timed.

        Raises
        ------
        ValueError
            An evaluation was skipped, or answered what the one before it had answered for
            other positions; atoms did not move, or moved away from their sites; a force is not
            finite. There is then no time: it would be that of something else.
        """
        if self._displacement_ang() > self._most_displacement_ang / 2:
            self._start()
        self._asked.answers = self._asked.answers[-1:]
        before = self._atoms.positions.copy()
        self._synchronize()
        wall_s, cpu_s = self._clocks()
        self._verlet.run(n_steps)
        self._synchronize()
        wall_end_s, cpu_end_s = self._clocks()
        self._check_answers(n_steps)
        self._check_motion(before)
        return TimedSteps(n_steps, wall_end_s - wall_s, cpu_end_s - cpu_s)

    def _start(self) -> None:
        self._atoms.positions = self._sites
        self._atoms.set_momenta(maxwell_boltzmann(self._atoms, self._temperature_k, self._rng))
        self._atoms.get_forces()

    def _displacement_ang(self) -> float:
        return float(np.linalg.norm(self._atoms.positions - self._sites, axis=1).max())

    def _check_answers(self, n_steps: int) -> None:
        answers = self._asked.answers
        if len(answers) != n_steps + 1:
            raise ValueError(f"{len(answers) - 1} evaluations in {n_steps} steps")
        same = [earlier == later for earlier, later in itertools.pairwise(answers)]
        if any(same):
            raise ValueError(
                f"step {same.index(True) + 1}: the forces are those of the step before, bit for "
                "bit, though every atom has moved: a result was kept and not computed"
            )

    def _check_motion(self, before: NDArray[np.float64]) -> None:
        positions = self._atoms.positions
        if not np.isfinite(self._atoms.get_forces()).all():
            raise ValueError("a force is not finite")
        if (positions == before).all(axis=1).any():
            raise ValueError("an atom did not move")
        displacement_ang = self._displacement_ang()
        if displacement_ang > self._most_displacement_ang:
            raise ValueError(
                f"an atom is {displacement_ang:.2f} Å from its lattice site, more than "
                f"{self._most_displacement_ang:g} Å: this is no crystal any more, and its cost "
                "is not a crystal's"
            )


def maxwell_boltzmann(
    atoms: Atoms, temperature_k: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw from the Maxwell-Boltzmann distribution; the crystal as a whole stays where it is."""
    masses = atoms.get_masses()[:, np.newaxis]
    normal = rng.standard_normal((len(atoms), 3))
    momenta = normal * np.sqrt(units.kB * temperature_k * masses)
    drift: NDArray[np.float64] = masses * momenta.sum(axis=0) / masses.sum()
    return momenta - drift
