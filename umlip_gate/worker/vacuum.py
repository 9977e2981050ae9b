"""Cells for packages that treat a structure as periodic where it is not."""

import numpy as np
from ase import Atoms


def enclosed(atoms: Atoms, vacuum_ang: float) -> Atoms:
    """Give a slab or wire a cell that encloses it along the directions without periodicity.

    Parameters
    ----------
    atoms
        Any structure.
    vacuum_ang
        The vacuum on either side, Å: atoms that a package wraps into the cell are then not moved,
        and with more than half a cutoff their images along those directions are no neighbours.

    Returns
    -------
    Atoms
        A copy, in the same order, moved as a whole; the structure itself if it is periodic in
        every direction or in none.
    """
    if atoms.pbc.all() or not atoms.pbc.any():
        return atoms
    copy: Atoms = atoms.copy()
    copy.center(vacuum=vacuum_ang, axis=tuple(np.flatnonzero(~atoms.pbc)))
    return copy
