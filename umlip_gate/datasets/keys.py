"""Under which names a file has its reference, and what it says of a structure to the model."""

from typing import NamedTuple

from umlip_gate.schema import Strict


class Keys(Strict):
    """Names in a file; None stands for the usual one, which is the attribute's own.

    Attributes
    ----------
    energy
        Total energy of the configuration, eV.
    forces
        Forces, shape (n_atoms, 3), eV/Å.
    charge
        Total charge, e.
    spin
        Total spin, as the model takes it: 2S, or 2S + 1.
    initial_magmoms
        Magnetic moments of the atoms, μB.
    initial_charges
        Charges of the atoms, e.
    """

    energy: str | None = None
    forces: str | None = None
    charge: str | None = None
    spin: str | None = None
    initial_magmoms: str | None = None
    initial_charges: str | None = None


class Reading(NamedTuple):
    """What a reader looks for in a configuration.

    Attributes
    ----------
    keys
        Under which names.
    group
        The name of what a configuration was made from; None if it is not read.
    with_forces
        Whether the dataset has forces.
    """

    keys: Keys = Keys()
    group: str | None = None
    with_forces: bool = True
