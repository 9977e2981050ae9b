"""What a potential gives beside energies and forces: its stresses, and its own uncertainty.

Of the uncertainty a calculator's `results` may have

    energy_uncertainty   of the total energy, one number, eV
    force_uncertainty    of each atom's force, shape (n_atoms,), eV/Å
    uncertainty          either of these, by its shape

or whatever names the settings have. A dimensionless measure orders errors as well, and then only
its rank correlation with them has a meaning.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from umlip_gate.worker.potential import Potential
from umlip_gate.worker.validation import check_stresses

Extras = dict[str, NDArray[np.float64]]
"""By name: `energy_uncertainty`, shape (1,), eV; `force_uncertainty`, shape (n_atoms,), eV/Å;
`stress`, shape (3, 3), eV/Å³, as ASE counts it."""

USUAL = {"energy": "energy_uncertainty", "forces": "force_uncertainty"}
EITHER = "uncertainty"


def extras_of(
    potential: Potential, structures: Sequence[Atoms], *, with_stress: bool
) -> list[Extras]:
    """Return what a potential gives beside the energies and forces that it was just asked for.

    Parameters
    ----------
    potential
        Has evaluated the structures last.
    structures
        These.
    with_stress
        Whether stresses are asked for, of those that are periodic; a model may have none.

    Raises
    ------
    ValueError
        What it gives has another shape, or is not finite.
    """
    stated = getattr(potential, "uncertainties", None)
    found: list[Extras] = [dict(each) for each in stated()] if stated else [{} for _ in structures]
    predict = getattr(potential, "stresses", None)
    periodic = [place for place, atoms in enumerate(structures) if atoms.pbc.all()]
    if with_stress and predict is not None and periodic:
        try:
            given = predict([structures[place] for place in periodic])
        except NotImplementedError:
            return found
        for place, stress in zip(periodic, check_stresses(given, len(periodic)), strict=True):
            found[place]["stress"] = stress
    return found


def stated_uncertainty(results: Mapping[str, Any], n_atoms: int, keys: Mapping[str, str]) -> Extras:
    """Return what a calculator's results say of its uncertainty.

    Parameters
    ----------
    results
        Of one structure.
    n_atoms
        Its number of atoms.
    keys
        `energy` and `forces` -> the names that a person gave; what is not named is read under its
        usual name if it is there, and has its shape.

    Raises
    ------
    ValueError
        A named one is not there, is not of its shape, is not finite, or is negative.
    """
    found: Extras = {}
    sizes = {"energy": 1, "forces": n_atoms}
    for of, usual in USUAL.items():
        if of in keys:
            found[usual] = _named(results, keys[of], of, sizes[of])
        elif (array := _usable(results.get(usual), sizes[of])) is not None:
            found[usual] = array
    either = results.get(EITHER)
    if not (found or keys) and either is not None:
        # a plain number is of the configuration, whatever its number of atoms
        is_one = np.ndim(either) == 0 or (np.size(either) == 1 and n_atoms > 1)
        of = "energy" if is_one else "forces"
        if (array := _usable(either, sizes[of])) is not None:
            found[USUAL[of]] = array
    return found


def _named(results: Mapping[str, Any], key: str, of: str, size: int) -> NDArray[np.float64]:
    if key not in results:
        names = ", ".join(sorted(map(str, results)))
        raise ValueError(f"no {key}, which uncertainty.{of} names; the results have {names}")
    array = _usable(results[key], size)
    if array is None:
        what = "one number" if of == "energy" else "one number per atom"
        raise ValueError(f"{key}, which uncertainty.{of} names, is not {what}, finite and not < 0")
    return array


def _usable(value: Any, size: int) -> NDArray[np.float64] | None:  # noqa: ANN401 - whatever a calculator has
    """Return a finite, not negative array of so many numbers; None if it is none."""
    try:
        array = np.asarray(value, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        return None
    is_sound = array.size == size and np.isfinite(array).all() and (array >= 0).all()
    return array.copy() if is_sound else None
