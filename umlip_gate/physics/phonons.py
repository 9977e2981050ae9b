"""Phonons of a crystal by finite displacements, at the wave vectors that a supercell holds."""

import itertools
from collections.abc import Sequence

import numpy as np
from ase import Atoms, units

from umlip_gate.datasets.configurations import FloatArray
from umlip_gate.physics.trial import Answer, Deviations, Trial

THZ = units.second * 1e-12 / (2 * np.pi)
"""Of an angular frequency in ASE's units, the square root of eV/Å²/u."""


def phonons(cell: Atoms, repeats: int, step_ang: float) -> Trial:
    """Displace each atom of a primitive cell in a supercell: no frequency is imaginary.

    The deviation is the lowest frequency, THz, with its sign turned; an imaginary one counts as
    negative, so that a stable crystal's deviation is negative. At the wave vectors that are
    commensurate with the supercell the sum over its images is exact, and no interpolation is
    needed. The centre of the zone, where the crystal moves as a whole, is left out.

    Parameters
    ----------
    cell
        A primitive cell.
    repeats
        Of it, along each vector.
    step_ang
        Each atom is displaced by this along each axis, forwards and backwards.
    """
    supercell = cell.repeat(repeats)
    n = len(cell)
    images = []
    for atom, axis, sign in itertools.product(range(n), range(3), (-1, 1)):
        image = supercell.copy()
        image.positions[atom, axis] += sign * step_ang
        images.append(image)

    def compare(answers: Sequence[Answer]) -> Deviations:
        forces = np.array([answer.forces for answer in answers[1:]])
        constants = (forces[::2] - forces[1::2]).reshape(n, 3, repeats**3, n, 3) / (2 * step_ang)
        frequencies = frequencies_thz(constants, cell.get_masses(), repeats)
        return {"phonons": -float(frequencies.min())}

    return Trial((supercell, *images), compare)


def frequencies_thz(constants: FloatArray, masses_u: FloatArray, repeats: int) -> FloatArray:
    """Return the frequencies at every commensurate wave vector but the zone's centre, ascending.

    Parameters
    ----------
    constants
        Force constants, eV/Å², between an atom of the first cell along an axis, and an atom of
        each of `repeats` cubed cells along an axis: shape (n, 3, n_cells, n, 3).
    masses_u
        Shape (n,).
    repeats
        Of the cell, along each vector.

    Returns
    -------
    ndarray
        Shape (n_cells - 1, 3 n). Imaginary frequencies are negative.
    """
    n = len(masses_u)
    steps = np.array(list(itertools.product(range(repeats), repeat=3)))
    phases = np.exp(2j * np.pi * (steps[1:] @ steps.T) / repeats)
    matrices = np.einsum("qc,aicbj->qaibj", phases, constants)
    matrices /= np.sqrt(np.outer(masses_u, masses_u))[None, :, None, :, None]
    matrices = matrices.reshape(-1, 3 * n, 3 * n)
    squares = np.linalg.eigvalsh((matrices + matrices.conj().transpose(0, 2, 1)) / 2)
    found: FloatArray = np.sign(squares) * np.sqrt(np.abs(squares)) * THZ
    return found
