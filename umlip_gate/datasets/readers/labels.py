"""The reference of a structure that ASE read, and what it says of the structure to the model."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms, FixCartesian

from umlip_gate.datasets.configurations import PER_ATOM, PER_STRUCTURE, FloatArray, Row
from umlip_gate.datasets.keys import Keys, Reading

RIVALS = {
    "energy": re.compile(r"(.+[_-])?energy([_-].+)?", re.IGNORECASE),
    "forces": re.compile(r"(.+[_-])?forces?([_-].+)?", re.IGNORECASE),
}
"""Names under which files have a reference beside, or in place of, the usual one."""

OTHER_QUANTITIES = re.compile(
    r"free|formation|atomi[sz]ation|cohesive|interaction|binding|adsorption|surface|kinetic|"
    r"per_atom|above_hull|weight|sigma|std|var|uncertainty|norm|max|local",
    re.IGNORECASE,
)
"""What a name says if it is of another quantity."""

STRESSES = re.compile(r"(.+[_-])?(stress|virial)(es|s)?([_-].+)?", re.IGNORECASE)
"""Names under which files have a stress."""

OTHER_SPELLINGS = {
    "total_charge": ("charge", 0),
    "tot_charge": ("charge", 0),
    "system_charge": ("charge", 0),
    "net_charge": ("charge", 0),
    "total_spin": ("spin", 0),
    "multiplicity": ("spin", 1),
    "spin_multiplicity": ("spin", 1),
    "mult": ("spin", 1),
    "magmoms_initial": ("initial_magmoms", 0),
    "init_magmoms": ("initial_magmoms", 0),
    "init_charges": ("initial_charges", 0),
}
"""Names of what models are given -> the key, and the value that says nothing."""

FIELDS = frozenset({"external_field", "electric_field", "efield", "magnetic_field"})
"""What energies depend on and no model here is given."""

INPUTS = frozenset({*PER_STRUCTURE, *PER_ATOM, *OTHER_SPELLINGS, *FIELDS})
"""All names of what energies depend on beside the structure."""


def labelled(atoms: Atoms, reading: Reading) -> Row:
    """Return the row of a structure with its reference.

    Parameters
    ----------
    atoms
        As ASE read it; the reference in its calculator's results, `info` or `arrays`.
    reading
        What is looked for.

    Raises
    ------
    ValueError
        Energy, forces or group are missing, are there under several names, or are not numbers; or
        as `structure`.
    """
    named = _named(atoms)
    keys = reading.keys
    energy_ev = _number(_reference(named, "energy", keys.energy), keys.energy or "energy")
    forces = None
    if reading.with_forces:
        forces = _forces(_reference(named, "forces", keys.forces), keys.forces or "forces")
    label = None
    if reading.group is not None:
        if reading.group not in named:
            raise ValueError(f"no {reading.group}, which group names{_listed(named)}")
        label = str(named[reading.group])
    return Row(
        structure(atoms, keys),
        energy_ev,
        forces,
        label,
        stress_of(named, keys, atoms),
        unread_stresses(named, keys),
    )


def stress_of(named: Mapping[str, Any], keys: Keys, atoms: Atoms) -> FloatArray | None:
    """Return the stress that `keys` names, shape (3, 3), eV/Å³, as ASE counts it; None without.

    Raises
    ------
    ValueError
        It is not there, is no symmetric tensor of numbers, or the structure is not periodic in
        three directions.
    """
    key = keys.stress or keys.virial
    if key is None:
        return None
    usual = "stress" if keys.stress else "virial"
    if key not in named:
        raise ValueError(f"no {key}, which keys.{usual} names{_listed(named)}")
    if not atoms.pbc.all():
        raise ValueError(f"{key}: a stress needs a cell that is periodic in three directions")
    tensor = _tensor(named[key], key)
    return tensor if keys.stress else -tensor / atoms.get_volume()


def unread_stresses(named: Iterable[str], keys: Keys) -> tuple[str, ...]:
    """Return the names of stresses that a file has and nobody asked for."""
    chosen = {keys.stress, keys.virial}
    if chosen != {None}:  # one of several forms is enough
        return ()
    found = (name for name in named if STRESSES.fullmatch(name))
    return tuple(sorted(name for name in found if not OTHER_QUANTITIES.search(name)))


def _tensor(value: Any, name: str) -> FloatArray:  # noqa: ANN401 - whatever the file has
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or array.size not in (6, 9):
        raise ValueError(f"{name} is not 3 x 3 numbers, nor xx, yy, zz, yz, xz, xy")
    if array.size == 6:  # noqa: PLR2004 - Voigt's order
        xx, yy, zz, yz, xz, xy = array.reshape(-1).tolist()
        return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]], dtype=np.float64)
    tensor = array.reshape(3, 3).astype(np.float64)
    far = 1e-3 * np.abs(tensor).max(initial=0.0)
    if (np.abs(tensor - tensor.T) > far).any():  # of what is not finite the dataset's check tells
        raise ValueError(f"{name} is not symmetric")
    return (tensor + tensor.T) / 2


def structure(atoms: Atoms, keys: Keys) -> Atoms:
    """Return a structure with what a model is given, and which atoms are fixed, and no more.

    Raises
    ------
    ValueError
        It has what energies depend on under a name that no model is given.
    """
    plain = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell.array, pbc=atoms.pbc)
    _put_inputs(plain, _named(atoms), keys)
    plain.set_constraint(
        [each for each in atoms.constraints if isinstance(each, FixAtoms | FixCartesian)]
    )
    return plain


def _named(atoms: Atoms) -> dict[str, Any]:
    """Return all that a structure has, by name; what its calculator has comes first."""
    kept = {name: atoms.info.get(name) for name in ("key_value_pairs", "data")}  # of a database
    nested = [table for table in kept.values() if isinstance(table, Mapping)]
    others = {name: value for name, value in atoms.info.items() if name not in kept}
    arrays = {k: v for k, v in atoms.arrays.items() if k not in ("numbers", "positions")}
    named = {name: value for table in (*nested, others, arrays) for name, value in table.items()}
    return named | (dict(atoms.calc.results) if atoms.calc else {})


def _reference(named: Mapping[str, Any], usual: str, key: str | None) -> Any:  # noqa: ANN401 - whatever the file has
    if key is not None:
        if key not in named:
            raise ValueError(f"no {key}, which keys.{usual} names{_listed(named)}")
        return named[key]
    rivals = sorted(name for name in named if name != usual and _is_rival(name, usual))
    line = f'keys = {{ {usual} = "{rivals[0] if rivals else "…"}" }}'
    if usual not in named:
        raise ValueError(f"no {usual}{_listed(named)}; name it in the TOML file: {line}")
    if rivals:
        both = " and ".join([usual, *rivals])
        raise ValueError(
            f"{both} stand side by side; state which is the reference: "
            f'keys = {{ {usual} = "{usual}" }} or {line}'
        )
    return named[usual]


def _is_rival(name: str, usual: str) -> bool:
    return bool(RIVALS[usual].fullmatch(name)) and not OTHER_QUANTITIES.search(name)


def _listed(named: Mapping[str, Any]) -> str:
    return f"; the frame has {', '.join(sorted(named))}" if named else "; the frame has no other"


def _number(value: Any, name: str) -> float:  # noqa: ANN401 - whatever the file has
    array = np.asarray(value)
    if array.dtype.kind in "fiu" and array.size == 1:
        return float(array.reshape(-1)[0])
    written = ",".join(map(str, array.reshape(-1)[:4].tolist()))
    hint = "; a decimal comma? write a point" if array.dtype.kind in "fiu" else ""
    raise ValueError(f"{name}={written} is not a number{hint}")


def _forces(value: Any, name: str) -> FloatArray:  # noqa: ANN401 - whatever the file has
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} are not numbers")
    return np.asarray(array, dtype=np.float64)


def _put_inputs(plain: Atoms, named: Mapping[str, Any], keys: Keys) -> None:
    chosen = {name: getattr(keys, name) or name for name in (*PER_STRUCTURE, *PER_ATOM)}
    for name in named:
        key, neutral = OTHER_SPELLINGS.get(name.lower(), ("", 0))
        if key and name not in chosen.values() and np.any(np.asarray(named[name]) != neutral):
            raise ValueError(
                f"{name} is not given to the model under this name; add to the TOML file: "
                f'keys = {{ {key} = "{name}" }}'
            )
        if name.lower() in FIELDS and np.any(np.asarray(named[name]) != 0):
            raise ValueError(f"{name}: the energy depends on it, and no model here is given it")
    for name, key in chosen.items():
        if key not in named:
            if getattr(keys, name):
                raise ValueError(f"no {key}, which keys.{name} names{_listed(named)}")
        elif name in PER_STRUCTURE:
            plain.info[name] = _number(named[key], key)
        else:
            values = np.asarray(named[key])
            if values.dtype.kind not in "fiu" or values.shape != (len(plain),):
                raise ValueError(f"{key} is not one number per atom")
            plain.set_array(name, values.astype(np.float64))
