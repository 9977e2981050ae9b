"""Batches evaluated by the workers of a Dask cluster, each result kept in the shared store."""

import queue
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any, Self

from ase import Atoms

from umlip_gate.errors import MeasurementError
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.executors.part import Part, Record, evaluate_part
from umlip_gate.predictions.executors.site import LocalSite, Site
from umlip_gate.predictions.pool import MOST_FAULTS, PART_S, Batch, Keep
from umlip_gate.worker.packing import pack_structures

LOOK_EVERY_S = 1.0
MOST_BATCHES = 1000
"""Of one task: what is sent with it stays small."""


class DaskPool:
    """What `pool.Pool` is on one machine.

    Parameters
    ----------
    client
        A distributed.Client.
    site
        Which machines.
    job
        What each worker loads.
    model
        What else its predictions depend on.
    resources
        What a task takes of a Dask worker's resources.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - of an extra
        site: Site,
        job: Job,
        model: str,
        resources: dict[str, float],
    ) -> None:
        self.site = site
        self.faults = 0
        self.advanced: Callable[[Collection[int]], None] = lambda _: None
        self._client = client
        self.job = job
        self._model = model
        self._resources = resources
        self._pending: dict[Any, Part] = {}
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._batches_per_task = 1
        self._seen_s = time.monotonic()

    @property
    def size(self) -> int:
        """How many workers there are at most, as far as it is known."""
        return max(self.n_alive(), self.site.most_workers)

    def n_alive(self) -> int:
        """Count the threads of the workers that are there."""
        return sum(self._client.nthreads().values())

    def __enter__(self) -> Self:
        """Return the pool; the cluster is there."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take back what is not evaluated."""
        self._client.cancel(list(self._pending), force=True)
        self._pending.clear()

    def evaluate(
        self, batches: Iterable[Batch], atoms_of: Callable[[int], Atoms], keep: Keep
    ) -> dict[int, str]:
        """Predict structures, as `pool.Pool.evaluate` does.

        What is lost with its Dask worker, or ran out of memory beside others, is evaluated again
        at the end, alone, before it is a fault. `keep` is called on the nodes.

        Raises
        ------
        MeasurementError
            A model could not be started, too many structures were lost, or there was no worker
            for too long.
        """
        faults = self._share(iter(batches), atoms_of, keep)
        alone = sorted(faults)
        faults = {}
        for row in alone:
            faults |= self._share(iter([[row]]), atoms_of, keep, is_alone=True)
        return faults

    def _share(
        self,
        batches: Iterator[Batch],
        atoms_of: Callable[[int], Atoms],
        keep: Keep,
        *,
        is_alone: bool = False,
    ) -> dict[int, str]:
        faults: dict[int, str] = {}
        self._seen_s = time.monotonic()
        while True:
            while len(self._pending) < 2 * self.size:
                chosen = list(islice(batches, self._batches_per_task))
                if not chosen:
                    break
                self._submit(chosen, atoms_of, keep, is_alone=is_alone)
            if not self._pending:
                return faults
            future = self._next()
            if future is not None:
                faults |= self._result(future, self._pending.pop(future))

    def _submit(
        self,
        batches: list[Batch],
        atoms_of: Callable[[int], Atoms],
        keep: Keep,
        *,
        is_alone: bool,
    ) -> None:
        structures = pack_structures([atoms_of(row) for batch in batches for row in batch])
        part = Part(self.job, self._model, batches, structures, keep, is_alone)
        future = self._client.submit(
            evaluate_part, part, pure=False, resources=self._resources or None
        )
        self._pending[future] = part
        future.add_done_callback(self._ended.put)

    def _next(self) -> Any:  # noqa: ANN401 - a distributed.Future
        """Return a task that has ended; None if none has within a second.

        Raises
        ------
        MeasurementError
            There was no worker for too long.
        """
        try:
            return self._ended.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            pass
        now_s = time.monotonic()
        if isinstance(self.site, LocalSite) or self.n_alive():
            self._seen_s = now_s
        elif now_s - self._seen_s > self.site.wait_limit_s:
            raise MeasurementError(
                f"no worker for {self.site.wait_limit_s:g} s: the queue gave no node, or no "
                "worker starts on one (squeue --me; wait_limit_s of the site's file)"
            )
        return None

    def _result(self, future: Any, part: Part) -> dict[int, str]:  # noqa: ANN401 - a distributed.Future
        """Return the faults of a part, and hand the future back.

        Raises
        ------
        MeasurementError
            The model could not be evaluated at all, or too many structures were lost.
        """
        from distributed import KilledWorker  # noqa: PLC0415 - an extra

        rows = {row for batch in part.batches for row in batch}
        try:
            record: Record = future.result()
        except KilledWorker as killed:
            why = f"it ended its Dask worker, {killed.last_worker.address}"
            record = Record(dict.fromkeys(rows, why), int(part.is_alone), PART_S)
        finally:
            future.release()
        that_last = int(len(part.batches) * PART_S / max(record.duration_s, 1e-3))
        self._batches_per_task = max(1, min(that_last, 2 * len(part.batches), MOST_BATCHES))
        self.faults += record.n_lost
        if self.faults > MOST_FAULTS:
            row, why = next(iter(record.faults.items()))
            raise MeasurementError(
                f"given up after {self.faults} lost workers, the last with configuration {row}: "
                f"{why}"
            )
        self.advanced(rows - record.faults.keys())
        return record.faults
