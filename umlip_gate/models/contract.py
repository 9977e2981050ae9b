"""What every evaluation must keep to, checked around the package's own code.

Packages answer nonsense without raising (a finite energy for a NaN coordinate, NaN for
coincident atoms), so both the question and the answer are checked here, for every family.
"""

import numpy as np
from ase import Atoms

from umlip_gate.models.potential import EnergyForces


def refuse(atoms: Atoms) -> None:
    """Refuse a structure that no potential has a meaning for.

    Raises
    ------
    ValueError
        No atoms; a position or cell that is not finite.
    """
    if len(atoms) == 0:
        raise ValueError("no atoms")
    if not np.isfinite(atoms.positions).all():
        raise ValueError(f"atom {_first(~np.isfinite(atoms.positions))}: position is not finite")
    if not np.isfinite(atoms.cell.array).all():
        raise ValueError("the cell is not finite")


def judge_answer(before: Atoms, after: Atoms, result: EnergyForces) -> None:
    """Check what a potential answered.

    Parameters
    ----------
    before
        The structure as it was.
    after
        The copy that the potential was given.
    result
        Its answer.

    Raises
    ------
    ValueError
        Forces of the wrong shape; energy or forces that are not finite real numbers; a changed
        input.
    """
    energy, forces = result
    forces = np.asarray(forces)
    if forces.shape != (len(before), 3):
        raise ValueError(f"forces of shape {forces.shape} for {len(before)} atoms")
    if not np.isrealobj(forces) or np.ndim(energy) != 0:
        raise ValueError("the energy is not a number, or the forces are not real")
    if not np.isfinite(energy):
        raise ValueError(f"the energy is {energy}")
    if not np.isfinite(forces).all():
        raise ValueError(f"the force on atom {_first(~np.isfinite(forces))} is not finite")
    for name in ("numbers", "positions", "cell", "pbc"):
        if not np.array_equal(np.asarray(getattr(before, name)), np.asarray(getattr(after, name))):
            raise ValueError(f"the calculator changed its input ({name})")


def _first(bad: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> int:
    return int(np.argwhere(bad)[0, 0])
