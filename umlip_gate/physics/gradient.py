"""Forces against central differences of the energy, and their sum."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from umlip_gate.datasets.configurations import FloatArray
from umlip_gate.physics.trial import MILLI, Answer, Deviations, Trial, relative_difference


def force_sum(atoms: Atoms) -> Trial:
    """Add up the forces: without anything outside, none is left.

    The deviation is the largest component of the sum, by the number of atoms.
    """

    def compare(answers: Sequence[Answer]) -> Deviations:
        (answer,) = answers
        return {"force_sum": float(np.abs(answer.forces.mean(axis=0)).max()) * MILLI}

    return Trial((atoms,), compare)


def gradient(atoms: Atoms, along: FloatArray, step_ang: float) -> Trial:
    """Move the atoms along a direction, by one and by two steps, forwards and backwards.

    Parameters
    ----------
    atoms
        A structure out of equilibrium.
    along
        The direction, shape (n_atoms, 3), of any length; best one that the forces resist.
    step_ang
        The smaller of the two steps, as the largest displacement of an atom. The larger it is,
        the less the rounding of the energy matters; what the finite step costs is removed in
        fourth order by the second step.

    Notes
    -----
    The derivative is Richardson's extrapolation of the central differences with steps h and 2h,
    (4 D(h) - D(2h)) / 3, whose error is of the order of h to the fourth (Abramowitz and Stegun,
    25.3.24). The deviation is relative to the largest derivative that forces of this size can
    have along a direction of this length, so that no small derivative makes rounding large.
    """
    direction = along / np.linalg.norm(along, axis=1).max()
    images = []
    for steps in (-2, -1, 1, 2):
        image = atoms.copy()
        image.positions += steps * step_ang * direction
        images.append(image)

    def compare(answers: Sequence[Answer]) -> Deviations:
        own, *others = answers
        two_back, back, forth, two_forth = (answer.energy for answer in others)
        derivative = (8 * (forth - back) - (two_forth - two_back)) / (12 * step_ang)
        from_forces = -float(np.sum(own.forces * direction))
        scale = float(np.linalg.norm(own.forces) * np.linalg.norm(direction))
        return {"gradient": relative_difference(derivative, from_forces, scale)}

    return Trial((atoms, *images), compare)
