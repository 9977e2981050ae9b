"""Several workers with the same model share batches, and survive a worker's death."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from ase import Atoms

from umlip_gate.errors import MeasurementError
from umlip_gate.models.worker_process import Job, Worker, WorkerKilled, WorkerLost
from umlip_gate.predictions.store import Row
from umlip_gate.worker.packing import Answer

MOST_FAULTS = 3
"""So many configurations may kill or hang a worker; then the model is given up."""

PART_S = 5.0
"""Rows are kept when a worker has worked so long: what a killed run loses of each."""

Batch = list[int]
Keep = Callable[[dict[int, Row], list[dict[str, Any]]], None]


class Pool:
    """Workers of one model, each started when the first batch comes to it.

    Parameters
    ----------
    job
        What each worker loads.
    gpus
        One entry a worker: the GPU that it sees, None for a CPU.
    logs
        A folder for what they print.
    clock
        Returns the time, s.

    Attributes
    ----------
    advanced
        Is told which rows are evaluated, by one thread at a time.
    """

    def __init__(
        self,
        job: Job,
        gpus: list[str | None],
        logs: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job = job
        self.faults = 0
        self.advanced: Callable[[Collection[int]], None] = lambda _: None
        self._gpus = gpus
        self.logs = logs
        self._clock = clock
        self._workers: list[Worker | None] = [None] * len(gpus)
        self._closed = False
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """How many workers there are at most."""
        return len(self._workers)

    def n_alive(self) -> int:
        """Count the workers that are started and not lost."""
        return sum(worker is not None for worker in self._workers)

    def __enter__(self) -> Self:
        """Return the pool; nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End every worker, and let no thread start another."""
        self._closed = True
        self._close(0)

    def _close(self, first: int) -> None:
        for slot, worker in enumerate(self._workers[first:], first):
            if worker is not None:
                worker.close()
            self._workers[slot] = None

    def evaluate(
        self, batches: Iterable[Batch], atoms_of: Callable[[int], Atoms], keep: Keep
    ) -> dict[int, str]:
        """Predict structures.

        What ran out of memory, met a fault of the machine or was killed beside other workers is
        tried again at the end, by one worker alone.

        Parameters
        ----------
        batches
            Row numbers that are evaluated at once.
        atoms_of
            Returns the structure of a row.
        keep
            Is called with rows and what was read for them, by one thread at a time.

        Returns
        -------
        dict
            Row numbers of the structures that could not be evaluated, and why.

        Raises
        ------
        MeasurementError
            A worker could not be started, or too many were lost.
        """
        faults = self.attempt(batches, atoms_of, keep)
        if faults:
            alone: Iterator[Batch] = ([row] for row in sorted(faults))
            faults = self.attempt(alone, atoms_of, keep, is_alone=True)
        return faults

    def attempt(
        self,
        batches: Iterable[Batch],
        atoms_of: Callable[[int], Atoms],
        keep: Keep,
        *,
        is_alone: bool = False,
    ) -> dict[int, str]:
        """Predict structures, and try none of them again; else as `evaluate`.

        Parameters
        ----------
        batches, atoms_of, keep
            As of `evaluate`.
        is_alone
            One worker evaluates, the others are ended.
        """
        if is_alone:
            self._close(1)
        work = _Work(batches, atoms_of, keep, is_alone=is_alone)
        n_workers = 1 if is_alone else len(self._workers)
        problems: list[BaseException] = []

        def serve(slot: int) -> None:
            try:
                self._serve(slot, work, problems)
            except BaseException as error:  # noqa: BLE001 - carried to the calling thread
                problems.append(error)

        threads = [
            threading.Thread(target=serve, args=(slot,), daemon=True) for slot in range(n_workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        return work.faults

    def _serve(self, slot: int, work: "_Work", problems: list[BaseException]) -> None:
        """Evaluate batch after batch, and keep the rows after every few seconds."""
        done: dict[int, Row] = {}
        begun_s = self._clock()
        while not problems and not self._closed and (batch := work.next()):
            done |= self._attempt(slot, batch, work)
            if self._clock() - begun_s > PART_S:
                self._keep(slot, done, work)
                done, begun_s = {}, self._clock()
        if not self._closed:
            self._keep(slot, done, work)

    def _keep(self, slot: int, done: dict[int, Row], work: "_Work") -> None:
        worker = self._workers[slot]
        reports = worker.take_reports() if worker else []
        with self._lock:
            if done:
                work.keep(done, reports)

    def _attempt(self, slot: int, batch: Batch, work: "_Work") -> dict[int, Row]:
        """Return the rows of a batch that have an answer."""
        structures = [work.atoms_of(row) for row in batch]
        try:
            answers = self._worker(slot).evaluate(structures)
        except WorkerLost as lost:
            self._workers[slot] = None
            if len(batch) > 1:
                work.put_back(batch)
            else:
                work.faults[batch[0]] = str(lost)
                if work.is_alone or not isinstance(lost, WorkerKilled):
                    self._count(f"configuration {batch[0]} ({structures[0].symbols}): {lost}")
            return {}
        rows = {row: _row(answer) for row, answer in zip(batch, answers, strict=True)}
        work.faults |= {number: row.detail for number, row in rows.items() if row.kind == "fault"}
        done = {number: row for number, row in rows.items() if row.kind != "fault"}
        with self._lock:
            self.advanced(done)
        return done

    def _worker(self, slot: int) -> Worker:
        worker = self._workers[slot]
        if worker is None:
            job = replace(self.job, gpu=self._gpus[slot])
            worker = self._workers[slot] = Worker(job, self.logs / f"worker-{slot}.log")
        return worker

    def _count(self, last: str) -> None:
        """Count a lost worker.

        Raises
        ------
        MeasurementError
            It is one too many.
        """
        with self._lock:
            self.faults += 1
            if self.faults > MOST_FAULTS:
                raise MeasurementError(
                    f"given up after {self.faults} lost workers, the last with {last}"
                )


class _Work:
    """The batches that the workers share."""

    def __init__(
        self,
        batches: Iterable[Batch],
        atoms_of: Callable[[int], Atoms],
        keep: Keep,
        *,
        is_alone: bool = False,
    ) -> None:
        self._batches = iter(batches)
        self._singles: deque[int] = deque()
        self._lock = threading.Lock()
        self.atoms_of = atoms_of
        self.keep = keep
        self.is_alone = is_alone
        self.faults: dict[int, str] = {}

    def next(self) -> Batch | None:
        """Return a batch; None if there is no more."""
        with self._lock:
            batch = next(self._batches, None)
            if batch is None and self._singles:
                return [self._singles.popleft()]
            return batch

    def put_back(self, batch: Batch) -> None:
        """Have the structures of a batch evaluated one by one, after everything else."""
        with self._lock:
            self._singles.extend(batch)


def _row(answer: Answer) -> Row:
    if answer[0] == "ok":
        _, energy, forces, extras = answer
        arrays = {name: np.frombuffer(array, dtype="<f8") for name, array in extras.items()}
        return Row("ok", "", energy, np.frombuffer(forces, dtype="<f8").reshape(-1, 3), arrays)
    return Row(*answer)
