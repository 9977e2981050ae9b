"""Removing what depends on the composition alone: the references of the elements.

Two codes, or two sets of pseudopotentials, count energies from different zeros, one for each
element. With x_i the fractions of the elements in configuration i, a column of energies per atom
splits under weights w_i into the least-squares fit x_i · c, whose c are references of the
elements, and the rest that is left. Where elements always occur in fixed proportion the c are
not unique, and the rest is all the same.
"""

import numpy as np
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import Configurations

FloatArray = NDArray[np.float64]


def fractions_of(configurations: Configurations) -> FloatArray:
    """Share of each occurring element in each configuration, shape (n, number of elements)."""
    elements = np.flatnonzero(np.bincount(configurations.numbers))
    column = np.zeros(elements.max(initial=0) + 1, dtype=np.int64)
    column[elements] = np.arange(len(elements))
    shape = len(configurations), len(elements)
    first = np.repeat(np.arange(shape[0]) * shape[1], configurations.n_atoms)
    places = first + column[configurations.numbers]
    counts = np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)
    return np.asarray(counts / configurations.n_atoms[:, np.newaxis])


def without_references(
    fractions: FloatArray, weights: FloatArray, columns: FloatArray
) -> FloatArray:
    """Take the references of the elements from columns of energies per atom.

    Parameters
    ----------
    fractions
        Shape (n, m), of m elements; each row adds up to 1.
    weights
        Shape (n,), not negative.
    columns
        Shape (n, k).

    Returns
    -------
    array
        The rests, shape (n, k).
    """
    weighted = weights[:, np.newaxis] * fractions
    inverse = np.linalg.pinv(fractions.T @ weighted, hermitian=True)
    rest = columns
    for _ in range(3):  # again, for the digits that references of keV cost
        rest = rest - fractions @ (inverse @ (weighted.T @ rest))
    return rest


def n_references(fractions: FloatArray) -> int:
    """Count the references that rows of these fractions can tell apart.

    Parameters
    ----------
    fractions
        Shape (n, m), of m elements; each row adds up to 1.
    """
    return int(np.linalg.matrix_rank(fractions.T @ fractions, hermitian=True))
