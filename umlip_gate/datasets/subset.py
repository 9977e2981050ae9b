"""Datasets whose rows are rows of another: chosen by size, by elements, or by their structure."""

from collections import defaultdict

import numpy as np
from ase.data import atomic_numbers

from umlip_gate.datasets.configurations import BoolArray, Configurations, IntArray
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import Dataset, Subset
from umlip_gate.errors import InputError
from umlip_gate.settings import Settings


def subset_rows(dataset: Dataset, whole: Configurations, settings: Settings) -> IntArray:
    """Find a subset's rows in the dataset that holds them.

    Parameters
    ----------
    dataset
        A registered subset.
    whole
        The dataset that it is a subset of.
    settings
        What may be fetched.

    Returns
    -------
    array
        Row numbers in `whole`, ascending, shape (n,).

    Raises
    ------
    Unavailable
        The files that say which rows they are cannot be had here.
    InputError
        The files are wrong, hold a structure that `whole` lacks, or are not told apart within
        the distance; or it is another number of rows than registered.
    """
    subset = _subset(dataset)
    if subset.elements:
        numbers = [atomic_numbers[symbol] for symbol in subset.elements]
        foreign = ~np.isin(whole.numbers, numbers)
        rows = np.flatnonzero(~np.logical_or.reduceat(foreign, whole.offsets[:-1]))
    elif subset.n_atoms is not None:
        rows = np.flatnonzero(whole.n_atoms == subset.n_atoms)
    else:
        rows, _ = matched_rows(dataset, whole, settings)
    if not len(rows) or dataset.rows not in (None, len(rows)):
        expected = "none is no dataset" if dataset.rows is None else f"{dataset.rows} registered"
        raise InputError(f"{dataset.id}: {len(rows)} rows of {subset.of} belong to it; {expected}")
    return rows


def matched_rows(
    dataset: Dataset, whole: Configurations, settings: Settings
) -> tuple[IntArray, Configurations]:
    """Find the structures of a subset's files in the dataset that holds them.

    Two structures are alike if they have the same elements in the same order, and no cell vector
    and no atom of one is further than `subset.within_ang` from the other's, in any Cartesian
    direction; periodic images of an atom are one.

    Returns
    -------
    rows
        Row numbers in `whole`, ascending, shape (n,).
    others
        What the files hold of each of them, n configurations.

    Raises
    ------
    Unavailable, InputError
        As `subset_rows`.
    """
    subset = _subset(dataset)
    # how many rows the files have is not registered: several rows may be like one of them
    listed = load_dataset(dataset.model_copy(update={"rows": None}), settings)
    by_size = defaultdict(list)
    for row, n_atoms in enumerate(listed.n_atoms.tolist()):
        by_size[n_atoms].append(row)
    found: dict[int, int] = {}
    for row in range(len(whole)):
        others = np.array(by_size[int(whole.n_atoms[row])], dtype=np.int64)
        alike = others[_alike(whole, row, listed, others, subset.within_ang or 0.0)]
        if len(alike) > 1:
            raise InputError(
                f"{dataset.id}: row {row} of {subset.of} is like rows {alike[0]} and {alike[1]} of "
                f"its files within {subset.within_ang:g} angstrom: make within_ang smaller"
            )
        if len(alike):
            found[row] = int(alike[0])
    lost = sorted(set(range(len(listed))) - set(found.values()))
    if lost:
        raise InputError(
            f"{dataset.id}: {len(lost)} structures of its files are not in {subset.of}, "
            f"the first is row {lost[0]} (rows count from 0)"
        )
    return np.array(list(found), dtype=np.int64), listed.select(list(found.values()))


def _alike(
    whole: Configurations, row: int, listed: Configurations, others: IntArray, within_ang: float
) -> BoolArray:
    """Tell which of the listed rows, all of the row's size, are like it, shape (n,)."""
    atoms = listed.offsets[others][:, np.newaxis] + np.arange(int(whole.n_atoms[row]))
    own = slice(whole.offsets[row], whole.offsets[row + 1])
    cell = whole.cells[row]
    apart = whole.positions[own] - listed.positions[atoms]
    if abs(np.linalg.det(cell)) > 0:
        apart = apart - np.rint(apart @ np.linalg.inv(cell)) @ cell
    return np.asarray(
        (np.abs(listed.cells[others] - cell).max(axis=(1, 2)) <= within_ang)
        & (np.abs(apart).max(axis=(1, 2)) <= within_ang)
        & (listed.numbers[atoms] == whole.numbers[own]).all(axis=1)
        & (listed.pbc[others] == whole.pbc[row]).all(axis=1)
    )


def _subset(dataset: Dataset) -> Subset:
    if dataset.subset is None:
        raise InputError(f"{dataset.id}: is no subset of another dataset")
    return dataset.subset
