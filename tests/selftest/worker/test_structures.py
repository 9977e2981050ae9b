"""Coincident atoms are found whatever the cell: as by ASE's neighbour list."""

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list

from umlip_gate.worker.structures import COINCIDENT_ANG, MOST_PAIRED, structure_fault

pytestmark = pytest.mark.selftest


def random_structure(seed: int) -> Atoms:
    """In skewed cells from low to wide, some of no periodicity; each second with a close pair."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    skewed = np.eye(3) + 0.3 * rng.uniform(-1, 1, size=(3, 3))
    cell = skewed * rng.choice([0.8, 2.0, 5.0])
    pbc = rng.random(3) < 0.6
    atoms = Atoms(n * ["W"], scaled_positions=rng.normal(size=(n, 3)), cell=cell, pbc=pbc)
    if n > 1 and seed % 2:
        shift = rng.normal(size=3)
        shift *= rng.choice([0.5, 0.98, 1.02]) * COINCIDENT_ANG / np.linalg.norm(shift)
        atoms.positions[-1] = atoms.positions[0] + shift + (rng.integers(-2, 3, 3) * pbc) @ cell
    return atoms


@pytest.mark.parametrize("seed", range(300))
def test_coincident_atoms_are_those_of_a_neighbour_list(seed: int) -> None:
    atoms = random_structure(seed)
    first, _ = neighbor_list("ij", atoms, COINCIDENT_ANG)
    assert (structure_fault(atoms) is not None) == bool(len(first))


@pytest.mark.parametrize("n", [2, MOST_PAIRED, MOST_PAIRED + 1])
@pytest.mark.parametrize("pbc", [False, True])
def test_the_number_of_atoms_does_not_matter(n: int, *, pbc: bool) -> None:
    positions = np.arange(n)[:, np.newaxis] * [0.0, 0.0, 1.0]
    atoms = Atoms(n * ["W"], positions=positions, cell=[3, 3, n], pbc=pbc)
    assert structure_fault(atoms) is None
    atoms.positions[n - 1] = atoms.positions[0] + [0.05, 0, 0.05]
    assert structure_fault(atoms) == f"atoms 0 and {n - 1} coincide"
    atoms.positions[n - 1] = atoms.positions[0] - [0.0, 0, 0.05] + pbc * atoms.cell.array[2]
    assert structure_fault(atoms) == f"atoms 0 and {n - 1} coincide"
