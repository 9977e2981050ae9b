"""A sound potential, and the same with one defect each.

Each is an ASE calculator that a candidate file can name, `mutants:forces_too_large`.
"""

from collections.abc import Callable

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones
from ase.neighborlist import neighbor_list
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CUTOFF_ANG = 5.0
Results = tuple[float, FloatArray]
"""Energy, eV, and forces, eV/Å."""


def sound_results(atoms: Atoms) -> Results:
    """A Lennard-Jones crystal with a smooth cutoff, in float64."""
    calculator = LennardJones(sigma=2.3, epsilon=0.5, rc=CUTOFF_ANG, smooth=True)
    calculator.calculate(atoms)
    return float(calculator.results["energy"]), calculator.results["forces"]


class Potential(Calculator):
    """What a function computes."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012 - as ASE declares it

    def __init__(self, compute: Callable[[Atoms], Results] = sound_results) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.compute = compute

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert atoms is not None
        energy, forces = self.compute(atoms)
        self.results = {"energy": energy, "forces": forces}


def sound() -> Potential:
    return Potential()


def forces_too_large() -> Potential:
    """Forces x 1.001."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return energy, 1.001 * forces

    return Potential(compute)


def energy_depends_on_x() -> Potential:
    """1e-5 eV for each Å of an atom's x, with the force that belongs to it."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return energy + 1e-5 * atoms.positions[:, 0].sum(), forces - np.array([1e-5, 0, 0])

    return Potential(compute)


def energy_depends_on_orientation() -> Potential:
    """1e-5 eV times the x of each bond squared, with the force that belongs to it."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        first, distances, vectors = neighbor_list("idD", atoms, CUTOFF_ANG)
        x, decay = vectors[:, 0], (1 - (distances / CUTOFF_ANG) ** 2) ** 3
        slope = -6 / CUTOFF_ANG**2 * (1 - (distances / CUTOFF_ANG) ** 2) ** 2
        pulls = 2e-5 * (x**2 * slope)[:, None] * vectors
        pulls[:, 0] += 4e-5 * x * decay
        np.add.at(forces, first, pulls)
        return energy + 1e-5 * float((x**2 * decay).sum()), forces

    return Potential(compute)


def energy_depends_on_order() -> Potential:
    """The first atom counts 1e-4 eV per Å of its distance to the second, as if they were bound."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        vector = atoms.get_distance(0, 1, mic=True, vector=True)
        distance = float(np.linalg.norm(vector))
        forces[0] += 1e-4 * vector / distance
        forces[1] -= 1e-4 * vector / distance
        return energy + 1e-4 * distance, forces

    return Potential(compute)


def nearest_images_only() -> Potential:
    """Of a neighbour's images the nearest alone counts, whatever the cutoff reaches."""

    def compute(atoms: Atoms) -> Results:
        calculator = LennardJones(sigma=2.3, epsilon=0.5, rc=CUTOFF_ANG, smooth=True)
        distances = atoms.get_all_distances(mic=True, vector=True)
        energy, forces = 0.0, np.zeros((len(atoms), 3))
        for i in range(len(atoms)):
            for j in range(i):
                pair = Atoms("W2", positions=[[0, 0, 0], distances[j, i]])
                calculator.calculate(pair)
                energy += float(calculator.results["energy"])
                forces[[j, i]] += calculator.results["forces"]
        return energy, forces

    return Potential(compute)


def stale_forces() -> Potential:
    """The forces of the last structure with as many atoms."""
    kept: dict[int, FloatArray] = {}

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        stale = kept.get(len(atoms), forces)
        kept[len(atoms)] = forces
        return energy, stale

    return Potential(compute)


def energy_per_atom() -> Potential:
    """The mean over the atoms instead of the sum."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return energy / len(atoms), forces / len(atoms)

    return Potential(compute)


def forces_against_the_axes() -> Potential:
    """1e-5 eV/Å along x on every atom, as where graphs are built along the axes of the cell."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return energy, forces + np.array([1e-5, 0, 0])

    return Potential(compute)


def refuses_larger_cells() -> Potential:
    """An error for more atoms than the data have."""

    def compute(atoms: Atoms) -> Results:
        if len(atoms) > 16:
            raise ValueError("too many atoms")
        return sound_results(atoms)

    return Potential(compute)
