"""Under which names a file has its reference, and what it says of a structure to the model."""

from typing import NamedTuple

from pydantic import model_validator

from umlip_gate.schema import Strict


class Keys(Strict):
    """Names in a file; None stands for the usual one, which is the attribute's own.

    Attributes
    ----------
    energy
        Total energy of the configuration, eV.
    forces
        Forces, shape (n_atoms, 3), eV/Å.
    stress
        Stress, eV/Å³, as ASE counts it (positive where the cell wants to shrink): 3 x 3 numbers,
        or xx, yy, zz, yz, xz, xy; or
    virial
        the same times minus the volume, eV, as GPUMD and DeePMD-kit have it. Neither is read
        unless it is named.
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
    stress: str | None = None
    virial: str | None = None
    charge: str | None = None
    spin: str | None = None
    initial_magmoms: str | None = None
    initial_charges: str | None = None

    @model_validator(mode="after")
    def _one_stress(self) -> "Keys":
        if self.stress and self.virial:
            raise ValueError("stress and virial say the same: name one of them")
        return self


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
