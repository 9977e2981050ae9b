"""Phonons: of springs whose frequencies are known, and by phonopy."""

import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from tests.selftest.physics import mutants
from umlip_gate.datasets.configurations import FloatArray
from umlip_gate.physics.phonons import THZ, frequencies_thz, phonons
from umlip_gate.physics.trial import Answer, Trial

pytestmark = pytest.mark.selftest

SPRING_EV_PER_ANG2 = 2.0
REPEATS = 4


def chain(atoms: Atoms) -> FloatArray:
    """Return the forces of a simple cubic crystal whose neighbours hold each other by springs.

    Each spring pulls back along every axis alike, so that frequencies are those of a chain.
    """
    ideal = bulk("W", "sc", a=3.0).repeat(REPEATS).positions
    moves = (atoms.positions - ideal).reshape(REPEATS, REPEATS, REPEATS, 3)
    forces = np.zeros_like(moves)
    for axis, step in itertools.product(range(3), (-1, 1)):
        forces += SPRING_EV_PER_ANG2 * (np.roll(moves, step, axis) - moves)
    pulls: FloatArray = forces.reshape(-1, 3)
    return pulls


def answers(trial: Trial, calculator: mutants.Potential) -> list[Answer]:
    found = []
    for structure in trial.structures:
        atoms = structure.copy()
        atoms.calc = calculator
        found.append(Answer(atoms.get_potential_energy(), atoms.get_forces()))
    return found


def constants(found: list[Answer], n: int, repeats: int, step_ang: float) -> FloatArray:
    forces = np.array([answer.forces for answer in found[1:]])
    found_constants: FloatArray = (forces[::2] - forces[1::2]) / (2 * step_ang)
    return found_constants.reshape(n, 3, repeats**3, n, 3)


def test_the_lowest_frequency_of_springs_is_that_of_a_chain() -> None:
    trial = phonons(bulk("W", "sc", a=3.0), REPEATS, 0.01)
    measured = trial.compare([Answer(0.0, chain(atoms)) for atoms in trial.structures])
    mass_u = bulk("W").get_masses()[0]
    squared = 2 * SPRING_EV_PER_ANG2 * (1 - np.cos(2 * np.pi / REPEATS)) / mass_u
    assert measured["phonons"] == pytest.approx(-np.sqrt(squared) * THZ)


def test_an_imaginary_frequency_is_a_positive_deviation() -> None:
    trial = phonons(bulk("W", "sc", a=3.0), REPEATS, 0.01)
    measured = trial.compare([Answer(0.0, -chain(atoms)) for atoms in trial.structures])
    mass_u = bulk("W").get_masses()[0]
    assert measured["phonons"] == pytest.approx(np.sqrt(12 * SPRING_EV_PER_ANG2 / mass_u) * THZ)


@pytest.mark.parametrize("structure", ["bcc", "hcp"])
@pytest.mark.parametrize("mutant", ["sound", "distorts"])
def test_frequencies_are_those_of_phonopy(structure: str, mutant: str) -> None:
    phonopy = pytest.importorskip("phonopy")  # no part of any environment

    cell = bulk("W", structure, a=3.165 if structure == "bcc" else 2.8)
    calculator = getattr(mutants, mutant)()
    theirs = phonopy.Phonopy(
        phonopy.structure.atoms.PhonopyAtoms(
            symbols=cell.get_chemical_symbols(),
            cell=cell.cell.array,
            scaled_positions=cell.get_scaled_positions(),
            masses=cell.get_masses(),
        ),
        np.diag([3] * 3),
        primitive_matrix=np.eye(3),
    )
    theirs.generate_displacements(distance=0.001, is_plusminus=True)
    forces = []
    for made in theirs.supercells_with_displacements:
        atoms = Atoms(made.symbols, cell=made.cell, pbc=True)
        atoms.set_scaled_positions(made.scaled_positions)
        atoms.calc = calculator
        forces.append(atoms.get_forces())
    theirs.forces = forces
    theirs.produce_force_constants()
    theirs.run_qpoints(list(itertools.product(np.arange(3) / 3, repeat=3))[1:])
    found = answers(phonons(cell, 3, 0.001), calculator)
    own = frequencies_thz(constants(found, len(cell), 3, 0.001), cell.get_masses(), 3)
    np.testing.assert_allclose(
        np.sort(own.ravel()), np.sort(theirs.qpoints.frequencies.ravel()), atol=1e-3
    )
