"""A small dataset whose true potential is known: `fakes.honest`."""

from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from tests.selftest.fakes import TRIGGER, honest
from umlip_gate.datasets.configurations import Configurations, Row

TRIGGER_ROW = 5


def structures(n: int) -> list[Atoms]:
    """Rattled W cells of 2 to 16 atoms; row `TRIGGER_ROW` alone has `TRIGGER` atoms."""
    cells = []
    for row in range(n):
        cell = bulk("W", "bcc", a=3.2, cubic=True)
        if row % 3 == 0:
            cell = cell.repeat(2)
        if row == TRIGGER_ROW:
            cell = bulk("W", "sc", a=2.7).repeat((TRIGGER, 1, 1))
        cell.rattle(0.05, seed=row)
        cells.append(cell)
    return cells


def labelled(n: int) -> list[Atoms]:
    """The same with the true energy and forces."""
    images = structures(n)
    for atoms in images:
        atoms.calc = honest()
        energy, forces = atoms.get_potential_energy(), atoms.get_forces()
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces)
    return images


def configurations(n: int) -> Configurations:
    """The same as a dataset."""
    return Configurations.from_rows(
        [
            Row(atoms, float(atoms.get_potential_energy()), np.asarray(atoms.get_forces()))
            for atoms in labelled(n)
        ]
    )


def write_extxyz(path: Path, n: int) -> None:
    """The same as a file."""
    ase.io.write(path, labelled(n), format="extxyz")
