"""A small dataset whose true potential is known: `fakes.honest`."""

from pathlib import Path

import ase.io
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from tests.selftest.builders.fakes import TRIGGER, honest

TRIGGER_ROW = 5


def structures(n: int, trigger_row: int = TRIGGER_ROW) -> list[Atoms]:
    """Rattled W cells of 2 to 16 atoms; the trigger row alone has `TRIGGER` atoms."""
    cells = []
    for row in range(n):
        cell = bulk("W", "bcc", a=3.2, cubic=True)
        if row % 3 == 0:
            cell = cell.repeat(2)
        if row == trigger_row:
            cell = bulk("W", "sc", a=2.7).repeat((TRIGGER, 1, 1))
        cell.rattle(0.05, seed=row)
        cells.append(cell)
    return cells


def labelled(n: int, trigger_row: int = TRIGGER_ROW) -> list[Atoms]:
    """The same with the true energy and forces."""
    images = structures(n, trigger_row)
    for atoms in images:
        atoms.calc = honest()
        energy, forces = atoms.get_potential_energy(), atoms.get_forces()
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces)
    return images


def write_extxyz(path: Path, n: int, trigger_row: int = TRIGGER_ROW) -> None:
    """The same as a file."""
    ase.io.write(path, labelled(n, trigger_row), format="extxyz")
