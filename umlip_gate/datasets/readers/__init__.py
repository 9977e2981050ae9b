"""The formats that reference data come in."""

from pathlib import Path

from umlip_gate.datasets.configurations import FileRows, Row
from umlip_gate.datasets.readers import extxyz, mtp, mvl, pickled
from umlip_gate.datasets.readers.opening import opened
from umlip_gate.datasets.registry import Dataset, Selection
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import InputError


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
    with opened(path, source.member) as stream:
        match dataset.reader:
            case "pickle":
                return list(pickled.rows(stream, where, dataset.group))
            case "mvl-json":
                return list(mvl.rows(stream, where, dataset.group))
            case "extxyz":
                return list(extxyz.rows(stream, where, dataset.group))
            case "mtp-cfg":
                return list(mtp.rows(stream, where, dataset.types, dataset.group))
            case "interactions-extxyz" | None:
                raise AssertionError("no rows of energies and forces")


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
