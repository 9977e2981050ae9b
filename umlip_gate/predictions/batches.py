"""Batches of a number of atoms, packed over everything that is to be computed."""

from collections.abc import Iterator

import numpy as np

from umlip_gate.datasets.configurations import IntArray


def packed(rows: IntArray, n_atoms: IntArray, atoms_per_batch: int) -> Iterator[list[int]]:
    """Yield batches, those of the largest structures first, so that the workers end together.

    Parameters
    ----------
    rows
        Row numbers.
    n_atoms
        Of every row of the dataset.
    atoms_per_batch
        The most atoms that are evaluated at once; a larger structure is a batch by itself.
    """
    batch: list[int] = []
    atoms_in_batch = 0
    for row in rows[np.argsort(-n_atoms[rows], kind="stable")].tolist():
        if batch and atoms_in_batch + n_atoms[row] > atoms_per_batch:
            yield batch
            batch, atoms_in_batch = [], 0
        batch.append(row)
        atoms_in_batch += int(n_atoms[row])
    if batch:
        yield batch
