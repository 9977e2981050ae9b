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


PER_STRUCTURE = ("charge", "spin")
PER_ATOM = ("initial_magmoms", "initial_charges")
"""What a model may be given beside the structure, in `info` and `arrays` of an ASE structure."""


class Row(NamedTuple):
    """One configuration as a reader yields it, not yet checked.

    Attributes
    ----------
    atoms
        Numbers, positions (Å), cell (Å), periodicity, and what of `PER_STRUCTURE` and
        `PER_ATOM` the file states; constraints mark atoms that the file states as fixed. A
        calculator is ignored.
    energy_ev
        Total energy.
    forces
        Expected shape (n_atoms, 3), eV/Å; None if the dataset has energies alone.
    group
        What the dataset's `group` key says of it: rows of one label are not independent.
    stress
        Expected shape (3, 3), eV/Å³, as ASE counts it; None if none is read.
    unread
        Names under which the file has a stress that is not read.
    """

    atoms: Atoms
    energy_ev: float
    forces: FloatArray | None
    group: str | None = None
    stress: FloatArray | None = None
    unread: tuple[str, ...] = ()


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
        Shape (N, 3), eV/Å; all NaN if the dataset has energies alone.
    groups
        Shape (n,), the independent group of each configuration (see independence.py).
    charge, spin
        Shape (n,), NaN of those that state none; None if none does.
    initial_magmoms, initial_charges
        Shape (N,), the same.
    stresses
        Shape (n, 3, 3), eV/Å³, NaN of those that state none; None if none does.

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
    charge: FloatArray | None = None
    spin: FloatArray | None = None
    initial_magmoms: FloatArray | None = None
    initial_charges: FloatArray | None = None
    stresses: FloatArray | None = None

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
        for name in self.inputs:
            expected[name] = (np.float64, (n,) if name in PER_STRUCTURE else (total,))
        if self.stresses is not None:
            expected["stresses"] = (np.float64, (n, 3, 3))
        for name, (dtype, shape) in expected.items():
            array = _constant(getattr(self, name), dtype)
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
            object.__setattr__(self, name, array)

    @classmethod
    def from_rows(cls, rows: Sequence[Row], groups: IntArray | None = None) -> "Configurations":
        """Join rows whose forces have the shape of their positions.

        Parameters
        ----------
        rows
            The rows.
        groups
            The independent group of each, shape (n,); found from structures and labels if it
            is None.
        """
        none = np.zeros((0, 3))
        if groups is None:
            groups = independent_groups([row.atoms for row in rows], [row.group for row in rows])
        return cls(
            n_atoms=np.array([len(row.atoms) for row in rows], dtype=np.int64),
            numbers=np.concatenate([none[:, 0].astype(int), *(r.atoms.numbers for r in rows)]),
            positions=np.concatenate([none, *(row.atoms.positions for row in rows)]),
            cells=np.array([row.atoms.cell.array for row in rows]).reshape(-1, 3, 3),
            pbc=np.array([row.atoms.pbc for row in rows], dtype=bool).reshape(-1, 3),
            energies=np.array([row.energy_ev for row in rows], dtype=np.float64),
            forces=np.concatenate(
                [
                    none,
                    *(
                        np.full((len(row.atoms), 3), np.nan) if row.forces is None else row.forces
                        for row in rows
                    ),
                ]
            ),
            groups=groups,
            stresses=_stresses_of(rows),
            **_inputs_of(rows),
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
        arrays = {name: getattr(self, name) for name in names}
        return digest_of_arrays({k: array for k, array in arrays.items() if array is not None})

    @property
    def inputs(self) -> tuple[str, ...]:
        """What models are given beside the structures, of `PER_STRUCTURE` and `PER_ATOM`."""
        names = (*PER_STRUCTURE, *PER_ATOM)
        return tuple(name for name in names if getattr(self, name) is not None)

    @cached_property
    def has_forces(self) -> bool:
        """Whether the reference has forces, and not energies alone."""
        return not np.isnan(self.forces).any()

    def atoms(self, i: int) -> Atoms:
        """Return configuration i as a copy of its own, without a calculator."""
        i = range(len(self))[i]
        own = slice(self.offsets[i], self.offsets[i + 1])
        atoms = Atoms(
            numbers=self.numbers[own],
            positions=self.positions[own],
            cell=self.cells[i],
            pbc=self.pbc[i],
        )
        for name in self.inputs:
            values = getattr(self, name)[i if name in PER_STRUCTURE else own]
            if np.isnan(values).any():
                continue
            if name in PER_STRUCTURE:
                atoms.info[name] = int(values) if values == int(values) else float(values)
            else:
                atoms.set_array(name, values)
        return atoms

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
            stresses=None if self.stresses is None else self.stresses[chosen],
            **{
                name: getattr(self, name)[chosen if name in PER_STRUCTURE else atoms]
                for name in self.inputs
            },
        )


def _inputs_of(rows: Sequence[Row]) -> dict[str, FloatArray]:
    """Return the arrays of what some row states beside its structure."""
    inputs: dict[str, FloatArray] = {}
    for name in PER_STRUCTURE:
        if any(name in row.atoms.info for row in rows):
            inputs[name] = np.array([float(row.atoms.info.get(name, np.nan)) for row in rows])
    for name in PER_ATOM:
        if any(row.atoms.has(name) for row in rows):
            inputs[name] = np.concatenate(
                [
                    row.atoms.get_array(name)
                    if row.atoms.has(name)
                    else np.full(len(row.atoms), np.nan)
                    for row in rows
                ]
            )
    return inputs


def _stresses_of(rows: Sequence[Row]) -> FloatArray | None:
    if all(row.stress is None for row in rows):
        return None
    none = np.full((3, 3), np.nan)
    return np.array([none if row.stress is None else row.stress for row in rows])


def _constant(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Return an array that nobody can write to; one that somebody could is copied."""
    constant = np.ascontiguousarray(array, dtype=dtype)
    if constant.flags.writeable:
        if np.may_share_memory(constant, array):
            constant = constant.copy()
        constant.flags.writeable = False
    return constant
