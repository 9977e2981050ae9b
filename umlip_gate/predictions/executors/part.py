"""What runs in a Dask worker: batches for a model, which a child process of it evaluates.

The child stays for the next task with the same model, so that a model is loaded once. What is
evaluated is written to the shared store here; a small record goes back.
"""

import atexit
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.gpus import visible_gpus
from umlip_gate.predictions.pool import Batch, Keep, Pool
from umlip_gate.predictions.store import Row
from umlip_gate.worker.channel import Message
from umlip_gate.worker.packing import unpack_structures


@dataclass(frozen=True)
class Part:
    """Batches that one task evaluates.

    Attributes
    ----------
    job
        The model.
    model
        What else its predictions depend on: a child with another model is ended.
    batches
        Row numbers.
    structures
        Of the rows, one batch after the other.
    keep
        Writes rows to the shared store.
    is_alone
        Whether nothing else is being evaluated.
    """

    job: Job
    model: str
    batches: list[Batch]
    structures: Message
    keep: Keep
    is_alone: bool


@dataclass(frozen=True)
class Record:
    """What became of a part.

    Attributes
    ----------
    faults
        Rows that could not be evaluated, and why; the others are in the store.
    n_lost
        How many children were lost for good.
    duration_s
        How long it took, a start of the model included.
    """

    faults: dict[int, str]
    n_lost: int
    duration_s: float


@dataclass
class _Child:
    """A pool of one worker, with all that this worker has read."""

    pool: Pool
    reports: list[dict[str, Any]] = field(default_factory=list)


_idle: dict[str, list[_Child]] = {}
_lock = threading.Lock()


def evaluate_part(part: Part) -> Record:
    """Evaluate batches and keep the results.

    Raises
    ------
    MeasurementError
        The model could not be started, too many children were lost, or the store is not writable.
    """
    begun_s = time.monotonic()
    rows = [row for batch in part.batches for row in batch]
    atoms = dict(zip(rows, unpack_structures(*part.structures), strict=True))
    with _borrowed(part) as child:

        def keep(done: dict[int, Row], reports: Sequence[dict[str, Any]]) -> None:
            child.reports += reports
            part.keep(done, child.reports)

        before = child.pool.faults
        faults = child.pool.attempt(
            iter(part.batches), atoms.__getitem__, keep, is_alone=part.is_alone
        )
        return Record(faults, child.pool.faults - before, time.monotonic() - begun_s)


@contextmanager
def _borrowed(part: Part) -> Iterator[_Child]:
    """Return a child that nobody uses, or a new one; it is kept unless the task failed."""
    with _lock:
        for other in [model for model in _idle if model != part.model]:
            _close(_idle.pop(other))
        waiting = _idle.setdefault(part.model, [])
        child = waiting.pop() if waiting else None
    if child is None:
        logs = Path(tempfile.mkdtemp(prefix="umlip-gate-"))
        child = _Child(Pool(part.job, [_gpu(part.job)], logs))
    try:
        yield child
    except BaseException:
        _close([child])
        raise
    with _lock:
        _idle.setdefault(part.model, []).append(child)


def _close(children: list[_Child]) -> None:
    for child in children:
        child.pool.__exit__()
        shutil.rmtree(child.pool.logs, ignore_errors=True)


@atexit.register
def _close_all() -> None:
    for children in _idle.values():
        _close(children)


def _gpu(job: Job) -> str | None:
    """Return the GPU of this Dask worker, of which there is one for each GPU of a job."""
    if job.device == "cpu":
        return None
    from distributed import get_worker  # noqa: PLC0415 - only where Dask runs this

    gpus = visible_gpus()
    number = gpu_number(str(get_worker().name))
    return gpus[number % len(gpus)].uuid if gpus else os.environ.get("CUDA_VISIBLE_DEVICES")


def gpu_number(worker: str) -> int:
    """Return which of a job's workers one is: dask-jobqueue names several `job-0`, `job-1`."""
    number = worker.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0
