"""Pickled data frames: a row per configuration, as the paper's group publishes them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from umlip_gate.datasets.configurations import Row
from umlip_gate.datasets.keys import Reading
from umlip_gate.datasets.readers.labels import stress_of, structure, unread_stresses
from umlip_gate.datasets.readers.opening import opened
from umlip_gate.datasets.readers.unpickle import Frame, load_frame
from umlip_gate.errors import InputError
from umlip_gate.schema import nearest

COLUMNS = ("ase_atoms", "energy", "forces")


def read_frame(path: Path) -> Frame:
    """Read a published file, reference or predictions, as it is.

    Returns
    -------
    dict
        Columns `ase_atoms`, `energy` (eV: total in reference files, per atom in the published
        predictions) and `forces` (eV/Å; a list or an array of shape (n_atoms, 3) each), each a
        list of its rows.

    Raises
    ------
    InputError
        The file is damaged, names a forbidden global, or lacks one of these columns.
    """
    with opened(path) as stream:
        return _frame(stream, str(path), COLUMNS)


def rows(stream: IO[bytes], where: str, reading: Reading) -> Iterator[Row]:
    """Read the rows of a pickled data frame whose `energy` is the total energy.

    Raises
    ------
    InputError
        The file is not such a frame or lacks the column `group`, or a row is no configuration.
    """
    keys = reading.keys
    energy, forces = keys.energy or "energy", keys.forces or "forces"
    names = ["ase_atoms", energy, *([forces] if reading.with_forces else [])]
    asked = (reading.group, keys.stress, keys.virial)
    frame = _frame(stream, where, [*names, *(name for name in asked if name)])
    unread = unread_stresses(frame, keys)
    for i, atoms in enumerate(frame["ase_atoms"]):
        try:
            label = str(frame[reading.group][i]) if reading.group else None
            array = np.asarray(frame[forces][i], dtype=np.float64) if reading.with_forces else None
            named = {name: frame[name][i] for name in (keys.stress, keys.virial) if name}
            stress = stress_of(named, keys, atoms)
            plain = structure(atoms, keys)
            yield Row(plain, float(frame[energy][i]), array, label, stress, unread)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{where} row {i}: not a configuration: {error}") from error


def _frame(stream: IO[bytes], where: str, needed: Sequence[str]) -> Frame:
    frame = load_frame(stream, where)
    for name in needed:
        if name not in frame:
            raise InputError(f"{where}: no column {name!r}; {nearest(name, list(frame))}")
    return frame
