"""Configurations with their reference energies and forces, as a struct of arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from umlip_gate.datasets.digests import digest_of_arrays
from umlip_gate.datasets.independence import independent_groups

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Row(NamedTuple):
    """One configuration as a reader yields it, not yet checked.

    Attributes
    ----------
    atoms
        Numbers, positions (Å), cell (Å) and periodicity; a calculator is ignored.
    energy_ev
        Total energy.
    forces
        Expected shape (n_atoms, 3), eV/Å.
    group
        What the dataset's `group` key says of it: rows of one label are not independent.
    """

    atoms: Atoms
    energy_ev: float
    forces: FloatArray
    group: str | None = None


@dataclass(frozen=True)
class FileRows:
    """The selected rows of one file.

    Attributes
    ----------
    name
        The file, as messages name it.
    first
        The number that the first of these rows has in the file.
    rows
        The rows.
    """

    name: str
    first: int
    rows: Sequence[Row]

    def numbered(self) -> Iterator[tuple[str, Row]]:
        """Each row with its name in messages."""
        for number, row in enumerate(self.rows, self.first):
            yield f"{self.name} row {number}", row


@dataclass(frozen=True, eq=False)
class Configurations:
    """n configurations with N atoms in all; no array can be written to.

    Attributes
    ----------
    n_atoms
        Shape (n,), atoms of each configuration.
    numbers
        Shape (N,), atomic numbers, one configuration after the other.
    positions
        Shape (N, 3), Å.
    cells
        Shape (n, 3, 3), Å, the cell vectors as rows.
    pbc
        Shape (n, 3).
    energies
        Shape (n,), total energies, eV.
    forces
        Shape (N, 3), eV/Å.
    groups
        Shape (n,), the independent group of each configuration (see independence.py).

    Raises
    ------
    ValueError
        An array has a shape other than these.
    """

    n_atoms: IntArray
    numbers: IntArray
    positions: FloatArray
    cells: FloatArray
    pbc: BoolArray
    energies: FloatArray
    forces: FloatArray
    groups: IntArray

    def __post_init__(self) -> None:
        n_atoms = _constant(self.n_atoms, np.int64)
        n, total = len(n_atoms), int(n_atoms.sum())
        expected: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
            "n_atoms": (np.int64, (n,)),
            "numbers": (np.int64, (total,)),
            "positions": (np.float64, (total, 3)),
            "cells": (np.float64, (n, 3, 3)),
            "pbc": (np.bool_, (n, 3)),
            "energies": (np.float64, (n,)),
            "forces": (np.float64, (total, 3)),
            "groups": (np.int64, (n,)),
        }
        for name, (dtype, shape) in expected.items():
            array = _constant(getattr(self, name), dtype)
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
            object.__setattr__(self, name, array)

    @classmethod
    def from_rows(cls, rows: Sequence[Row]) -> "Configurations":
        """Join rows whose forces have the shape of their positions."""
        none = np.zeros((0, 3))
        return cls(
            n_atoms=np.array([len(row.atoms) for row in rows], dtype=np.int64),
            numbers=np.concatenate([none[:, 0].astype(int), *(r.atoms.numbers for r in rows)]),
            positions=np.concatenate([none, *(row.atoms.positions for row in rows)]),
            cells=np.array([row.atoms.cell.array for row in rows]).reshape(-1, 3, 3),
            pbc=np.array([row.atoms.pbc for row in rows], dtype=bool).reshape(-1, 3),
            energies=np.array([row.energy_ev for row in rows], dtype=np.float64),
            forces=np.concatenate([none, *(row.forces for row in rows)]),
            groups=independent_groups([row.atoms for row in rows], [row.group for row in rows]),
        )

    def __len__(self) -> int:
        return len(self.n_atoms)

    @cached_property
    def offsets(self) -> IntArray:
        """Shape (n + 1,): configuration i owns the atoms offsets[i] to offsets[i + 1]."""
        return _constant(np.concatenate([[0], np.cumsum(self.n_atoms)]), np.int64)

    @cached_property
    def digest(self) -> str:
        """Sha256 of names, shapes and little-endian bytes of all arrays but `groups`.

        It says what is predicted and compared, and groups decide neither.
        """
        names = [field.name for field in fields(self) if field.name != "groups"]
        return digest_of_arrays({name: getattr(self, name) for name in names})

    def atoms(self, i: int) -> Atoms:
        """Give configuration i as a copy of its own, without a calculator."""
        i = range(len(self))[i]
        own = slice(self.offsets[i], self.offsets[i + 1])
        return Atoms(
            numbers=self.numbers[own],
            positions=self.positions[own],
            cell=self.cells[i],
            pbc=self.pbc[i],
        )

    def select(self, rows: ArrayLike) -> "Configurations":
        """Keep some configurations, in the order given.

        Parameters
        ----------
        rows
            Their indices, or a boolean mask of shape (n,).
        """
        chosen = np.arange(len(self))[np.asarray(rows)]
        counts = self.n_atoms[chosen]
        ends = np.cumsum(counts)
        atoms = np.arange(counts.sum()) + np.repeat(self.offsets[chosen] - ends + counts, counts)
        return Configurations(
            n_atoms=counts,
            numbers=self.numbers[atoms],
            positions=self.positions[atoms],
            cells=self.cells[chosen],
            pbc=self.pbc[chosen],
            energies=self.energies[chosen],
            forces=self.forces[atoms],
            groups=self.groups[chosen],
        )


def _constant(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Give back an array that nobody can write to; one that somebody could is copied."""
    constant = np.ascontiguousarray(array, dtype=dtype)
    if constant.flags.writeable:
        if np.may_share_memory(constant, array):
            constant = constant.copy()
        constant.flags.writeable = False
    return constant
