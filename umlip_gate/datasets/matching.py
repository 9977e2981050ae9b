"""Which structures of one list are those of another, whatever their order."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from umlip_gate.datasets.configurations import Configurations, FloatArray, IntArray


def match(
    whole: Configurations, listed: Configurations, within_ang: float, *, twins: bool = False
) -> dict[int, int]:
    """Match rows of one list to the closest of another, one to one.

    Two structures are alike if they have the same elements in the same order and the same
    periodicity, and no cell vector and no atom of one is further than `within_ang` from the
    other's, in any Cartesian direction; periodic images of an atom are one.

    Parameters
    ----------
    whole, listed
        The two lists.
    within_ang
        How far, in angstrom, an atom or a cell vector may be from where the other has it.
    twins
        Whether a row is matched as well that is like a listed row which another one took.

    Returns
    -------
    dict
        Row of `whole` -> row of `listed`, of all that are alike.
    """
    pairs = sorted(_alike(whole, listed, within_ang))
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, row, other in pairs:
        if row not in found and other not in taken:
            found[row] = other
            taken.add(other)
    if twins:
        for _, row, other in pairs:
            found.setdefault(row, other)
    return found


def _alike(
    whole: Configurations, listed: Configurations, within_ang: float
) -> Sequence[tuple[float, int, int]]:
    """Return distance, row of the whole and listed row, of all pairs that are alike."""
    by_size = defaultdict(list)
    for row, n_atoms in enumerate(listed.n_atoms.tolist()):
        by_size[n_atoms].append(row)
    pairs: list[tuple[float, int, int]] = []
    for row, n_atoms in enumerate(whole.n_atoms.tolist()):
        others = np.array(by_size[n_atoms], dtype=np.int64)
        distances = np.zeros(len(others))
        for n_compared in (1, n_atoms):  # cell and first atom rule out nearly all of them
            distances = _apart(whole, row, listed, others, n_compared)
            others, distances = others[distances <= within_ang], distances[distances <= within_ang]
        pairs += zip(distances.tolist(), [row] * len(others), others.tolist(), strict=True)
    return pairs


def _apart(
    whole: Configurations, row: int, listed: Configurations, others: IntArray, n_compared: int
) -> FloatArray:
    """Return how far the listed rows, all of the row's size, are from it, angstrom, shape (n,).

    Of the cell and the first `n_compared` atoms; without end where elements or periodicity differ.
    """
    atoms = listed.offsets[others][:, np.newaxis] + np.arange(n_compared)
    own = slice(whole.offsets[row], whole.offsets[row] + n_compared)
    cell = whole.cells[row]
    apart = whole.positions[own] - listed.positions[atoms]
    if abs(np.linalg.det(cell)) > 0:
        apart = apart - np.rint(apart @ np.linalg.inv(cell)) @ cell
    alike = (listed.numbers[atoms] == whole.numbers[own]).all(axis=1)
    alike &= (listed.pbc[others] == whole.pbc[row]).all(axis=1)
    farthest = np.maximum(
        np.abs(listed.cells[others] - cell).max(axis=(1, 2)), np.abs(apart).max(axis=(1, 2))
    )
    return np.where(alike, farthest, np.inf)
