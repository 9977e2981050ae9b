"""Datasets whose rows are rows of another: chosen by size, by elements, or by their structure."""

import numpy as np
from ase.data import atomic_numbers

from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.matching import match
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
        The files that say which rows they are are not available here.
    InputError
        The files are wrong or hold a structure that `whole` lacks; or it is another number of rows
        than registered.
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
    direction; periodic images of an atom are one. Of several that are alike the closest are
    matched, one to one; with `subset.twins`, near twins of what was matched are rows too.

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
    listed, _ = load_dataset(dataset.model_copy(update={"rows": None}), settings)
    found = match(whole, listed, subset.within_ang or 0.0, twins=subset.twins)
    lost = sorted(set(range(len(listed))) - set(found.values()))
    if lost:
        raise InputError(
            f"{dataset.id}: {len(lost)} structures of its files are not in {subset.of}, "
            f"the first is row {lost[0]} (rows count from 0)"
        )
    rows = sorted(found)
    return np.array(rows, dtype=np.int64), listed.select([found[row] for row in rows])


def _subset(dataset: Dataset) -> Subset:
    if dataset.subset is None:
        raise InputError(f"{dataset.id}: is no subset of another dataset")
    return dataset.subset
