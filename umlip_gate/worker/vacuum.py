"""Cells for packages that treat a structure as periodic where it is not."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from umlip_gate.worker.potential import CalculatorPotential, EnergyForces


def enclosed(atoms: Atoms, vacuum_ang: float) -> Atoms:
    """Return a slab or wire in a cell that encloses it along the directions without periodicity.

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


def in_vacuum(atoms: Atoms, cutoff_ang: float) -> Atoms:
    """Copy a structure into a periodic cell, with nothing in reach where it was not periodic."""
    copy: Atoms = atoms.copy()
    if not copy.pbc.all():
        for axis in np.flatnonzero(~copy.pbc):
            copy.cell[axis] = 0
            copy.center(vacuum=cutoff_ang, axis=int(axis))
        copy.pbc = True
    return copy


class PeriodicPotential(CalculatorPotential):
    """A calculator that is given periodic cells only, one structure after the other."""

    cutoff_ang: float

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        return super().evaluate([in_vacuum(atoms, self.cutoff_ang) for atoms in structures])
