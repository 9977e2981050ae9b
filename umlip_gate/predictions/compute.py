"""Predict a dataset with a live model, resuming from what is stored."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.errors import MeasurementError
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.pool import Pool, describe
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Row, Store
from umlip_gate.settings import Settings

ROWS_PER_PART = 32
"""What a killed run loses: some ten seconds of CHGNet on two cores."""
LOST = Row("fault")


@dataclass(frozen=True)
class Extent:
    """How much of a dataset is evaluated.

    Attributes
    ----------
    order
        Row numbers, in the order in which they are evaluated.
    budget_s
        No block of `ROWS_PER_PART` rows is begun later than so long after the start; None for
        all rows.
    """

    order: IntArray
    budget_s: float | None = None


def compute(  # noqa: PLR0913 - what is computed, from where to where, and how
    job: Job,
    store: Store,
    configurations: Configurations,
    settings: Settings,
    extent: Extent,
    *,
    atoms_per_batch: int,
    n_workers: int,
    announce: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[IntArray, Predictions]:
    """Evaluate what is not stored yet, block by block.

    Parameters
    ----------
    job
        The model.
    store
        Where its predictions for these configurations are kept.
    configurations
        The dataset.
    settings
        The run's folder takes the workers' logs.
    extent
        Which rows, in which order, and for how long.
    atoms_per_batch
        The most atoms that are evaluated at once.
    n_workers
        Processes that share each block.
    announce
        Is told what is about to be computed, if anything is.
    clock
        Tells the time, s.

    Returns
    -------
    rows
        The numbers of the rows that were evaluated, now or earlier, ascending: the order's
        beginning, up to where the budget ended.
    predictions
        Of these rows.

    Raises
    ------
    MeasurementError
        A worker did not start, or configurations were lost with one; names each of them.
    """
    start_s = clock()
    rows: dict[int, Row] = {}
    logs = settings.run / "workers" / store.folder.name
    logs.mkdir(parents=True, exist_ok=True)
    with store.lock(), Pool(job, n_workers, logs) as pool:
        parts = _Parts(store, configurations)
        missing = parts.missing(extent.order)
        if missing:
            announce(_plan_of_work(missing, extent, n_workers))
        for block in _blocks(extent.order):
            if missing := parts.missing(block):
                if extent.budget_s is not None and clock() - start_s > extent.budget_s:
                    break
                todo = [(row, configurations.atoms(row)) for row in missing]
                parts.write(pool.evaluate(todo, atoms_per_batch))
            rows |= parts.rows(block)
    lost = {row: kept.detail for row, kept in rows.items() if kept.kind == "fault"}
    if lost:
        texts = [describe(row, configurations.atoms(row), why) for row, why in lost.items()]
        raise MeasurementError("; ".join(texts))
    evaluated = np.array(sorted(rows), dtype=np.int64)
    return evaluated, _predictions(configurations.n_atoms[evaluated], [rows[r] for r in evaluated])


class _Parts:
    """What a store holds of a dataset, read once."""

    def __init__(self, store: Store, configurations: Configurations) -> None:
        self._store = store
        self._n_atoms = configurations.n_atoms
        self._kept: dict[int, dict[int, Row]] = {}

    def rows(self, rows: Iterable[int]) -> dict[int, Row]:
        """Give those of some rows that are kept."""
        return {row: kept for row in rows if (kept := self._part_of(row).get(row)) is not None}

    def missing(self, rows: Iterable[int]) -> list[int]:
        """Tell which rows are to be computed; a fault is tried again."""
        return [row for row in rows if self._part_of(row).get(row, LOST).kind == "fault"]

    def write(self, rows: dict[int, Row]) -> None:
        """Keep rows, whole parts at a time."""
        for row, result in rows.items():
            self._part_of(row)[row] = result
        for part in {row // ROWS_PER_PART for row in rows}:
            self._store.write(part, self._kept[part])

    def _part_of(self, row: int) -> dict[int, Row]:
        part = row // ROWS_PER_PART
        if part not in self._kept:
            first = part * ROWS_PER_PART
            own = enumerate(self._n_atoms[first : first + ROWS_PER_PART].tolist(), first)
            self._kept[part] = self._store.read(part, dict(own))
        return self._kept[part]


def _plan_of_work(missing: list[int], extent: Extent, n_workers: int) -> str:
    upto = "" if extent.budget_s is None else f", for {extent.budget_s:g} s at most"
    return f"{len(missing)} configurations to compute{upto}, {n_workers} worker(s)"


def _blocks(order: IntArray) -> Iterator[list[int]]:
    for start in range(0, len(order), ROWS_PER_PART):
        yield order[start : start + ROWS_PER_PART].tolist()


def _predictions(n_atoms: IntArray, rows: Sequence[Row]) -> Predictions:
    nothing = [np.full((n, 3), np.nan) for n in n_atoms.tolist()]
    forces = [
        row.forces_ev_per_ang if row.kind == "ok" else none
        for row, none in zip(rows, nothing, strict=True)
    ]
    return Predictions(
        np.array([row.energy_ev if row.kind == "ok" else np.nan for row in rows]),
        np.concatenate([np.empty((0, 3)), *forces]),
        {number: row.detail for number, row in enumerate(rows) if row.kind == "error"},
    )
