"""What every dataset must hold when it is read."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms
from ase.data import atomic_numbers
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import PER_ATOM, PER_STRUCTURE, FileRows, Row
from umlip_gate.datasets.readers.limits import limits
from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError
from umlip_gate.worker.structures import structure_fault

PROBLEMS_NAMED = 10


def check(dataset: Dataset, files: Sequence[FileRows]) -> tuple[list[Row], list[str]]:
    """Check the rows of a dataset against its registration.

    Returns
    -------
    rows
        Those that count: all but repetitions that are not registered.
    notes
        Which rows are not counted.

    Raises
    ------
    InputError
        Another number of rows than registered; an energy or force that is not finite; forces of
        another shape than the positions, or zero because their atom is fixed; an invalid
        structure (see `structure_fault`); an element that is not registered; one structure with
        two references; another number of repetitions than registered. The first ten problems are
        named by file and row.
    """
    registered = {atomic_numbers[symbol] for symbol in dataset.elements}
    contradictions, repetitions = _repeated(files)
    problems = [
        *_count(dataset, files),
        *(
            f"{where}: {what}"
            for file in files
            for where, row in file.numbered()
            for what in _row(row, registered)
        ),
        *contradictions,
        *_wrong_repetitions(dataset, repetitions),
    ]
    if problems:
        raise InputError(
            f"{dataset.id}: the data are not sound (rows count from 0):\n  {_listed(problems)}"
        )
    ignored = {} if dataset.duplicates else repetitions
    rows = [row for file in files for where, row in file.numbered() if where not in ignored]
    notes = [f"{where}: bitwise equal to {first}; counted once" for where, first in ignored.items()]
    unread = _unread(rows) if dataset.brought else []
    return rows, [*([_listed(notes)] if notes else []), *unread]


def _unread(rows: Sequence[Row]) -> list[str]:
    """Return a line on stresses that are in the files and not read."""
    names = sorted({name for row in rows for name in row.unread})
    if not names:
        return []
    n = sum(bool(row.unread) for row in rows)
    usual = "virial" if "virial" in names[0].lower() else "stress"
    line = f'keys = {{ {usual} = "{names[0]}" }}'
    told = f"{n} of {len(rows)} rows have {', '.join(names)}, which is not read"
    return [f"{told}; with a reader that takes keys, {line} has it measured"]


def _listed(lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - PROBLEMS_NAMED} more"] if len(lines) > PROBLEMS_NAMED else []
    return "\n  ".join([*lines[:PROBLEMS_NAMED], *more])


def _count(dataset: Dataset, files: Sequence[FileRows]) -> Iterator[str]:
    found = sum(len(file.rows) for file in files)
    names = ", ".join(file.name for file in files)
    if dataset.rows is not None and found != dataset.rows:
        yield f"{names}: {found} rows, but {dataset.rows} are registered"
    elif not found:
        yield f"{names}: no rows"


def _row(row: Row, registered: set[int]) -> Iterator[str]:
    n_atoms = len(row.atoms)
    if n_atoms > limits().atoms.max:
        yield f"{n_atoms} atoms, and a configuration has {limits().atoms.max} at most"
        return
    if fault := structure_fault(row.atoms):
        yield fault
    if not np.isfinite(row.energy_ev):
        yield f"the energy is {row.energy_ev}"
    if row.forces is not None:
        yield from _forces(row.atoms, row.forces)
    if row.stress is not None and not np.isfinite(row.stress).all():
        yield "a stress is not finite"
    if foreign := set(row.atoms.numbers.tolist()) - registered:
        yield f"atomic numbers that are not of the registered elements: {sorted(foreign)}"


def _forces(atoms: Atoms, forces: NDArray[np.float64]) -> Iterator[str]:
    if forces.shape != (len(atoms), 3):
        yield f"forces of shape {forces.shape} for {len(atoms)} atoms"
    elif not np.isfinite(forces).all():
        yield "a force is not finite"
    elif (zeroed := np.flatnonzero((_fixed(atoms) & (forces == 0)).any(axis=1))).size:
        named = ", ".join(map(str, zeroed[:PROBLEMS_NAMED]))
        yield (
            f"the forces of the fixed atoms {named} are exactly zero, as a constraint leaves them, "
            "and no reference: write the forces of the calculation itself, or state "
            'quantity = "energies"'
        )


def _fixed(atoms: Atoms) -> NDArray[np.bool_]:
    """Return along which directions atoms are fixed, shape (n_atoms, 3)."""
    fixed = np.zeros((len(atoms), 3), dtype=bool)
    for constraint in atoms.constraints:
        mask = True if isinstance(constraint, FixAtoms) else constraint.mask
        fixed[constraint.index] |= mask
    return fixed


def _repeated(files: Sequence[FileRows]) -> tuple[list[str], dict[str, str]]:
    """Compare the rows that have the same structure.

    Returns
    -------
    contradictions
        Rows whose reference is another than that of an earlier row.
    repetitions
        Rows that are bitwise equal to an earlier one -> that one.
    """
    earlier: dict[bytes, list[tuple[str, Row]]] = {}
    contradictions = []
    repetitions = {}
    for file in files:
        for where, row in file.numbered():
            alike = earlier.setdefault(_digest(row.atoms), [])
            first = next((name for name, other in alike if _equal(row, other)), None)
            if first is not None:
                repetitions[where] = first
                continue
            contradictions += [
                f"{where}: the structure of {name} with {apart}: one of them is wrong"
                for name, other in alike
                if (apart := _contradiction(row, other))
            ]
            alike.append((where, row))
    return contradictions, repetitions


def _digest(atoms: Atoms) -> bytes:
    """Digest of a structure and what a model is given beside it; -0.0 is 0.0."""
    content = hashlib.blake2b(digest_size=16)
    numbers = (atoms.positions, atoms.cell.array)
    given = [np.array(atoms.info.get(name, np.nan), dtype=np.float64) for name in PER_STRUCTURE]
    given += [atoms.arrays[name] for name in PER_ATOM if atoms.has(name)]
    for array in (atoms.numbers, atoms.pbc, *(array + 0.0 for array in (*numbers, *given))):
        content.update(array.tobytes())
    return content.digest()


def _equal(row: Row, other: Row) -> bool:
    if row.forces is None or other.forces is None:
        return row.energy_ev == other.energy_ev and row.forces is other.forces
    return row.energy_ev == other.energy_ev and np.array_equal(row.forces, other.forces)


def _contradiction(row: Row, other: Row) -> str | None:
    """Return how far apart two references of one structure are, if that is not mere rounding."""
    apart = limits().contradiction
    energy_mev = 1000 * abs(row.energy_ev - other.energy_ev) / max(len(row.atoms), 1)
    if energy_mev > apart.energy_mev_per_atom:
        return f"energies {energy_mev:.6g} meV/atom apart"
    if row.forces is None or other.forces is None or row.forces.shape != other.forces.shape:
        return None
    force_mev = 1000 * float(np.abs(row.forces - other.forces).max(initial=0.0))
    if force_mev > apart.force_mev_per_ang:
        return f"forces {force_mev:.6g} meV/Å apart"
    return None


def _wrong_repetitions(dataset: Dataset, repetitions: dict[str, str]) -> list[str]:
    if not dataset.duplicates or len(repetitions) == dataset.duplicates:
        return []
    return [
        f"{len(repetitions)} duplicate rows, but {dataset.duplicates} are registered",
        *(f"{where}: bitwise equal to {first}" for where, first in repetitions.items()),
    ]
