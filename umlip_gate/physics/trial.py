"""A trial: structures whose predictions must agree with each other, and how far they do not."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from ase import Atoms

from umlip_gate.datasets.configurations import FloatArray

MILLI = 1000.0
"""meV in an eV."""


class Answer(NamedTuple):
    """What a model predicts for one structure.

    Attributes
    ----------
    energy
        Total energy, eV.
    forces
        Shape (n_atoms, 3), eV/Å.
    stress
        Shape (3, 3), eV/Å³, positive under tension, as in ASE; None where it was not asked for.
    """

    energy: float
    forces: FloatArray
    stress: FloatArray | None = None


Deviations = Mapping[str, float]
"""By quantity, a name of `umlip_gate.physics.quantities.QUANTITIES`, in its unit."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Structures that are evaluated, and the comparison of what is predicted for them.

    Attributes
    ----------
    structures
        The first is the one that the others are variants of.
    compare
        Returns the deviations, from the answers in the structures' order.
    """

    structures: tuple[Atoms, ...]
    compare: Callable[[Sequence[Answer]], Deviations]


def energy_difference(first: float, second: float, n_atoms: int) -> float:
    """Return how far two total energies, eV, of `n_atoms` atoms are apart, meV/atom."""
    return abs(first - second) / n_atoms * MILLI


def force_difference(first: FloatArray, second: FloatArray) -> float:
    """Return the largest difference of a component of two sets of forces, eV/Å, in meV/Å."""
    return float(np.abs(first - second).max()) * MILLI


def relative_difference(first: float, second: float, scale: float) -> float:
    """Return how far two numbers are apart, as a fraction of `scale`; 0 where they are equal."""
    difference = abs(first - second)
    return difference / scale if difference and scale else (math.inf if difference else 0.0)


def same_answer(name: str, answers: Sequence[Answer]) -> Deviations:
    """Compare two answers for one structure; the quantities' names begin with a name."""
    once, again = answers
    return {
        f"{name}_energy": energy_difference(once.energy, again.energy, len(again.forces)),
        f"{name}_force": force_difference(once.forces, again.forces),
    }
