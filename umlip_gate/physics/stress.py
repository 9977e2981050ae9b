"""Stress against central differences of the energy under strain."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from pydantic import Field

from umlip_gate.datasets.configurations import Configurations, FloatArray
from umlip_gate.physics.study import Case, Study
from umlip_gate.physics.trial import Answer, Deviations, Trial
from umlip_gate.schema import Strict

COMPONENTS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Voigt's order."""


class StressProtocol(Strict):
    """Cells of the dataset, compressed, so that all of them have a stress.

    Attributes
    ----------
    cells
        How many are drawn, or all of them if there are fewer.
    seed
        Of the draw, and of displacements and shears.
    rattle_ang
        Standard deviation of the displacement of each atom along each axis.
    compression
        Of each length.
    shear
        Largest component of a random strain besides.
    step
        The smaller strain of the differences.
    """

    cells: int = Field(ge=1)
    seed: int
    rattle_ang: float
    compression: float
    shear: float
    step: float = Field(gt=0)


def stress_study(dataset: Configurations, protocol: StressProtocol) -> Study:
    """Return the trial of each cell."""
    rng = np.random.default_rng(protocol.seed)
    cases = []
    for row in rng.permutation(len(dataset))[: protocol.cells].tolist():
        atoms = dataset.atoms(row)
        shear = rng.uniform(-protocol.shear, protocol.shear, size=(3, 3))
        strain = (shear + shear.T) / 2 - protocol.compression * np.eye(3)
        atoms = strained(atoms, strain)
        atoms.positions += rng.normal(scale=protocol.rattle_ang, size=(len(atoms), 3))
        cases.append(Case(f"row {row}", stress(atoms, protocol.step)))
    return Study(tuple(cases), asks_stress=True)


def strained(atoms: Atoms, strain: FloatArray) -> Atoms:
    """Return a copy whose cell and atoms are strained, shape (3, 3)."""
    image: Atoms = atoms.copy()
    image.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    return image


def stress(atoms: Atoms, step: float) -> Trial:
    """Strain a cell by one and by two steps along each component, forwards and backwards.

    The deviation is the norm of the difference between the stress and the derivative of the
    energy by the strain, per volume, as a fraction of the latter's; extrapolated as in `gradient`.
    """
    images = [
        strained(atoms, steps * step * _component(*component))
        for component in COMPONENTS
        for steps in (-2, -1, 1, 2)
    ]

    def compare(answers: Sequence[Answer]) -> Deviations:
        own, *others = answers
        if own.stress is None:
            return {}
        energies = np.array([answer.energy for answer in others]).reshape(len(COMPONENTS), 4)
        two_back, back, forth, two_forth = energies.T
        slopes = (8 * (forth - back) - (two_forth - two_back)) / (12 * step)
        derivative = np.zeros((3, 3))
        for component, slope in zip(COMPONENTS, slopes / atoms.get_volume(), strict=True):
            derivative += slope * _component(*component) / np.sum(_component(*component))
        scale = float(np.linalg.norm(derivative))
        return {"stress": float(np.linalg.norm(own.stress - derivative)) / scale}

    return Trial((atoms, *images), compare)


def _component(row: int, column: int) -> FloatArray:
    unit = np.zeros((3, 3))
    unit[row, column] = unit[column, row] = 1.0
    return unit
