"""What every dataset must hold when it is read."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from ase.data import atomic_numbers

from umlip_gate.datasets.configurations import FileRows, Row
from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError
from umlip_gate.worker.structures import structure_fault

PROBLEMS_NAMED = 10


def check(dataset: Dataset, files: Sequence[FileRows]) -> None:
    """Hold the rows of a dataset against its registration.

    Raises
    ------
    InputError
        Another number of rows than registered; an energy or force that is not finite; forces of
        another shape than the positions; what is no structure (see `structure_fault`); an element
        that is not registered; a row that is bitwise equal to an earlier one, beyond what is
        registered. The first ten problems are named by file and row.
    """
    registered = {atomic_numbers[symbol] for symbol in dataset.elements}
    problems = [
        *_count(dataset, files),
        *(
            f"{where}: {what}"
            for file in files
            for where, row in file.numbered()
            for what in _row(row, registered)
        ),
        *_duplicates(dataset, files),
    ]
    if problems:
        listed = problems[:PROBLEMS_NAMED]
        if len(problems) > len(listed):
            listed.append(f"and {len(problems) - len(listed)} more")
        lines = "\n  ".join(listed)
        raise InputError(f"{dataset.id}: the data are not sound (rows count from 0):\n  {lines}")


def _count(dataset: Dataset, files: Sequence[FileRows]) -> Iterator[str]:
    found = sum(len(file.rows) for file in files)
    names = ", ".join(file.name for file in files)
    if dataset.rows is not None and found != dataset.rows:
        yield f"{names}: {found} rows, but {dataset.rows} are registered"
    elif not found:
        yield f"{names}: no rows"


def _row(row: Row, registered: set[int]) -> Iterator[str]:
    n_atoms = len(row.atoms)
    if fault := structure_fault(row.atoms):
        yield fault
    if not np.isfinite(row.energy_ev):
        yield f"the energy is {row.energy_ev}"
    if row.forces.shape != (n_atoms, 3):
        yield f"forces of shape {row.forces.shape} for {n_atoms} atoms"
    elif not np.isfinite(row.forces).all():
        yield "a force is not finite"
    if foreign := set(row.atoms.numbers.tolist()) - registered:
        yield f"atomic numbers that are not of the registered elements: {sorted(foreign)}"


def _duplicates(dataset: Dataset, files: Sequence[FileRows]) -> list[str]:
    earlier: dict[bytes, str] = {}
    found = []
    for file in files:
        for where, row in file.numbered():
            first = earlier.setdefault(_content(row), where)
            if first is not where:
                found.append(f"{where}: bitwise equal to {first}")
    if len(found) == dataset.duplicates:
        return []
    if dataset.duplicates:
        found.insert(0, f"{len(found)} duplicate rows, but {dataset.duplicates} are registered")
    return found


def _content(row: Row) -> bytes:
    content = hashlib.blake2b(digest_size=16)
    atoms = row.atoms
    energy = np.float64(row.energy_ev)
    arrays = (atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc, energy, row.forces)
    for array in arrays:
        content.update(array.tobytes())
    return content.digest()
