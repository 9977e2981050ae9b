"""MTP `.cfg` files, as the MLIP package writes them.

Format: Novikov, Gubaev, Podryabinkin & Shapeev, Mach. Learn.: Sci. Technol. 2, 025002 (2021).
"""

from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from typing import IO, NamedTuple

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from umlip_gate.datasets.configurations import FloatArray, Row
from umlip_gate.datasets.keys import Reading
from umlip_gate.datasets.readers.limits import limits
from umlip_gate.errors import InputError

SECTIONS = frozenset(
    {"Size", "Supercell", "AtomData:", "Energy", "PlusStress:", "Stress:", "Feature"}
)
LONGEST_NUMBER = 20
"""Digits of a number of atoms; converting more takes long."""

STRESSES = ("PlusStress:", "Stress:")
"""Sections that no quantity here is made of: a person is told."""

REPEATED = frozenset({"Feature"})
"""Sections that a record may have several of."""

POSITION = ("cartes_x", "cartes_y", "cartes_z")
FORCE = ("fx", "fy", "fz")


class _Section(NamedTuple):
    where: str
    columns: list[str]
    lines: list[str]

    def numbers(self, rows: int, columns: int) -> FloatArray:
        """Shape (rows, columns)."""
        try:
            numbers = np.array([line.split() for line in self.lines], dtype=np.float64)
        except ValueError as error:
            raise InputError(f"{self.where}: {error}") from error
        if numbers.shape != (rows, columns):
            raise InputError(
                f"{self.where}: expected {rows} lines of {columns} numbers, "
                f"got {len(self.lines)} lines",
            )
        return numbers


def rows(stream: IO[bytes], where: str, types: Sequence[str], reading: Reading) -> Iterator[Row]:
    """Read the configurations of a `.cfg` file; energies are total, eV, forces eV/Å.

    Parameters
    ----------
    stream
        The file.
    where
        The file, as messages name it.
    types
        The elements of the types 0, 1, ...
    group
        The Feature that names what a configuration was made from.

    Raises
    ------
    InputError
        The file is cut short, or a record of it is malformed or lacks energy or forces; the
        message names the row and the line.
    """
    numbers = np.array([atomic_numbers[symbol] for symbol in types])
    for i, (line, record) in enumerate(_records(stream, where)):
        here = f"{where} row {i}"
        row = _row(_sections(record, here, line), numbers, with_forces=reading.with_forces)
        label = None if reading.group is None else _feature(record, reading.group, here)
        unread = tuple(name for name in STRESSES if any(each.startswith(name) for each in record))
        yield row._replace(group=label, unread=unread)


def _records(stream: IO[bytes], where: str) -> Iterator[tuple[int, list[str]]]:
    """Return what stands between BEGIN_CFG and END_CFG, with the line of BEGIN_CFG."""
    row, begin = 0, 0
    record: list[str] = []
    for number, raw in enumerate(TextIOWrapper(stream, "utf-8-sig", errors="replace"), 1):
        line = raw.strip()
        if line == "BEGIN_CFG" and not begin:
            begin, record = number, []
        elif line == "END_CFG" and begin:
            yield begin, record
            row, begin = row + 1, 0
        elif begin and line != "BEGIN_CFG":
            record.append(line)
        elif line:
            raise InputError(
                f"{where} row {row}, line {number}: expected "
                f"{'END_CFG before the next BEGIN_CFG' if begin else 'BEGIN_CFG'}"
            )
    if begin:
        raise InputError(f"{where} row {row}, line {begin}: cut short, there is no END_CFG")


def _sections(record: list[str], where: str, begin: int) -> dict[str, _Section]:
    sections = {"": _Section(f"{where}, line {begin}", [], [])}
    current = sections[""]
    for number, line in enumerate(record, begin + 1):
        words = line.split()
        if words and words[0] in SECTIONS:
            if words[0] in sections and words[0] not in REPEATED:
                raise InputError(f"{where}, line {number}: a second {words[0]}")
            current = _Section(f"{where}, line {number}: {words[0]}", words[1:], [])
            sections[words[0]] = current
        elif words:
            current.lines.append(line)
    if sections[""].lines:
        raise InputError(f"{where}, line {begin}: begins with {sections[''].lines[0]!r}")
    missing = {"Size", "AtomData:", "Energy"} - sections.keys()
    if missing:
        raise InputError(f"{where}, line {begin}: no {', '.join(sorted(missing))}")
    return sections


def _row(sections: dict[str, _Section], numbers: np.ndarray, *, with_forces: bool) -> Row:
    size = sections["Size"]
    n_atoms = int(size.lines[0]) if len(size.lines) == 1 and _is_short_number(size) else 0
    if not 1 <= n_atoms <= limits().atoms.max:
        raise InputError(f"{size.where} is {' '.join(size.lines)!r}, not a number of atoms")
    data = sections["AtomData:"]
    table = data.numbers(n_atoms, len(data.columns))
    types = _columns(data, table, ("type",))[:, 0]
    if not np.isin(types, range(len(numbers))).all():
        raise InputError(f"{data.where} has types other than 0 to {len(numbers) - 1}")
    supercell = sections.get("Supercell")
    vectors = supercell.numbers(len(supercell.lines), 3) if supercell else np.zeros((0, 3))
    if supercell and len(vectors) > 3:  # noqa: PLR2004 - space has three directions
        raise InputError(f"{supercell.where} has {len(vectors)} vectors")
    atoms = Atoms(
        numbers=numbers[types.astype(int)],
        positions=_columns(data, table, POSITION),
        cell=np.vstack([vectors, np.zeros((3 - len(vectors), 3))]),
        pbc=np.arange(3) < len(vectors),
    )
    energy_ev = float(sections["Energy"].numbers(1, 1)[0, 0])
    return Row(atoms, energy_ev, _columns(data, table, FORCE) if with_forces else None)


def _is_short_number(size: _Section) -> bool:
    return size.lines[0].isdecimal() and len(size.lines[0]) < LONGEST_NUMBER


def _feature(record: list[str], name: str, where: str) -> str:
    """Return the value of one of a record's Features."""
    for line in record:
        words = line.split(maxsplit=2)
        if words[:2] == ["Feature", name]:
            return " ".join(words[2:])
    raise InputError(f"{where}: no Feature {name!r}")


def _columns(data: _Section, table: FloatArray, names: Sequence[str]) -> FloatArray:
    missing = [name for name in names if name not in data.columns]
    if missing:
        raise InputError(f"{data.where} no column {', '.join(missing)}")
    return table[:, [data.columns.index(name) for name in names]]
