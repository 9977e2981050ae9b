"""The formats that reference data come in."""

from pathlib import Path

from umlip_gate.datasets.configurations import Row
from umlip_gate.datasets.readers import extxyz, mtp, mvl, pickled
from umlip_gate.datasets.readers.opening import opened
from umlip_gate.datasets.registry import Dataset
from umlip_gate.datasets.source import SourceFile


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
    where = file_name(path, source)
    with opened(path, source.member) as stream:
        match dataset.reader:
            case "pickle":
                return list(pickled.rows(stream, where))
            case "mvl-json":
                return list(mvl.rows(stream, where))
            case "extxyz":
                return list(extxyz.rows(stream, where))
            case "mtp-cfg":
                return list(mtp.rows(stream, where, dataset.types))
            case "interactions-extxyz" | None:
                raise AssertionError("no rows of energies and forces")


def file_name(path: Path, source: SourceFile) -> str:
    """Name a file, or a member of one, for messages."""
    return f"{path}:{source.member}" if source.member else str(path)
