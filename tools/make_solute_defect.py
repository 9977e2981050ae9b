"""Writes solute-defect.xyz: interaction energies by CHGNet, an example of the file format.

Runs in CHGNet's environment: `.tox/chgnet/bin/python tools/make_solute_defect.py`.
"""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from chgnet.model.dynamics import CHGNetCalculator

LATTICE_ANG = 3.17
SHELLS = 4


def main() -> None:
    """Put a solute into the shells of a vacancy in 54 sites of bcc W, and far from it."""
    perfect = bulk("W", "bcc", a=LATTICE_ANG, cubic=True).repeat(3)
    distances = perfect.get_distances(0, range(len(perfect)), mic=True).round(3)
    shells = np.unique(distances)[1:]
    calculator = CHGNetCalculator(use_device="cpu")
    cells = []
    for solute in ("Re", "Ta"):
        for shell, distance in enumerate([*shells[:SHELLS], shells[-1]], start=1):
            atoms = perfect.copy()
            atoms.symbols[int(np.argmax(distances == distance))] = solute
            del atoms[0]
            far = distance == shells[-1]
            cells.append(_labelled(atoms, calculator))
            cells[-1].info = {
                "system": f"W-{solute}",
                "defect": "monovacancy",
                "point": "*" if far else shell,
                "role": "far" if far else "near",
            }
    write(Path(__file__).with_name("solute-defect.xyz"), cells, format="extxyz")


def _labelled(atoms: Atoms, calculator: CHGNetCalculator) -> Atoms:
    energy = float(calculator.get_potential_energy(atoms))
    atoms.calc = SinglePointCalculator(atoms, energy=energy)
    return atoms


if __name__ == "__main__":
    main()
