"""Is it a potential: closed paths, the force Jacobian, smoothness, parts that do not interact."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from umlip_gate.datasets.configurations import FloatArray
from umlip_gate.physics.trial import MILLI, Answer, Deviations, Trial, energy_difference

GAUSS_POINTS = 6
"""Exact for polynomials of degree 11 on each side of a path."""

FOURTH_DIFFERENCE = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
JUMP_RESPONSE = 3.0
"""The largest fourth difference of a step of height one."""


def moved(atoms: Atoms, displacement: FloatArray) -> Atoms:
    """Return a copy with every atom displaced, shape (n_atoms, 3), Å."""
    copy: Atoms = atoms.copy()
    copy.positions += displacement
    return copy


def closed_path(atoms: Atoms, first: FloatArray, second: FloatArray) -> Trial:
    """Integrate the force around the triangle of a structure and two displacements of it.

    The deviation is the integral's size as a fraction of the integral of the force's size, by
    Gauss and Legendre's quadrature. It needs no energy.
    """
    corners = [np.zeros_like(first), first, second]
    nodes, weights = np.polynomial.legendre.leggauss(GAUSS_POINTS)
    images, steps = [], []
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        for node, weight in zip(nodes, weights, strict=True):
            images.append(moved(atoms, start + (end - start) * (node + 1) / 2))
            steps.append((end - start) * weight / 2)

    def compare(answers: Sequence[Answer]) -> Deviations:
        pairs = zip(answers[1:], steps, strict=True)
        work = [(float(np.sum(a.forces * step)), a.forces, step) for a, step in pairs]
        scale = sum(float(np.linalg.norm(f) * np.linalg.norm(step)) for _, f, step in work)
        total = sum(each for each, *_ in work)
        return {"closed_path": abs(total) / scale if scale else abs(total)}

    return Trial((atoms, *images), compare)


def jacobian(atoms: Atoms, step_ang: float) -> Trial:
    """Compare the antisymmetric part of the force Jacobian with all of it.

    The norm of (J - J^T) / 2 over that of J, from central differences of the forces: 0 where forces
    are a gradient (Bigi et al., arXiv:2412.11569).
    """
    n = 3 * len(atoms)
    images = []
    for component in range(n):
        unit = np.zeros(n)
        unit[component] = step_ang
        images += [moved(atoms, sign * unit.reshape(-1, 3)) for sign in (-1, 1)]

    def compare(answers: Sequence[Answer]) -> Deviations:
        forces = np.array([answer.forces.ravel() for answer in answers[1:]])
        matrix = (forces[1::2] - forces[::2]) / (2 * step_ang)
        size = float(np.linalg.norm(matrix))
        antisymmetric = float(np.linalg.norm(matrix - matrix.T)) / 2
        return {"jacobian": antisymmetric / size if size else antisymmetric}

    return Trial((atoms, *images), compare)


def smoothness(name: str, images: Sequence[Atoms]) -> Trial:
    """Look for jumps of energy and forces along a finely sampled line of structures.

    A jump between two neighbouring images is a third of the largest fourth difference or less;
    what is smooth has a fourth difference that vanishes with the fourth power of the spacing.
    """

    def compare(answers: Sequence[Answer]) -> Deviations:
        energies = np.array([answer.energy for answer in answers])
        forces = np.array([answer.forces for answer in answers])
        return {
            f"{name}_energy": _jump(energies[:, None]) * MILLI,
            f"{name}_force": _jump(forces.reshape(len(forces), -1)) * MILLI,
        }

    return Trial(tuple(images), compare)


def _jump(lines: FloatArray) -> float:
    fourth = np.apply_along_axis(np.convolve, 0, lines, FOURTH_DIFFERENCE, mode="valid")
    return float(np.abs(fourth).max()) / JUMP_RESPONSE


def parts(first: Atoms, second: Atoms, gap_ang: float) -> Trial:
    """Put two clusters into one box, too far apart to interact: their energies add up."""
    boxes = [_boxed(each, gap_ang) for each in (first, second)]
    both = first.copy()
    other = second.copy()
    other.positions += [np.ptp(first.positions[:, 0]) + gap_ang + first.positions[:, 0].min(), 0, 0]
    both += other
    together = _boxed(both, gap_ang)

    def compare(answers: Sequence[Answer]) -> Deviations:
        whole, *alone = answers
        forces = np.concatenate([answer.forces for answer in alone])
        return {
            "parts_energy": energy_difference(
                whole.energy, sum(answer.energy for answer in alone), len(together)
            ),
            "parts_force": float(np.abs(whole.forces - forces).max()) * MILLI,
        }

    return Trial((together, *boxes), compare)


def isolated_atom(symbol: str, boxes_ang: tuple[float, float]) -> Trial:
    """Put an atom alone into two boxes: its energy is finite and the same, its force zero."""
    images = [Atoms(symbol, cell=[edge_ang] * 3, pbc=True) for edge_ang in boxes_ang]

    def compare(answers: Sequence[Answer]) -> Deviations:
        one, other = answers
        return {
            "isolated_energy": energy_difference(one.energy, other.energy, 1),
            "isolated_force": float(max(np.abs(each.forces).max() for each in answers)) * MILLI,
        }

    return Trial(tuple(images), compare)


def _boxed(atoms: Atoms, gap_ang: float) -> Atoms:
    """Return a cluster in a periodic box, at least a gap from its images."""
    box: Atoms = atoms.copy()
    box.set_cell(np.diag(np.ptp(atoms.positions, axis=0) + gap_ang))
    box.pbc = True
    return box
