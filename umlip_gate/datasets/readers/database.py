"""ASE databases: SQLite files, and LMDB files as fairchem's datasets have them."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from ase.db import connect

from umlip_gate.datasets.configurations import Row
from umlip_gate.datasets.keys import Reading
from umlip_gate.datasets.readers.labels import labelled
from umlip_gate.errors import InputError


def rows(path: Path, reading: Reading, kind: Literal["db", "aselmdb"]) -> Iterator[Row]:
    """Read the rows of a database of ASE, in the order of their numbers.

    Raises
    ------
    InputError
        The package that reads it is not installed, the file is damaged, or a row lacks energy
        or forces.
    """
    if kind == "aselmdb" and find_spec("ase_db_backends") is None:
        raise InputError(
            f"{path}: an LMDB database needs one more package: "
            'pip install "umlip-gate[aselmdb]", or write the data as extended XYZ'
        )
    options = {"readonly": True} if kind == "aselmdb" else {}
    i = 0
    try:
        with connect(path, type=kind, use_lock_file=False, **options) as database:
            for i, stored in enumerate(database.select(sort="id")):  # noqa: B007 - names the row
                yield labelled(stored.toatoms(add_additional_information=True), reading)
    except ValueError as error:
        raise InputError(f"{path} row {i}: {error}") from error
    except Exception as error:  # the backend raises whatever a damaged file leads to
        text = f"{type(error).__name__}: {error}"
        raise InputError(f"{path} row {i}: not a whole database: {text}") from error
