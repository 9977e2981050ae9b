"""Interaction energies of solutes with defects: cells that belong together, and what DFT says.

The file is extended XYZ. Each frame is a cell; its comment says which point of which system it
belongs to, and what part it plays in it:

    system=W-Re defect=screw-dislocation point=4 role=near energy=-1713.2071

`role` is one of two sets, and with it the definition of the interaction energy:

    near, far                         E_int = E(near) - E(far)
    both, solute, defect, bulk        E_int = E(both) + E(bulk) - E(solute) - E(defect)

near: the solute beside the defect; far: the same cell with the solute at the site furthest from
the defect, the definition of Hu et al., Nat. Commun. 10, 4484 (2019) as the paper's Fig. 6 uses
it. both: solute and defect in one cell; solute, defect: one of them alone; bulk: neither. All
four of a point hold the same number of sites.

The reference of a point is either the `energy` (total, eV) of every one of its cells, or
`interaction_energy` (eV) in the frame whose role is near or both. A cell may serve several
points: a frame with `point=*` belongs to every point of its system and defect that has no cell
of that role of its own, one with `defect=*` to every defect of its system as well.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.load import how_to_bring
from umlip_gate.datasets.readers.extxyz import atoms_of, frames_of
from umlip_gate.datasets.readers.opening import opened
from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.settings import Settings
from umlip_gate.worker.structures import structure_fault

SIGNS: Mapping[frozenset[str], Mapping[str, int]] = {
    frozenset(signs): signs
    for signs in (
        {"near": 1, "far": -1},
        {"both": 1, "bulk": 1, "solute": -1, "defect": -1},
    )
}
ROLES = sorted({role for signs in SIGNS.values() for role in signs})
HEADS = ("near", "both")
SHARED = "*"


@dataclass(frozen=True)
class Point:
    """One interaction energy.

    Attributes
    ----------
    system, defect, name
        As the file says.
    signs
        Row of `Interactions.cells` -> how its energy enters, +1 or -1.
    reference_ev
        The interaction energy by DFT.
    """

    system: str
    defect: str
    name: str
    signs: Mapping[int, int]
    reference_ev: float


@dataclass(frozen=True, eq=False)
class Interactions:
    """Interaction energies, and the cells that they are differences of.

    Attributes
    ----------
    cells
        Structures alone: their energies and forces are 0 and say nothing.
    points
        What is measured.
    """

    cells: Configurations
    points: tuple[Point, ...]


@dataclass(frozen=True)
class _Frame:
    row: int
    where: str
    atoms: Atoms
    key: tuple[str, str, str]
    role: str
    energy_ev: float | None
    interaction_ev: float | None


def load_interactions(dataset: Dataset, settings: Settings) -> Interactions:
    """Fetch, read and check a dataset of interaction energies.

    Raises
    ------
    Unavailable
        The files are not available here.
    InputError
        The file is not of this format, or a point is not complete; names file and row.
    """
    frames: list[_Frame] = []
    if not dataset.files:
        raise Unavailable(f"{dataset.id}: {dataset.reason}{how_to_bring(dataset)}")
    for source in dataset.files:
        path = fetch(source, settings)
        with opened(path, source.member) as stream:
            frames += _frames(stream, str(path), len(frames))
    interactions = _interactions(frames)
    found, files = len(interactions.points), ", ".join(source.name for source in dataset.files)
    if dataset.rows not in (None, found):
        raise InputError(
            f"{files}: {found} interaction energies, but {dataset.rows} are registered"
        )
    registered = {atomic_numbers[symbol] for symbol in dataset.elements}
    foreign = set(interactions.cells.numbers.tolist()) - registered
    if foreign:
        raise InputError(f"{files}: atomic numbers that are not registered: {sorted(foreign)}")
    return interactions


def _frames(stream: IO[bytes], where: str, first_row: int) -> Iterator[_Frame]:
    for i, frame in enumerate(frames_of(stream, where)):
        here = f"{where} row {i}"
        try:
            atoms = atoms_of(frame)
        except ValueError as error:
            raise InputError(f"{here}: {error}") from error
        if fault := structure_fault(atoms):
            raise InputError(f"{here}: {fault}")
        said = {**atoms.info, **(atoms.calc.results if atoms.calc else {})}
        lacking = [key for key in ("system", "defect", "point", "role") if key not in said]
        if lacking:
            raise InputError(f"{here}: its comment says no {', '.join(lacking)}")
        role = str(said["role"])
        if role not in ROLES:
            raise InputError(f"{here}: role={role}: known: {', '.join(ROLES)}")
        key = (str(said["system"]), str(said["defect"]), str(said["point"]))
        energies = [_number(said, name, here) for name in ("energy", "interaction_energy")]
        yield _Frame(first_row + i, here, atoms, key, role, *energies)


def _number(said: Mapping[str, object], key: str, here: str) -> float | None:
    if key not in said:
        return None
    value = said[key]
    if not isinstance(value, int | float | np.number) or not np.isfinite(float(value)):
        raise InputError(f"{here}: {key}={value} is not a finite number")
    return float(value)


def _interactions(frames: list[_Frame]) -> Interactions:
    by_key: dict[tuple[str, str, str], dict[str, _Frame]] = defaultdict(dict)
    for frame in frames:
        twin = by_key[frame.key].setdefault(frame.role, frame)
        if twin is not frame:
            raise InputError(f"{frame.where}: role={frame.role} of the same point as {twin.where}")
    points = []
    used: set[int] = set()
    for (system, defect, name), own in by_key.items():
        if SHARED not in (defect, name):
            of_system = by_key.get((system, SHARED, SHARED), {})
            of_defect = by_key.get((system, defect, SHARED), {})
            cells = {**of_system, **of_defect, **own}
            points.append(_point(system, defect, name, cells, own))
            used |= set(points[-1].signs)
    if not points:
        raise InputError("no interaction energy in the files: no frame has a point of its own")
    idle = [frame for frame in frames if frame.row not in used]
    if idle:
        raise InputError(f"{idle[0].where}: no point uses this cell")
    rows = [Row(frame.atoms, 0.0, np.zeros((len(frame.atoms), 3))) for frame in frames]
    return Interactions(Configurations.from_rows(rows), tuple(points))


def _point(
    system: str, defect: str, name: str, cells: Mapping[str, _Frame], own: Mapping[str, _Frame]
) -> Point:
    where = f"{next(iter(own.values())).where}: system={system} defect={defect} point={name}"
    head = next((role for role in HEADS if role in own), None)
    if head is None:
        raise InputError(f"{where}: no cell of role {' or '.join(HEADS)}")
    signs = next(signs for signs in SIGNS.values() if head in signs)
    foreign = sorted(set(own) - set(signs))
    lacking = sorted(set(signs) - set(cells))
    if foreign or lacking:
        what = f"has {foreign[0]} beside {head}" if foreign else f"lacks {', '.join(lacking)}"
        raise InputError(f"{where}: {what}; the roles are {', '.join(sorted(signs))}")
    used = {role: cells[role] for role in signs}
    _check_composition(where, used, signs)
    rows = {used[role].row: sign for role, sign in signs.items()}
    return Point(system, defect, name, rows, _reference(where, used, signs))


def _check_composition(where: str, used: Mapping[str, _Frame], signs: Mapping[str, int]) -> None:
    """Refuse cells whose difference is one of compositions too."""
    surplus: Counter[str] = Counter()
    for role, sign in signs.items():
        for symbol in used[role].atoms.symbols:
            surplus[symbol] += sign
    if any(surplus.values()):
        atoms = ", ".join(f"{count:+d} {symbol}" for symbol, count in surplus.items() if count)
        raise InputError(f"{where}: its cells do not hold the same atoms in all: {atoms}")


def _reference(where: str, used: Mapping[str, _Frame], signs: Mapping[str, int]) -> float:
    for role in HEADS:
        if role in used and used[role].interaction_ev is not None:
            return used[role].interaction_ev or 0.0
    total_ev = 0.0
    for role, sign in signs.items():
        energy_ev = used[role].energy_ev
        if energy_ev is None:
            raise InputError(
                f"{where}: no reference: no interaction_energy, and no energy of its cell "
                f"{role} ({used[role].where})"
            )
        total_ev += sign * energy_ev
    return total_ev
