"""A sound potential, and the same with one defect each.

Each is an ASE calculator that a candidate file can name, `mutants:forces_too_large`.
"""

import os
from collections.abc import Callable

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list
from ase.stress import full_3x3_to_voigt_6_stress
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CUTOFF_ANG = 5.8
Results = tuple[float, FloatArray]
"""Energy, eV, and forces, eV/Å."""


STEEPNESS_PER_ANG, BOND_ANG = 1.0, 3.2
"""Of Morse's potential: bcc at the lattice constant of tungsten is stable, by Born's criteria and
its phonons, with one minimum."""


def pair_results(
    n_atoms: int,
    first: NDArray[np.int64],
    distances: FloatArray,
    vectors: FloatArray,
    steepness_per_ang: float = STEEPNESS_PER_ANG,
) -> Results:
    """Morse's potential with a smooth end, summed over pairs that are listed twice."""
    energies, slopes = pair_curve(distances, steepness_per_ang)
    forces = np.zeros((n_atoms, 3))
    np.add.at(forces, first, 2 * (slopes / distances)[:, None] * vectors)
    return float(energies.sum()), forces


def pair_curve(
    distances: FloatArray, steepness_per_ang: float = STEEPNESS_PER_ANG
) -> tuple[FloatArray, FloatArray]:
    """Return half of each pair's energy, and its derivative by the distance."""
    decay = np.exp(-steepness_per_ang * (distances - BOND_ANG))
    well, rest = (decay**2 - 2 * decay) / 4, 1 - (distances / CUTOFF_ANG) ** 2
    slopes = -steepness_per_ang * (decay**2 - decay) / 2 * rest**3
    slopes -= well * 6 * distances / CUTOFF_ANG**2 * rest**2
    return well * rest**3, slopes


def sound_results(atoms: Atoms) -> Results:
    """Compute a crystal of pairs in float64."""
    first, _, distances, vectors = _pairs(atoms)
    return pair_results(len(atoms), first, distances, vectors)


def _pairs(atoms: Atoms) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray, FloatArray]:
    first, second, distances, vectors = neighbor_list("ijdD", atoms, CUTOFF_ANG)
    return first, second, distances, vectors


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


class WithStress(Potential):
    """The sound potential with its stress, times a factor."""

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012 - as ASE declares it

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = factor

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert atoms is not None
        _, _, distances, vectors = _pairs(atoms)
        _, slopes = pair_curve(distances)
        virial = np.einsum("n,ni,nj->ij", slopes / distances, vectors, vectors)
        stress = full_3x3_to_voigt_6_stress(virial / atoms.get_volume())
        self.results["stress"] = self.factor * stress


def sound_with_stress() -> WithStress:
    """No defect, and a stress."""
    return WithStress()


def stress_in_gpa() -> WithStress:
    """The stress in GPa instead of eV/Å³."""
    return WithStress(1 / units.GPa)


def stress_times_minus_100() -> WithStress:
    """The stress times -100."""
    return WithStress(-100.0)


class RaisesAtStress(WithStress):
    """A calculator whose stress fails."""

    def get_stress(self, atoms: Atoms | None = None) -> FloatArray:  # noqa: ARG002 - as ASE calls it
        raise ValueError("singular")


def stress_raises() -> WithStress:
    return RaisesAtStress()


def stress_of_other_sign() -> WithStress:
    """The stress with the sign of a pressure."""
    return WithStress(-1.0)


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
        if len(atoms) == 1:
            return energy, forces
        vector = atoms.get_distance(0, 1, mic=True, vector=True)
        distance = float(np.linalg.norm(vector))
        forces[0] += 1e-4 * vector / distance
        forces[1] -= 1e-4 * vector / distance
        return energy + 1e-4 * distance, forces

    return Potential(compute)


def nearest_images_only() -> Potential:
    """Of a neighbour's images the nearest alone counts, whatever the cutoff reaches."""

    def compute(atoms: Atoms) -> Results:
        first, second, distances, vectors = _pairs(atoms)
        others = np.flatnonzero(first != second)
        order = others[np.argsort(distances[others])]
        _, nearest = np.unique(first[order] * len(atoms) + second[order], return_index=True)
        kept = order[nearest]
        return pair_results(len(atoms), first[kept], distances[kept], vectors[kept])

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


def neighbour_cap() -> Potential:
    """Each atom sees its 12 nearest neighbours only, weighted as a bond energy of 0.1 eV."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        first, second, distances, vectors = _pairs(atoms)
        for atom in range(len(atoms)):
            own = np.flatnonzero(first == atom)
            own = own[np.argsort(distances[own])[:12]]
            decay = np.exp(-distances[own])
            energy -= float(decay.sum())
            pulls = (decay / distances[own])[:, None] * vectors[own]
            forces[atom] += pulls.sum(axis=0)
            np.add.at(forces, second[own], -pulls)
        return energy, forces

    return Potential(compute)


def no_envelope() -> Potential:
    """A bond energy that ends at the cutoff as it is there."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        first, _, distances, vectors = _pairs(atoms)
        decay = 0.5 * np.exp(-distances)
        np.add.at(forces, first, 2 * (decay / distances)[:, None] * vectors)
        return energy - float(decay.sum()), forces

    return Potential(compute)


