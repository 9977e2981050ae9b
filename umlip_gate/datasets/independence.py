"""Which configurations of a dataset are independent of one another.

Successive ionic steps, the steps of a strain series and restarts of one relaxation are almost the
same structure, and a model errs on them alike: they are one draw from the world, not several. Two
configurations are linked if they hold the same elements in the same order, the deformation that
takes one's cell to the other's differs from none by at most `largest_strain` in every component,
and with that deformation no atom is displaced by more than `largest_displacement_ang`; periodic
images of an atom are one. Linked configurations, directly or through others, are one group, and so
are those that carry the same label of a dataset's `group` key. The rule has no random part.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from umlip_gate.schema import Strict, read_toml, validate
from umlip_gate.settings import THRESHOLDS

ATOMS_IN_TREE = 3
"""So many atoms of a structure find those that may be like it: else every two are compared."""

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Pairs = list[tuple[int, int]]


class Independence(Strict):
    """How alike linked configurations are: `thresholds/independence.toml`.

    Attributes
    ----------
    largest_displacement_ang
        Of any atom, with the cell's deformation taken out.
    largest_strain
        Of any component of the deformation gradient's difference from 1.
    rationale
        Why these, and what was measured.
    """

    largest_displacement_ang: Annotated[float, Field(gt=0)]
    largest_strain: Annotated[float, Field(gt=0, lt=1)]
    rationale: str


@cache
def independence() -> Independence:
    """Return the committed rule.

    Raises
    ------
    InputError
        The file is missing or wrong.
    """
    path = THRESHOLDS / "independence.toml"
    return validate(Independence, read_toml(path), str(path))


def independent_groups(
    structures: Sequence[Atoms],
    labels: Sequence[str | None],
    rule: Independence | None = None,
) -> IntArray:
    """Return the number of the group that each configuration belongs to.

    Parameters
    ----------
    structures
        n of them.
    labels
        What the dataset's `group` key says of each, shape (n,); None where it says nothing.
    rule
        How alike linked configurations are. Default: the committed rule.

    Returns
    -------
    array
        Shape (n,), numbered from 0 in the order of the groups' first configurations.
    """
    n = len(structures)
    links = [*_of_one_label(labels), *linked_pairs(structures, rule or independence())]
    first, second = np.array(links, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (first, second)), shape=(n, n))
    component = connected_components(graph, directed=False)[1] if n else np.zeros(0, dtype=int)
    _, start, group = np.unique(component, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(start))[group].astype(np.int64)


def _of_one_label(labels: Sequence[str | None]) -> Pairs:
    first: dict[str, int] = {}
    return [
        (first.setdefault(label, row), row) for row, label in enumerate(labels) if label is not None
    ]


def linked_pairs(structures: Sequence[Atoms], rule: Independence) -> Pairs:
    """Return the row numbers of every two structures that are near-identical."""
    comparable: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    for row, atoms in enumerate(structures):
        comparable[atoms.numbers.tobytes(), atoms.pbc.tobytes()].append(row)
    return [
        (rows[first], rows[second])
        for rows in comparable.values()
        for first, second in _linked([structures[row] for row in rows], rule)
    ]


def _linked(structures: Sequence[Atoms], rule: Independence) -> Iterator[tuple[int, int]]:
    """Yield the linked pairs of configurations with the same elements in the same order."""
    # a direction without periodicity has no cell vector to count in: angstrom there
    cells = np.array([atoms.cell.complete().array for atoms in structures])
    flat = np.abs(np.linalg.det(cells)) < np.finfo(float).tiny
    cells[flat] = np.eye(3)
    inverse = np.linalg.inv(cells)
    fractional = np.array([atoms.positions for atoms in structures]) @ inverse
    periodic = np.asarray(structures[0].pbc)
    for row, near in _near(fractional, inverse, periodic, rule.largest_displacement_ang):
        strain = np.abs(inverse[row] @ cells[near] - np.eye(3)).max(axis=(1, 2))
        others = near[strain <= rule.largest_strain]
        for atoms in (slice(1), slice(None)):  # the first atom alone rules out almost all
            apart = fractional[others, atoms] - fractional[row, atoms]
            apart -= np.rint(apart) * periodic
            displacement = np.linalg.norm(apart @ cells[row], axis=2).max(axis=1)
            others = others[displacement <= rule.largest_displacement_ang]
        yield from ((row, int(other)) for other in others)


def _near(
    fractional: FloatArray, inverse: FloatArray, periodic: NDArray[np.bool_], largest_ang: float
) -> Iterator[tuple[int, IntArray]]:
    """Yield each row, and all later rows whose first atoms may be displaced by no more.

    Parameters
    ----------
    fractional
        Coordinates in the cells, shape (n, number of atoms, 3).
    inverse
        Of the cells, shape (n, 3, 3).
    periodic
        Which directions are, shape (3,).
    largest_ang
        The displacement.
    """
    first = fractional[:, :ATOMS_IN_TREE]
    first = np.where(periodic, first % 1.0, first).reshape(len(first), -1)
    box = np.tile(periodic.astype(float), first.shape[1] // 3)
    first[:, box > 0] %= 1.0  # of what is just below 0 the remainder is rounded to 1
    tree = cKDTree(first, boxsize=box)
    radius = largest_ang * np.linalg.norm(inverse, axis=1).max() * (1 + 1e-9)
    for row in range(len(first) - 1):
        near = np.array(tree.query_ball_point(first[row], radius, p=np.inf), dtype=np.int64)
        yield row, np.sort(near[near > row])
