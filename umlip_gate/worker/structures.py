"""What makes a structure invalid, whatever dataset holds it and whatever computes it."""

import itertools
from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.geometry.minkowski_reduction import minkowski_reduce
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COINCIDENT_ANG = 0.1
"""Atoms closer than this are the same atom twice: no crystal or collision comes near."""

FARTHEST_ANG = 1e6
"""No coordinate or cell vector is longer: beyond, an angstrom is lost to rounding."""

MOST_PAIRED = 100
"""Up to so many atoms all pairs are compared, which is quicker than sorting them."""

FLAT = 1e-6
"""A cell is flat if its volume is less than this share of the product of its vectors' lengths."""

LOW_ANG = 10 * COINCIDENT_ANG
"""Cells that are at least this high in every periodic direction need no reduction."""

BIN_ANG = COINCIDENT_ANG / 3**0.5
"""Edge of the cubes that points are sorted into: two in one cube coincide."""

PRIMES = np.array([73_856_093, 19_349_669, 83_492_791]) * 4_294_967_311
"""Make one number of a cube's three."""

OFFSETS = np.array([each for each in itertools.product(range(-2, 3), repeat=3) if each > (0, 0, 0)])
"""From a cube to half of those that hold points within `COINCIDENT_ANG`, shape (62, 3)."""


def structure_fault(atoms: Atoms) -> str | None:
    """Return why a structure is invalid, or None if it is valid.

    Returns
    -------
    str or None
        No atoms; a position or the cell is not finite, or absurdly large; periodic along
        vectors that span no volume (or plane, or line); coincident atoms.
    """
    if len(atoms) == 0:
        return "no atoms"
    cell = atoms.cell.array
    wrong = ~np.isfinite(atoms.positions).all(axis=1)
    if wrong.any():
        return f"atom {wrong.argmax()}: position is not finite"
    if not np.isfinite(cell).all():
        return "the cell is not finite"
    wrong = (np.abs(atoms.positions) > FARTHEST_ANG).any(axis=1)
    if wrong.any():
        return f"atom {wrong.argmax()}: position is beyond {FARTHEST_ANG:g} Å"
    if (np.abs(cell) > FARTHEST_ANG).any():
        return f"a cell vector is longer than {FARTHEST_ANG:g} Å"
    return _cell_fault(atoms) or _coincidence(atoms)


def _cell_fault(atoms: Atoms) -> str | None:
    vectors = atoms.cell.array[atoms.pbc]
    lengths = np.linalg.norm(vectors, axis=1)
    if (lengths == 0).any():
        return "periodic along a cell vector of length zero"
    directions = vectors / lengths[:, np.newaxis]
    if len(vectors) and np.linalg.svd(directions, compute_uv=False).prod() < FLAT:
        plane = {2: "are parallel", 3: "lie in one plane"}[len(vectors)]
        return f"the cell has no volume: the vectors along which it is periodic {plane}"
    return None


def _coincidence(atoms: Atoms) -> str | None:
    """Look for two atoms, or an atom and a periodic image, closer than `COINCIDENT_ANG`."""
    vectors = atoms.cell.array[atoms.pbc]
    inverse = _inverse(vectors)
    is_low = len(vectors) and _heights(inverse).min() < LOW_ANG
    if not is_low and len(atoms) <= MOST_PAIRED:
        pair = _close_atoms(atoms.positions, vectors, inverse)
        return None if pair is None else f"atoms {pair[0]} and {pair[1]} coincide"
    if is_low:
        vectors = minkowski_reduce(atoms.cell.array, atoms.pbc)[0][atoms.pbc]
        # of a reduced cell no lattice vector is shorter than the shortest of the three
        if np.linalg.norm(vectors, axis=1).min() < COINCIDENT_ANG:
            return "atoms coincide with their own periodic images"
    owners, points = _with_images(atoms.positions, vectors)
    found = _close_pair(points)
    if found is None:
        return None
    first, second = sorted(int(owners[point]) for point in found)
    return f"atoms {first} and {second} coincide"


def _close_atoms(
    positions: FloatArray, vectors: FloatArray, inverse: FloatArray
) -> tuple[int, int] | None:
    """Return the first two atoms that coincide, or None, in a cell that is not low.

    Where the cell is higher than twice the distance, two atoms within it are so by their nearest
    image along each vector, and no atom is within it of its own images.
    """
    apart = positions[:, np.newaxis] - positions
    if len(vectors):
        apart -= np.rint(apart @ inverse) @ vectors
    close = np.einsum("ijk,ijk->ij", apart, apart) < COINCIDENT_ANG**2
    np.fill_diagonal(close, val=False)
    if not close.any():
        return None
    first, second = np.argwhere(close)[0].tolist()
    return first, second


def _close_pair(points: FloatArray) -> tuple[int, int] | None:
    """Return two points closer than `COINCIDENT_ANG`, or None; points of shape (m, 3)."""
    with np.errstate(over="ignore"):
        keys = np.floor(points / BIN_ANG).astype(np.int64) @ PRIMES
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        same = np.flatnonzero(keys[1:] == keys[:-1])
        if len(same):
            return int(order[same[0]]), int(order[same[0] + 1])
        for offset in OFFSETS:
            wanted = keys + offset @ PRIMES
            places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            here = np.flatnonzero(keys[places] == wanted)
            first, second = order[here], order[places[here]]
            apart = np.linalg.norm(points[first] - points[second], axis=1)
            close = np.flatnonzero(apart < COINCIDENT_ANG)
            if len(close):
                return int(first[close[0]]), int(second[close[0]])
    return None


def _inverse(vectors: FloatArray) -> FloatArray:
    """Return what makes of positions counts of k periodic vectors, 1/Å, shape (3, k)."""
    invert = np.linalg.inv if len(vectors) == 3 else np.linalg.pinv  # noqa: PLR2004 - all three
    return np.asarray(invert(vectors))


def _heights(inverse: FloatArray) -> FloatArray:
    """Distances between opposite faces of the cell of k periodic vectors, Å, shape (k,)."""
    return np.asarray(1 / np.linalg.norm(inverse, axis=0))


def _with_images(
    positions: FloatArray, vectors: FloatArray
) -> tuple[NDArray[np.int64], FloatArray]:
    """Add the periodic images that lie within `COINCIDENT_ANG` of the cell.

    Returns
    -------
    owners
        The atom that each point is or is an image of, shape (m,).
    points
        The wrapped atoms, in their order, and then the images, Å, shape (m, 3).
    """
    own = np.arange(len(positions))
    if not len(vectors):
        return own, positions
    inverse = _inverse(vectors)
    fractions = positions @ inverse
    wrapped = positions - np.floor(fractions) @ vectors
    fractions = fractions - np.floor(fractions)
    margins = COINCIDENT_ANG / _heights(inverse)
    owners, points = [own], [wrapped]
    for shift in _shifts(margins):
        moved = fractions + shift
        near = np.flatnonzero(((moved > -margins) & (moved < 1 + margins)).all(axis=1))
        owners.append(near)
        points.append(wrapped[near] + shift @ vectors)
    return np.concatenate(owners), np.concatenate(points)


def _shifts(margins: FloatArray) -> Iterator[FloatArray]:
    reaches = [range(-reach, reach + 1) for reach in np.ceil(margins).astype(int).tolist()]
    for shift in itertools.product(*reaches):
        if any(shift):
            yield np.array(shift, dtype=np.float64)
