"""When two answers about the same atoms are the same: `thresholds/conformance.toml`."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from umlip_gate.schema import Strict, read_toml, validate
from umlip_gate.settings import THRESHOLDS

PATH = THRESHOLDS / "conformance.toml"


class ByDtype(Strict):
    """A tolerance for each dtype."""

    float32: float = Field(gt=0)
    float64: float = Field(gt=0)


class Size(Strict):
    """How tolerances follow the numbers that are compared.

    Attributes
    ----------
    usual
        The energy, eV/atom, or component of a force, eV/Å, that tolerances are for.
    smallest
        What tolerances are multiplied by for the smallest numbers.
    """

    usual: float = Field(gt=0)
    smallest: float = Field(gt=0, le=1)


class Why(Strict):
    """Where tolerances are from.

    Attributes
    ----------
    source
        What was measured.
    rationale
        Why they are where they are.
    """

    source: str
    rationale: str


class Conformance(Strict):
    """Tolerances of conformance.

    Attributes
    ----------
    energy_ev_per_atom, force_ev_per_ang
        By which two answers may differ, at the usual size.
    size
        How tolerances follow the numbers.
    why
        Where they are from.
    """

    energy_ev_per_atom: ByDtype
    force_ev_per_ang: ByDtype
    size: Size
    why: Why


@cache
def _tolerances() -> Conformance:
    return validate(Conformance, read_toml(PATH), str(PATH))


def difference(
    found: tuple[float, NDArray[np.float64]],
    expected: tuple[float, NDArray[np.float64]],
    dtype: str,
) -> str | None:
    """Return how two answers differ, or None if they are the same; what is not finite never is.

    Parameters
    ----------
    found, expected
        Energy, eV, and forces, shape (n_atoms, 3), eV/Å.
    dtype
        What the model computes in.

    Raises
    ------
    InputError
        The file of tolerances is not valid.
    """
    tolerances = _tolerances()
    (found_ev, found_forces), (energy_ev, forces) = found, expected
    energy_gap = abs(found_ev - energy_ev) / len(forces)
    force_gap = float(np.abs(found_forces - forces).max())
    largest = max(abs(energy_ev) / len(forces), float(np.abs(forces).max()))
    scale = max(tolerances.size.smallest, largest / tolerances.size.usual)
    most_ev = scale * getattr(tolerances.energy_ev_per_atom, dtype)
    most_ev_per_ang = scale * getattr(tolerances.force_ev_per_ang, dtype)
    # of an infinite answer the tolerances are infinite as well
    if np.isfinite(largest) and energy_gap <= most_ev and force_gap <= most_ev_per_ang:
        return None
    return (
        f"energies differ by {energy_gap:.3g} eV/atom, forces by {force_gap:.3g} eV/Å; at most "
        f"{most_ev:.3g} and {most_ev_per_ang:.3g} are rounding (thresholds/conformance.toml)"
    )
