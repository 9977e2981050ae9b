"""What every evaluation must keep to, checked around the package's own code.

Packages answer nonsense without raising (a finite energy for a NaN coordinate, NaN for
coincident atoms), so both the question and the answer are checked here, for every family.
"""

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.neighborlist import neighbor_list
from numpy.typing import ArrayLike, NDArray

from umlip_gate.worker.potential import Abilities, EnergyForces, Potential
from umlip_gate.worker.structures import structure_fault

NEAREST_ANG = 3.5
"""Most atoms of a metal have a neighbour within this; only the others are looked at again."""


UNTRAINED = "the model was not trained on"
"""How a refusal begins of a structure with elements that the model does not cover."""


def check_structure(atoms: Atoms, potential: Potential, abilities: Abilities) -> None:
    """Check that a potential has a meaning for a structure.

    Raises
    ------
    ValueError
        It is no structure; an element that the model was not trained on; atoms without
        neighbours, or a periodicity, that the package has no sound answer for.
    """
    if fault := structure_fault(atoms):
        raise ValueError(fault)
    _check_elements(atoms, potential)
    _check_periodicity(atoms, abilities)
    _check_isolated_atoms(atoms, potential, abilities)


def _check_elements(atoms: Atoms, potential: Potential) -> None:
    if potential.elements is not None:
        unknown = sorted(set(atoms.numbers.tolist()) - potential.elements)
        if unknown:
            names = ", ".join(chemical_symbols[number] for number in unknown)
            raise ValueError(f"{UNTRAINED} {names}")


def _check_periodicity(atoms: Atoms, abilities: Abilities) -> None:
    if not atoms.pbc.any() and abilities.no_periodicity != "answers":
        raise ValueError("the model does not support structures without periodicity")
    mixed = atoms.pbc.any() and not atoms.pbc.all()
    if mixed and abilities.mixed_periodicity != "answers":
        raise ValueError("the model does not support mixed periodicity")


def _check_isolated_atoms(atoms: Atoms, potential: Potential, abilities: Abilities) -> None:
    ability = abilities.isolated_atom if len(atoms) == 1 else abilities.lone_atom
    if potential.cutoff_ang is None or ability == "answers":
        return
    lonely = np.ones(len(atoms), dtype=bool)
    for cutoff_ang in (min(NEAREST_ANG, potential.cutoff_ang), potential.cutoff_ang):
        lonely[neighbor_list("i", atoms, cutoff_ang)] = False
        if not lonely.any():
            return
    raise ValueError(
        f"atom {_first(lonely)} has no neighbour within {potential.cutoff_ang:g} Å, "
        "which the model does not support"
    )


def check_output(before: Atoms, after: Atoms, result: EnergyForces) -> None:
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
    if np.asarray(energy).dtype.kind not in "fiu" or np.ndim(energy) != 0:
        raise ValueError(f"the energy is no number: {energy!r}")
    if forces.dtype.kind not in "fiu":
        raise ValueError(f"the forces are no real numbers, but {forces.dtype}")
    if not np.isfinite(energy):
        raise ValueError(f"the energy is {energy}")
    if not np.isfinite(forces).all():
        raise ValueError(f"the force on atom {_first(~np.isfinite(forces))} is not finite")
    for name in ("numbers", "positions", "cell", "pbc"):
        if not np.array_equal(np.asarray(getattr(before, name)), np.asarray(getattr(after, name))):
            raise ValueError(f"the calculator changed its input ({name})")


def check_stresses(stresses: Sequence[ArrayLike], n: int) -> NDArray[np.float64]:
    """Return the stresses of n structures as one array, shape (n, 3, 3).

    Raises
    ------
    ValueError
        They have another shape, or are not finite.
    """
    found = np.array([np.asarray(each, dtype=np.float64) for each in stresses])
    if found.shape != (n, 3, 3):
        raise ValueError(f"stresses of shape {found.shape} for {n} structures")
    if not np.isfinite(found).all():
        raise ValueError("a stress is not finite")
    return found


def _first(bad: NDArray[np.bool_]) -> int:
    return int(np.argwhere(bad)[0, 0])
