"""Extended XYZ files with `energy` and `forces`."""

from collections.abc import Iterator
from io import StringIO
from typing import IO

import numpy as np
from ase.io.extxyz import read_xyz

from umlip_gate.datasets.configurations import Row
from umlip_gate.errors import InputError


def rows(stream: IO[bytes], where: str, group: str | None = None) -> Iterator[Row]:
    """Read frames whose comment holds `energy` (total, eV) and whose columns hold `forces` (eV/Å).

    Raises
    ------
    InputError
        The file is not text or its last line has no end, or a frame is cut short or malformed,
        or lacks energy, forces or the key `group`.
    """
    for i, frame in enumerate(frames_of(stream, where)):
        try:
            (atoms,) = read_xyz(StringIO(frame), index=slice(None))
            results = atoms.calc.results if atoms.calc else {}
            energy_ev = float(results["energy"])
            forces = np.asarray(results["forces"], dtype=np.float64)
            label = None if group is None else str(atoms.info[group])
        except KeyError as error:
            raise InputError(f"{where} row {i}: no {error}") from error
        except Exception as error:  # ase raises whatever a malformed frame leads to
            raise InputError(f"{where} row {i}: not a configuration: {error}") from error
        yield Row(atoms, energy_ev, forces, label)


def frames_of(stream: IO[bytes], where: str) -> Iterator[str]:
    """Split by the announced numbers of atoms: ase would end quietly at a blank line.

    Raises
    ------
    InputError
        The file is not text or its last line has no end; a frame does not begin with a number of
        atoms, or is cut short.
    """
    try:
        text = stream.read().decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not a text file: {error}") from error
    if not text.endswith("\n"):
        raise InputError(f"{where}: cut short? The last line does not end; if it is whole, end it")
    lines = text.rstrip().splitlines()
    start = row = 0
    while start < len(lines):
        here = f"{where} row {row}, line {start + 1}"
        try:
            n_atoms = int(lines[start])
        except ValueError:
            message = f"{here}: {lines[start]!r} is not a number of atoms"
            raise InputError(message) from None
        frame = lines[start : start + 2 + max(n_atoms, 0)]
        if n_atoms < 1 or len(frame) < 2 + n_atoms:
            raise InputError(f"{here}: {n_atoms} atoms announced, {len(frame) - 2} lines of atoms")
        yield "\n".join(frame) + "\n"
        start += len(frame)
        row += 1
