"""Behaviour of crystals that any useful potential shows, from single points on fixed cells."""

import itertools
from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.units import GPa

from umlip_gate.datasets.configurations import FloatArray
from umlip_gate.physics.stress import COMPONENTS, strained
from umlip_gate.physics.trial import Answer, Deviations, Trial


def volume_curve(atoms: Atoms, volumes: FloatArray) -> Trial:
    """Compress and expand a crystal: the energy has one minimum, and rises towards both ends.

    Parameters
    ----------
    atoms
        Near its equilibrium.
    volumes
        As fractions of its volume, ascending.
    """
    images = []
    for volume in volumes:
        image = atoms.copy()
        image.set_cell(atoms.cell.array * volume ** (1 / 3), scale_atoms=True)
        images.append(image)

    def compare(answers: Sequence[Answer]) -> Deviations:
        energies = np.array([answer.energy for answer in answers])
        lost = np.nan if np.isnan(energies).any() else 0.0
        turns = np.diff(np.sign(np.diff(energies)))
        return {"volume_curve": float(abs((turns > 0).sum() - 1) + (turns < 0).sum()) + lost}

    return Trial(tuple(images), compare)


def repulsion(atoms: Atoms, pair: tuple[int, int], fractions: FloatArray) -> Trial:
    """Push an atom of a crystal into its neighbour: the energy rises at every step.

    Parameters
    ----------
    atoms
        A crystal.
    pair
        The atom that is moved, and the neighbour.
    fractions
        The distances, as fractions of the first, descending.
    """
    vector = atoms.get_distance(*pair, mic=True, vector=True)
    images = []
    for fraction in fractions:
        image = atoms.copy()
        image.positions[pair[0]] += (1 - fraction) * vector
        images.append(image)

    def compare(answers: Sequence[Answer]) -> Deviations:
        energies = np.array([answer.energy for answer in answers])
        lost = np.nan if np.isnan(energies).any() else 0.0
        return {"repulsion": float((np.diff(energies) <= 0).sum()) + lost}

    return Trial(tuple(images), compare)


STRAINS = {
    "bulk": np.eye(3),
    "tetragonal": np.diag([1.0, -1.0, 0.0]),
    "shear": np.array([[0, 1.0, 0], [1.0, 0, 0], [0, 0, 0]]),
}
"""Strains of a cubic crystal along its axes: the second derivatives of the energy by them are 9 B,
4 C' and 4 C44 times the volume, with C' = (C11 - C12) / 2, as the cubic stiffness says."""

FACTORS = {"bulk": 9.0, "tetragonal": 4.0, "shear": 4.0}


def elastic_stability(atoms: Atoms, strain: float) -> Trial:
    """Strain a cubic crystal: its bulk modulus, C' and C44 are positive (Born's criteria).

    The deviation is the smallest of the three, GPa, with its sign turned: a stable crystal's is
    negative.
    """
    images = []
    for direction in STRAINS.values():
        for steps in (-1, 1):
            image = atoms.copy()
            image.set_cell(
                atoms.cell.array @ (np.eye(3) + steps * strain * direction), scale_atoms=True
            )
            images.append(image)

    def compare(answers: Sequence[Answer]) -> Deviations:
        centre, *others = (answer.energy for answer in answers)
        moduli = []
        for row, factor in enumerate(FACTORS.values()):
            low, high = others[2 * row : 2 * row + 2]
            curvature = (low + high - 2 * centre) / strain**2
            moduli.append(curvature / (factor * atoms.get_volume()) / GPa)
        return {"elastic_stability": float(-np.min(moduli))}

    return Trial((atoms, *images), compare)


def stiffness(atoms: Atoms, strain: float) -> Trial:
    """Strain a crystal of any symmetry: every eigenvalue of its stiffness matrix is positive.

    Mouhat and Coudert, Phys. Rev. B 90, 224104 (2014). The atoms follow the cell. The deviation is
    the smallest eigenvalue, GPa, with its sign turned.
    """
    pairs = list(itertools.combinations_with_replacement(COMPONENTS, 2))
    images = [
        strained(atoms, strain * (first * _unit(one) + second * _unit(other)))
        for one, other in pairs
        for first, second in ((1, 1), (1, -1), (-1, 1), (-1, -1))
    ]

    def compare(answers: Sequence[Answer]) -> Deviations:
        energies = np.array([answer.energy for answer in answers[1:]]).reshape(-1, 4)
        mixed = energies @ [1, -1, -1, 1] / (4 * strain**2)
        matrix = np.zeros((6, 6))
        matrix[np.triu_indices(6)] = mixed / atoms.get_volume() / GPa
        matrix += np.triu(matrix, 1).T
        return {"elastic_stability": -float(np.linalg.eigvalsh(matrix).min())}

    return Trial((atoms, *images), compare)


def _unit(component: tuple[int, int]) -> FloatArray:
    unit = np.zeros((3, 3))
    unit[component] += 0.5
    unit[component[::-1]] += 0.5
    return unit