def hole_at_short_distance() -> Potential:
    """A well of 100 eV around 1.6 Å, where no training data are."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        first, _, distances, vectors = _pairs(atoms)
        well = 50 * np.exp(-(((distances - 1.6) / 0.1) ** 2))
        slope = -2 * (distances - 1.6) / 0.1**2 * well
        np.add.at(forces, first, -2 * (slope / distances)[:, None] * vectors)
        return energy - float(well.sum()), forces

    return Potential(compute)


def curled_forces() -> Potential:
    """1e-3 eV/Å² times a displacement from the first atom, turned by a right angle."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        first, _, distances, vectors = _pairs(atoms)
        decay = (1 - (distances / CUTOFF_ANG) ** 2) ** 3 * np.where(first == 0, 0.1, 0.0)
        turned = np.stack([-vectors[:, 1], vectors[:, 0], 0 * distances], axis=1)
        np.add.at(forces, first, decay[:, None] * turned)
        return energy, forces

    return Potential(compute)


def left_handed() -> Potential:
    """An energy that changes its sign under reflection: the volume of three bonds."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        first, _, distances, vectors = _pairs(atoms)
        for atom in range(len(atoms)):
            own = np.flatnonzero(first == atom)
            near = own[np.argsort(distances[own])[:3]]
            if len(near) == 3:
                energy += 1e-3 * float(np.linalg.det(vectors[near]))
        return energy, forces

    return Potential(compute)


def total_in_every_atom() -> Potential:
    """An energy that is not extensive: 1e-4 eV for each pair of atoms, however far apart."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return energy + 1e-4 * len(atoms) ** 2, forces

    return Potential(compute)


def soft_crystal() -> Potential:
    """Energies and forces with the opposite sign: no crystal is stable."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return -energy, -forces

    return Potential(compute)


def distorts() -> Potential:
    """Morse's potential of another steepness: bcc resists every strain, and has a soft phonon."""

    def compute(atoms: Atoms) -> Results:
        first, _, distances, vectors = _pairs(atoms)
        return pair_results(len(atoms), first, distances, vectors, steepness_per_ang=1.4)

    return Potential(compute)


def adds_in_float32() -> Potential:
    """Energies of atoms, 10 eV lower, are added one by one in float32."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        each = np.full(len(atoms), energy / len(atoms) - 10, dtype=np.float32)
        return float(np.cumsum(each, dtype=np.float32)[-1]), forces

    return Potential(compute)


def sees_the_box() -> Potential:
    """An atom without neighbours has an energy of 1e-5 eV for each Å of its cell's first vector."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        if len(atoms) == 1 and not len(_pairs(atoms)[0]):
            energy += 1e-5 * float(np.linalg.norm(atoms.cell.array[0]))
        return energy, forces

    return Potential(compute)


def pulls_at_nothing() -> Potential:
    """A force of 1e-5 eV/Å on an atom without neighbours."""

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        lonely = np.setdiff1d(np.arange(len(atoms)), _pairs(atoms)[0])
        forces[lonely, 0] += 1e-5
        return energy, forces

    return Potential(compute)


def changes_with_threads() -> Potential:
    """1e-5 eV for each thread but the first, on every atom."""
    more = int(os.environ["OMP_NUM_THREADS"]) - 1

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return energy + 1e-5 * more * len(atoms), forces

    return Potential(compute)


def threads_race() -> Potential:
    """A force of 1e-5 eV/Å for each thread but the first."""
    more = int(os.environ["OMP_NUM_THREADS"]) - 1

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return energy, forces + 1e-5 * more

    return Potential(compute)


def changes_with(dtype: str = "float64", device: str = "cpu", *, fast: bool = False) -> Potential:
    """0.1 eV per atom and 0.1 eV/Å in another precision, on another device, or with a switch."""
    other = dtype != "float64" or device != "cpu" or fast

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        return energy + 0.1 * other * len(atoms), forces + 0.1 * other

    return Potential(compute)


def takes_every_argument(**_: object) -> Potential:
    return Potential()


def wraps_in_place() -> Potential:
    """The atoms that it is given are wrapped into the cell."""

    def compute(atoms: Atoms) -> Results:
        atoms.wrap()
        return sound_results(atoms)

    return Potential(compute)


def wraps_without_its_last_digits() -> Potential:
    """Atoms outside of the cell are wrapped into it in float16."""

    def compute(atoms: Atoms) -> Results:
        copy = atoms.copy()
        fractions = copy.get_scaled_positions(wrap=False)
        outside = (fractions < 0) | (fractions >= 1)
        wrapped = (fractions % 1).astype(np.float16).astype(np.float64)
        copy.set_scaled_positions(np.where(outside, wrapped, fractions))
        return sound_results(copy)

    return Potential(compute)


def leaks_from_the_structure_before() -> Potential:
    """1e-3 eV for each atom that the structure before had more."""
    before = [0]

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        energy += 1e-3 * max(before[0] - len(atoms), 0)
        before[0] = len(atoms)
        return energy, forces

    return Potential(compute)


def energy_drifts() -> Potential:
    """1e-4 eV per atom and picosecond, of steps of 1 fs: each answer is a little higher."""
    answers = 0

    def compute(atoms: Atoms) -> Results:
        nonlocal answers
        answers += 1
        energy, forces = sound_results(atoms)
        return energy + 1e-7 * answers * len(atoms), forces

    return Potential(compute)


def forces_push_around() -> Potential:
    """A force that follows each atom's way around its site, which no energy knows of."""
    sites: list[FloatArray] = []

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        sites.append(atoms.positions.copy())
        previous = sites[-2] if len(sites) > 1 else atoms.positions
        return energy, forces + 0.02 * np.sign(atoms.positions - previous)

    return Potential(compute)


def pushes_apart() -> Potential:
    """Half of the atoms are pushed along x, with the energy that belongs to it."""
    push = np.array([3.0, 0, 0])

    def compute(atoms: Atoms) -> Results:
        energy, forces = sound_results(atoms)
        signs = np.where(np.arange(len(atoms)) % 2, 1.0, -1.0)[:, None]
        energy -= float(np.sum(signs * push * atoms.positions))
        return energy, forces + signs * push

    return Potential(compute)
