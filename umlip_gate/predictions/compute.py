"""Predict a dataset with a live model, resuming from what is stored."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.faults import NotMeasured
from umlip_gate.models.worker import Job
from umlip_gate.predictions.pool import Pool, describe
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Row, Store
from umlip_gate.settings import Settings

ROWS_PER_PART = 32
"""What a killed run loses: some ten seconds of CHGNet on two cores."""


def compute(  # noqa: PLR0913 - what is computed, from where to where, and how
    job: Job,
    store: Store,
    configurations: Configurations,
    settings: Settings,
    *,
    atoms_per_batch: int,
    n_workers: int,
    announce: Callable[[str], None],
) -> Predictions:
    """Evaluate what is not stored yet, part by part.

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
    atoms_per_batch
        The most atoms that are evaluated at once.
    n_workers
        Processes that share each part.
    announce
        Is told what is about to be computed, if anything is.

    Raises
    ------
    NotMeasured
        A worker did not start, or configurations were lost with one; names each of them.
    """
    rows: dict[int, Row] = {}
    logs = settings.run / "workers" / store.folder.name
    logs.mkdir(parents=True, exist_ok=True)
    with store.lock(), Pool(job, n_workers, logs) as pool:
        parts = [(store.read(k, wanted), wanted) for k, wanted in enumerate(_parts(configurations))]
        n_missing = sum(len(_missing(*part)) for part in parts)
        if n_missing:
            announce(f"{n_missing} configurations to compute, {n_workers} worker(s)")
        for part, (have, expected) in enumerate(parts):
            if missing := _missing(have, expected):
                todo = [(row, configurations.atoms(row)) for row in missing]
                have.update(pool.evaluate(todo, atoms_per_batch))
                store.write(part, have)
            rows |= have
    lost = {row: kept.detail for row, kept in rows.items() if kept.kind == "fault"}
    if lost:
        texts = [describe(row, configurations.atoms(row), why) for row, why in lost.items()]
        raise NotMeasured("; ".join(texts))
    return _predictions(configurations, rows)


def _missing(have: dict[int, Row], expected: Iterable[int]) -> list[int]:
    return [row for row in expected if row not in have or have[row].kind == "fault"]


def _parts(configurations: Configurations) -> Iterator[dict[int, int]]:
    for start in range(0, len(configurations), ROWS_PER_PART):
        stop = min(start + ROWS_PER_PART, len(configurations))
        yield {row: int(configurations.n_atoms[row]) for row in range(start, stop)}


def _predictions(configurations: Configurations, rows: dict[int, Row]) -> Predictions:
    energies = np.full(len(configurations), np.nan)
    forces = np.full((int(configurations.n_atoms.sum()), 3), np.nan)
    for number, row in rows.items():
        if row.kind == "ok":
            energies[number] = row.energy_ev
            first, end = configurations.offsets[number : number + 2]
            forces[first:end] = row.forces_ev_per_ang
    failures = {number: row.detail for number, row in rows.items() if row.kind == "error"}
    return Predictions(energies, forces, failures)
