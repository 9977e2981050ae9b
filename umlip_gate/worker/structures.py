"""What is no structure, whatever data set holds it and whatever computes it."""

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

COINCIDENT_ANG = 0.1
"""Atoms closer than this are the same atom twice: no crystal or collision comes near."""


def structure_fault(atoms: Atoms) -> str | None:
    """Say why a structure is none.

    Returns
    -------
    str or None
        No atoms; a position or the cell is not finite; periodic along nothing; coincident atoms.
        None if it is one.
    """
    if len(atoms) == 0:
        return "no atoms"
    lost = ~np.isfinite(atoms.positions).all(axis=1)
    if lost.any():
        return f"atom {lost.argmax()}: position is not finite"
    if not np.isfinite(atoms.cell.array).all():
        return "the cell is not finite"
    if (atoms.pbc & (np.linalg.norm(atoms.cell.array, axis=1) == 0)).any():
        return "periodic along a cell vector of length zero"
    first, second = neighbor_list("ij", atoms, COINCIDENT_ANG)
    return f"atoms {first[0]} and {second[0]} coincide" if len(first) else None
