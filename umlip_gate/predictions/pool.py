"""Several workers with the same model share batches, and survive a worker's death."""

import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from ase import Atoms

from umlip_gate.errors import MeasurementError
from umlip_gate.models.worker_process import Job, Worker, WorkerLost
from umlip_gate.predictions.store import Row
from umlip_gate.worker.packing import Answer

MOST_FAULTS = 3
"""So many configurations may kill or hang a worker; then the model is given up."""

Batch = list[tuple[int, Atoms]]


class Pool:
    """Workers of one model, started when the first batch comes.

    Parameters
    ----------
    job
        What each worker loads.
    size
        How many.
    logs
        A folder for what they print.
    """

    def __init__(self, job: Job, size: int, logs: Path) -> None:
        self.job = job
        self.faults = 0
        self._logs = logs
        self._workers: list[Worker | None] = [None] * size
        self._closed = False

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End every worker, and let no thread start another."""
        self._closed = True
        for worker in self._workers:
            if worker is not None:
                worker.close()
        self._workers = [None] * len(self._workers)

    def evaluate(self, rows: Sequence[tuple[int, Atoms]], atoms_per_batch: int) -> dict[int, Row]:
        """Predict structures.

        Parameters
        ----------
        rows
            Row numbers and structures.
        atoms_per_batch
            The most atoms that are evaluated at once; a larger structure is evaluated alone.

        Raises
        ------
        MeasurementError
            A worker could not be started, or too many were lost.
        """
        todo: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        for batch in _largest_first(_batches(rows, atoms_per_batch)):
            todo.put(batch)
        results: dict[int, Row] = {}
        problems: list[Exception] = []

        def work(slot: int) -> None:
            try:
                while len(results) < len(rows) and not problems and not self._closed:
                    self._next(slot, todo, results)
            except queue.Empty:
                pass
            except Exception as error:  # noqa: BLE001 - carried to the calling thread
                problems.append(error)

        threads = [
            threading.Thread(target=work, args=(slot,), daemon=True)
            for slot in range(len(self._workers))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        return results

    def _next(self, slot: int, todo: "queue.SimpleQueue[Batch]", results: dict[int, Row]) -> None:
        batch = todo.get_nowait()
        worker = self._workers[slot] or Worker(self.job, self._logs / f"worker-{slot}.log")
        self._workers[slot] = worker
        try:
            answers = worker.evaluate([atoms for _, atoms in batch])
        except WorkerLost as lost:
            self._workers[slot] = None
            if len(batch) > 1:
                for single in batch:
                    todo.put([single])
                return
            self.faults += 1
            results[batch[0][0]] = Row("fault", str(lost))
            if self.faults > MOST_FAULTS:
                raise MeasurementError(
                    f"given up after {self.faults} lost workers, the last with "
                    f"{describe(*batch[0], str(lost))}"
                ) from None
            return
        for (row, _), answer in zip(batch, answers, strict=True):
            results[row] = _row(answer)


def describe(row: int, atoms: Atoms, why: str) -> str:
    """Name a configuration and what became of it."""
    return f"configuration {row} ({atoms.get_chemical_formula()}): {why}"


def _row(answer: Answer) -> Row:
    if answer[0] == "ok":
        _, energy, forces = answer
        return Row("ok", "", energy, np.frombuffer(forces, dtype="<f8").reshape(-1, 3))
    return Row(*answer)


def _batches(rows: Sequence[tuple[int, Atoms]], atoms_per_batch: int) -> Iterator[Batch]:
    batch: Batch = []
    atoms_in_batch = 0
    for row, atoms in rows:
        if batch and atoms_in_batch + len(atoms) > atoms_per_batch:
            yield batch
            batch, atoms_in_batch = [], 0
        batch.append((row, atoms))
        atoms_in_batch += len(atoms)
    if batch:
        yield batch


def _largest_first(batches: Iterator[Batch]) -> list[Batch]:
    """Put the large ones first, so that the workers end together."""
    return sorted(batches, key=lambda batch: -sum(len(atoms) for _, atoms in batch))
