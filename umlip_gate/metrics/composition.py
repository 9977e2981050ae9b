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

_RIDGE = 1e-11
"""Added to a matrix with a unit diagonal: a resample may lack an element, or a pair be fixed."""


def fractions_of(configurations: Configurations) -> FloatArray:
    """Share of each occurring element in each configuration, shape (n, number of elements)."""
    elements, of_atom = np.unique(configurations.numbers, return_inverse=True)
    counts = np.zeros((len(configurations), len(elements)))
    rows = np.repeat(np.arange(len(configurations)), configurations.n_atoms)
    np.add.at(counts, (rows, of_atom), 1.0)
    return np.asarray(counts / configurations.n_atoms[:, np.newaxis])


class WithoutReferences:
    """Products of two columns' rests, for a set of configurations and resamples of it.

    Parameters
    ----------
    fractions
        Shape (n, m), of m elements; each row adds up to 1.
    weights, first, second
        Shape (n,).
    """

    def __init__(
        self, fractions: FloatArray, weights: FloatArray, first: FloatArray, second: FloatArray
    ) -> None:
        x = fractions[:, fractions.any(axis=0)]
        self._n_elements = x.shape[1]
        self._pairs = np.nonzero(np.triu((x.T @ x) > 0))
        # Once without weights, to the last digit: what is left has the same rest, and no
        # reference of keV costs it digits of meV.
        first, second = (c - x @ np.linalg.lstsq(x, c)[0] for c in (first, second))
        products = np.column_stack([first * first, first * second, second * second])
        linear = [first[:, np.newaxis] * x, second[:, np.newaxis] * x]
        pairs = x[:, self._pairs[0]] * x[:, self._pairs[1]]
        self._table = weights[:, np.newaxis] * np.hstack([products, *linear, pairs])

    def __call__(self, counts: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Sum up Σ w r₁², Σ w r₁ r₂ and Σ w r₂² over the rests r.

        Parameters
        ----------
        counts
            How often each configuration occurs in each of B resamples, shape (B, n).

        Returns
        -------
        tuple
            Three arrays of shape (B,).
        """
        m = self._n_elements
        products, first, second, pairs = np.split(counts @ self._table, [3, 3 + m, 3 + 2 * m], 1)
        matrix, scale = self._normal(pairs)
        sides = np.stack([scale * first, scale * second], axis=-1)
        explained = sides.transpose(0, 2, 1) @ np.linalg.solve(matrix, sides)
        squared = np.maximum(products[:, 0] - explained[:, 0, 0], 0.0)
        mixed = products[:, 1] - explained[:, 0, 1]
        return squared, mixed, np.maximum(products[:, 2] - explained[:, 1, 1], 0.0)

    def _normal(self, pairs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Σ w x xᵀ of each resample with a unit diagonal, and the scale: (B, m, m), (B, m)."""
        m = self._n_elements
        matrix = np.zeros((len(pairs), m, m))
        rows, columns = self._pairs
        matrix[:, rows, columns] = matrix[:, columns, rows] = pairs
        diagonal = np.einsum("bii->bi", matrix)
        scale = np.zeros_like(diagonal)
        np.divide(1.0, np.sqrt(diagonal), out=scale, where=diagonal > 0)
        matrix *= scale[:, :, np.newaxis] * scale[:, np.newaxis, :]
        matrix[:, range(m), range(m)] = 1.0 + _RIDGE
        return matrix, scale
