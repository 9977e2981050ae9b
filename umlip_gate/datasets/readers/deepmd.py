"""Systems of DeePMD-kit: a folder of NumPy arrays.

Format: DeePMD-kit's documentation, "System". `type.raw` and `type_map.raw` name the atoms, each
`set.*` has `coord.npy`, `box.npy`, `energy.npy`, `force.npy` and perhaps `virial.npy`, a row per
configuration. In the mixed
format `real_atom_types.npy` names the atoms of each configuration, -1 where there is none.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import FloatArray, IntArray, Row
from umlip_gate.datasets.keys import Keys, Reading
from umlip_gate.datasets.readers.elements import atomic_number
from umlip_gate.datasets.readers.labels import stress_of
from umlip_gate.datasets.readers.limits import limits
from umlip_gate.errors import InputError

VIRIAL = "virial.npy"


def rows(folder: Path, reading: Reading) -> Iterator[Row]:
    """Read the configurations of a system; energies are total, eV, forces eV/Å, virials eV.

    Raises
    ------
    InputError
        It is no system: a file is missing, or does not fit the others.
    """
    sets = sorted(folder.glob("set.*"))
    if not sets:
        raise InputError(f"{folder}: has no set.000, so it is no system of DeePMD-kit")
    numbers = _numbers(folder / "type_map.raw")
    types = _types(folder / "type.raw")
    periodic = not (folder / "nopbc").exists()
    row = 0
    for each in sets:
        found = _structures(each, types, periodic=periodic, with_forces=reading.with_forces)
        virials = _virials(each, reading.keys)
        unread = () if virials is not None or not (each / VIRIAL).exists() else ("virial",)
        for place, structure in enumerate(found):
            own, positions, cell, energy_ev, forces = structure
            if len(own) and not 0 <= own.min() <= own.max() < len(numbers):
                raise InputError(f"{each} row {row}: a type that type_map.raw does not name")
            atoms = Atoms(numbers[own], positions, cell=cell, pbc=periodic)
            stress = None
            if virials is not None:
                try:
                    stress = stress_of({"virial": virials[place]}, Keys(virial="virial"), atoms)
                except ValueError as error:
                    raise InputError(f"{each} row {row}: {error}") from error
            yield Row(atoms, energy_ev, forces, None, stress, unread)
            row += 1


Structure = tuple[IntArray, FloatArray, FloatArray | None, float, FloatArray | None]


def _virials(folder: Path, keys: Keys) -> FloatArray | None:
    return _array(folder / VIRIAL, -1, 9) if keys.virial else None


def _structures(
    folder: Path, types: IntArray, *, periodic: bool, with_forces: bool
) -> Iterator[Structure]:
    coordinates = _array(folder / "coord.npy", -1, len(types) * 3)
    n = len(coordinates)
    boxes = _array(folder / "box.npy", n, 9) if periodic else None
    energies = _array(folder / "energy.npy", n, 1)
    forces = _array(folder / "force.npy", n, len(types) * 3) if with_forces else None
    mixed = folder / "real_atom_types.npy"
    real = _array(mixed, n, len(types)).astype(np.int64) if mixed.exists() else None
    for i in range(n):
        own = types if real is None else real[i]
        there = own >= 0
        yield (
            own[there],
            coordinates[i].reshape(-1, 3)[there],
            None if boxes is None else boxes[i].reshape(3, 3),
            float(energies[i, 0]),
            None if forces is None else forces[i].reshape(-1, 3)[there],
        )


def _array(path: Path, n_rows: int, n_columns: int) -> FloatArray:
    """Read an array of so many rows (-1: any) and columns."""
    try:
        if path.stat().st_size > limits().bytes.max:
            raise InputError(f"{path}: too large (thresholds/reading.toml: bytes)")
        array: NDArray[Any] = np.load(path, allow_pickle=False)
        return array.astype(np.float64, casting="safe").reshape(n_rows, n_columns)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (EOFError, TypeError, ValueError) as error:
        shape = f"({'n' if n_rows < 0 else n_rows}, {n_columns})"
        raise InputError(f"{path}: not an array of numbers of shape {shape}: {error}") from error


def _numbers(path: Path) -> IntArray:
    try:
        return np.array([atomic_number(word) for word in _words(path)], dtype=np.int64)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _types(path: Path) -> IntArray:
    words = _words(path)
    if not words or not all(word.isdecimal() and len(word) < 4 for word in words):  # noqa: PLR2004
        raise InputError(f"{path}: expected the number of a type for each atom")
    return np.array(words, dtype=np.int64)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
