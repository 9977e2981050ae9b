"""Pickled data frames: a row per configuration, as the paper's group publishes them."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
from ase import Atoms

from umlip_gate.datasets.configurations import Row
from umlip_gate.datasets.readers.opening import opened
from umlip_gate.datasets.readers.unpickle import load_frame
from umlip_gate.errors import InputError
from umlip_gate.schema import nearest

COLUMNS = ("ase_atoms", "energy", "forces")


def read_frame(path: Path) -> pd.DataFrame:
    """Read a published file, reference or predictions, as it is.

    Returns
    -------
    pandas.DataFrame
        Columns `ase_atoms`, `energy` (eV: total in reference files, per atom in the published
        predictions) and `forces` (eV/Å; a list or an array of shape (n_atoms, 3) each).

    Raises
    ------
    InputError
        The file is damaged, names a forbidden global, or lacks one of these columns.
    """
    with opened(path) as stream:
        return _frame(stream, str(path))


def rows(stream: IO[bytes], where: str, group: str | None = None) -> Iterator[Row]:
    """Read the rows of a pickled data frame whose `energy` is the total energy.

    Raises
    ------
    InputError
        The file is not such a frame or lacks the column `group`, or a row is no configuration.
    """
    frame = _frame(stream, where)
    if group is not None and group not in frame.columns:
        raise InputError(f"{where}: no column {group!r}; {nearest(group, list(frame.columns))}")
    labels = [None] * len(frame) if group is None else frame[group].map(str)
    columns = zip(*(frame[name] for name in COLUMNS), labels, strict=True)
    for i, (atoms, energy_ev, forces, label) in enumerate(columns):
        try:
            plain = Atoms(
                numbers=atoms.numbers,
                positions=atoms.positions,
                cell=atoms.cell.array,
                pbc=atoms.pbc,
            )
            array = np.asarray(forces, dtype=np.float64)
            yield Row(plain, float(energy_ev), array, label)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{where} row {i}: not a configuration: {error}") from error


def _frame(stream: IO[bytes], where: str) -> pd.DataFrame:
    frame = load_frame(stream, where)
    names = [str(name) for name in frame.columns]
    for name in COLUMNS:
        if name not in names:
            raise InputError(f"{where}: no column {name!r}; {nearest(name, names)}")
    return frame
