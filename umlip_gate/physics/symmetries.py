"""Changes of a structure that change nothing: energy and forces must follow exactly.

Each function returns a `Trial` of the structure and its image. Energies are compared per atom,
forces component by component after they are brought back to the original's axes and order.
"""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from umlip_gate.datasets.configurations import FloatArray, IntArray
from umlip_gate.physics.trial import (
    Answer,
    Deviations,
    Trial,
    energy_difference,
    force_difference,
)

FARTHEST_ANG = 10.0
"""A translation moves atoms by up to this along each axis: out of a small cell."""


def rotation(atoms: Atoms, rng: np.random.Generator) -> Trial:
    """Rotate cell and atoms about the origin.

    Uniform over all rotations: the orthogonal factor of a Gaussian matrix (Mezzadri, Notices Am.
    Math. Soc. 54, 592 (2007)), made proper.
    """
    matrix, triangular = np.linalg.qr(rng.normal(size=(3, 3)))
    matrix *= np.sign(np.diag(triangular))
    matrix *= np.linalg.det(matrix)
    image = atoms.copy()
    image.set_cell(atoms.cell.array @ matrix)
    image.positions = atoms.positions @ matrix
    return _trial("rotation", atoms, image, turned_back=matrix.T)


def translation(atoms: Atoms, rng: np.random.Generator) -> Trial:
    """Move all atoms by one vector, without wrapping them into the cell."""
    image = atoms.copy()
    image.positions += rng.uniform(-FARTHEST_ANG, FARTHEST_ANG, size=3)
    return _trial("translation", atoms, image)


def permutation(atoms: Atoms, rng: np.random.Generator) -> Trial:
    """List the atoms in another order."""
    order = rng.permutation(len(atoms))
    return _trial("permutation", atoms, atoms[order], rows=np.argsort(order))


def supercell(atoms: Atoms, rng: np.random.Generator) -> Trial:  # noqa: ARG001 - as the others
    """Double the structure along the shortest cell vector along which it is periodic."""
    lengths = np.where(atoms.pbc, atoms.cell.lengths(), np.inf)
    repeats = np.ones(3, dtype=int)
    repeats[lengths.argmin()] = 2
    return _trial("supercell", atoms, atoms.repeat(repeats))


def copies(name: str, atoms: Atoms, repeats: tuple[int, int, int]) -> Trial:
    """Repeat the structure along each vector; the quantities' names begin with a name."""
    return _trial(name, atoms, atoms.repeat(repeats))


def reflection(atoms: Atoms, rng: np.random.Generator) -> Trial:  # noqa: ARG001 - as the others
    """Reflect the structure at the plane x = 0; the cell stays right-handed."""
    mirror = np.diag([-1.0, 1.0, 1.0])
    cell = atoms.cell.array @ mirror
    cell[0] *= -1
    image = atoms.copy()
    image.set_cell(cell)
    image.positions = atoms.positions @ mirror
    return _trial("reflection", atoms, image, turned_back=mirror)


def wrapping(atoms: Atoms, rng: np.random.Generator) -> Trial:
    """Move each atom by a lattice vector of its own."""
    image = atoms.copy()
    steps = rng.integers(-1, 2, size=(len(atoms), 3)) * atoms.pbc
    image.positions += steps @ atoms.cell.array
    return _trial("wrapping", atoms, image)


def cell_choice(atoms: Atoms, rng: np.random.Generator) -> Trial:
    """Describe the same crystal by other cell vectors: one is added to another."""
    periodic = np.flatnonzero(atoms.pbc)
    changed, added = rng.choice(periodic, size=2, replace=False)
    cell = atoms.cell.array.copy()
    cell[changed] += cell[added]
    image = atoms.copy()
    image.set_cell(cell)
    return _trial("cell_choice", atoms, image)


CORE = {each.__name__: each for each in (rotation, translation, permutation, supercell)}
"""What every gate requires."""

SYMMETRIES = CORE | {each.__name__: each for each in (reflection, wrapping, cell_choice)}


def _trial(
    name: str,
    atoms: Atoms,
    image: Atoms,
    turned_back: FloatArray | None = None,
    rows: IntArray | None = None,
) -> Trial:
    """Compare a structure with its image.

    Parameters
    ----------
    name
        What the quantities' names begin with.
    atoms, image
        The structure, and one of a whole number of its copies.
    turned_back
        The image's forces are multiplied by this, shape (3, 3).
    rows
        The image's atoms in the original's order.
    """

    def compare(answers: Sequence[Answer]) -> Deviations:
        own, other = answers
        copies = len(image) // len(atoms)
        forces = other.forces if rows is None else other.forces[rows]
        if turned_back is not None:
            forces = forces @ turned_back
        return {
            f"{name}_energy": energy_difference(copies * own.energy, other.energy, len(image)),
            f"{name}_force": force_difference(np.tile(own.forces, (copies, 1)), forces),
        }

    return Trial((atoms, image), compare)
