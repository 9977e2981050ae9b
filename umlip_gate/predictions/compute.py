"""Predict a dataset with a live model, resuming from what is stored."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TextIO

import numpy as np

from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.errors import MeasurementError
from umlip_gate.models.worker_process import Job, worker_environment
from umlip_gate.predictions.batches import packed
from umlip_gate.predictions.executors.dask_pool import DaskPool
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.progress import Progress
from umlip_gate.predictions.store import Store

ROWS_PER_BLOCK = 32
"""With a budget of time, which ends between blocks."""


def compute(  # noqa: PLR0913 - who computes what, and where it is kept and told
    pool: Pool | DaskPool,
    store: Store,
    configurations: Configurations,
    order: IntArray,
    *,
    atoms_per_batch: int,
    announce: Callable[[str], None],
    terminal: TextIO | None = None,
    budget_s: float | None = None,
    share: str = "",
    clock: Callable[[], float] = time.monotonic,
) -> Predictions:
    """Evaluate what is not stored yet.

    Parameters
    ----------
    pool
        The model's workers.
    store
        Where its predictions for these configurations are kept.
    configurations
        The dataset.
    order
        Row numbers; with a budget, in the order in which they are evaluated.
    atoms_per_batch
        The most atoms that are evaluated at once.
    announce
        Is told what is reused, and what is about to be computed.
    terminal
        Shows how far it is; None for silence.
    budget_s
        No block of `ROWS_PER_BLOCK` rows is begun later than so long after the start; None for
        all rows.
    share
        The name of the share of the rows, if other processes compute the others.
    clock
        Returns the time, s.

    Returns
    -------
    Predictions
        Of the rows that were evaluated, now or earlier: the order's beginning, up to where the
        budget ended.

    Raises
    ------
    MeasurementError
        A worker did not start, configurations were lost with one, or the disk is full; names each
        of them.
    """
    start_s = clock()
    with store.lock(share), pool, ExitStack() as stack:
        store.resolve(worker_environment(), searched(pool.job))
        done = store.done(configurations.n_atoms)
        _announce_work(store, done[order], budget_s, pool.size, announce)

        progress = Progress(terminal, order[~done[order]], configurations.n_atoms, pool.n_alive)
        stack.enter_context(progress)
        pool.advanced = progress.advance
        faults: dict[int, str] = {}
        end = 0
        for block in _blocks(order, budget_s):
            missing = block[~done[block]]
            if len(missing):
                if budget_s is not None and clock() - start_s > budget_s:
                    break
                batches = packed(missing, configurations.n_atoms, atoms_per_batch)
                faults |= pool.evaluate(batches, configurations.atoms, store.keep)
            end += len(block)
        evaluated = np.sort(order[:end])
        _require_all(faults, configurations)
        if len(evaluated) and not store.done(configurations.n_atoms)[evaluated].all():
            raise MeasurementError("predictions that were just written cannot be read back")
        store.refresh()
        return store.read(evaluated, configurations.n_atoms)


def describe(row: int, configurations: Configurations, why: str) -> str:
    """Name a configuration and what became of it."""
    return f"configuration {row} ({configurations.atoms(row).get_chemical_formula()}): {why}"


def _require_all(faults: dict[int, str], configurations: Configurations) -> None:
    if faults:
        texts = [describe(row, configurations, why) for row, why in sorted(faults.items())]
        raise MeasurementError("; ".join(texts))


def searched(job: Job) -> list[str]:
    """Return the folders that a worker searches before installed packages."""
    return [*job.path, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]


def _announce_work(
    store: Store,
    done: np.ndarray,
    budget_s: float | None,
    n_workers: int,
    announce: Callable[[str], None],
) -> None:
    n_missing = int((~done).sum())
    if done.any():
        days = store.days()
        when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        announce(f"{int(done.sum())} predictions of {when} are reused")
    if n_missing:
        upto = "" if budget_s is None else f", for {budget_s:g} s at most"
        announce(f"{n_missing} configurations to compute{upto}, {n_workers} worker(s)")


def _blocks(order: IntArray, budget_s: float | None) -> Iterator[IntArray]:
    size = max(1, len(order) if budget_s is None else ROWS_PER_BLOCK)
    for start in range(0, len(order), size):
        yield order[start : start + size]
