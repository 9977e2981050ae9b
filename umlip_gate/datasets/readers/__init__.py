"""The formats that reference data come in."""

from collections.abc import Iterator
from pathlib import Path

from umlip_gate.datasets.configurations import FileRows, Row
from umlip_gate.datasets.keys import Reading
from umlip_gate.datasets.readers import ase_io, database, deepmd, extxyz, mtp, mvl, pickled
from umlip_gate.datasets.readers.kinds import check_kind
from umlip_gate.datasets.readers.limits import in_time
from umlip_gate.datasets.readers.opening import opened
from umlip_gate.datasets.registry import Dataset, Selection
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import InputError

SQLITE = b"SQLite format 3"
READ_BY_PATH = ("ase", "aselmdb", "deepmd-npy")
"""Readers that open the file by themselves."""


def read_file(path: Path, source: SourceFile, dataset: Dataset) -> FileRows:
    """Read those rows of one of a dataset's files that belong to it.

    Raises
    ------
    InputError
        As `read_rows`, or there are fewer rows than the selection names.
    """
    name = _name(path, source)
    return _selected(name, read_rows(path, source, dataset), dataset.selection)


def read_rows(path: Path, source: SourceFile, dataset: Dataset) -> list[Row]:
    """Read every row of one of a dataset's files, as it is.

    Parameters
    ----------
    path
        The file as fetched.
    source
        Which member to read.
    dataset
        Its reader, and what the reader needs to know.

    Raises
    ------
    InputError
        The file is not what the reader reads; the message names file and row.
    """
    where = _name(path, source)
    return in_time(_rows(path, source.member, where, dataset), where)


def _rows(path: Path, member: str | None, where: str, dataset: Dataset) -> Iterator[Row]:
    reader = dataset.reader
    reading = Reading(dataset.keys, dataset.group, dataset.quantity != "energies")
    _check_access(path, member, where, reader)
    if reader == "deepmd-npy":
        yield from deepmd.rows(path, reading)
        return
    with opened(path, member) as stream:
        check_kind(stream, where, reader or "")
        match reader:
            case "ase" if stream.peek().startswith(SQLITE):
                yield from database.rows(path, reading, "db")
            case "ase":
                yield from ase_io.rows(path, reading)
            case "aselmdb":
                yield from database.rows(path, reading, "aselmdb")
            case "pickle":
                yield from pickled.rows(stream, where, reading)
            case "mvl-json":
                yield from mvl.rows(stream, where, reading)
            case "extxyz":
                yield from extxyz.rows(stream, where, reading)
            case "mtp-cfg":
                yield from mtp.rows(stream, where, dataset.types, reading)
            case _:
                raise AssertionError("no rows of energies and forces")


def _check_access(path: Path, member: str | None, where: str, reader: str | None) -> None:
    if path.is_dir() != (reader == "deepmd-npy"):
        raise InputError(
            f"{where}: reader = {reader!r} reads a {'folder' if path.is_file() else 'file'}"
        )
    if reader in READ_BY_PATH and member is not None:
        raise InputError(f"{where}: reader = {reader!r} reads no archives; extract the member")


def _selected(name: str, rows: list[Row], selection: Selection | None) -> FileRows:
    if selection is None:
        return FileRows(name, 0, rows)
    if selection.last_row >= len(rows):
        raise InputError(
            f"{name}: {len(rows)} rows, but rows {selection.first_row} to {selection.last_row} "
            "(counted from 0) are selected"
        )
    return FileRows(name, selection.first_row, rows[selection.first_row : selection.last_row + 1])


def _name(path: Path, source: SourceFile) -> str:
    return f"{path}:{source.member}" if source.member else str(path)
