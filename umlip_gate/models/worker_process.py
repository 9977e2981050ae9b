"""The suite's side of a worker: start it, ask it, notice that it died.

A model runs in a process of its own, in the interpreter of its environment, and speaks plain
numbers and bytes over an execnet channel.
"""

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import execnet
from ase import Atoms

from umlip_gate.errors import MeasurementError
from umlip_gate.settings import ROOT

START_LIMIT_S = 300.0
"""Importing and loading the largest package from a cold disk."""

BOOTSTRAP = """
import sys
root, request = channel.receive()
sys.path.insert(0, root)
from umlip_gate.worker.server import serve
serve(channel, request)
"""

Answer = tuple[Any, ...]


class WorkerLost(MeasurementError):
    """The worker died, hung, or did not start; the message says how."""


class WorkerKilled(WorkerLost):
    """It was killed, and not by this side: the system was out of memory, most often."""


@dataclass(frozen=True)
class Job:
    """What a worker loads.

    Attributes
    ----------
    python
        The interpreter.
    family
        The adapter's name.
    checkpoint
        The verified file of weights, if there is one.
    random_seed
        Random weights of this seed instead.
    settings
        The adapter's settings: plain numbers, strings, lists and tables.
    device, dtype
        Where and how it computes.
    time_limit_s
        For one configuration, or one batch of small ones.
    path
        Folders searched first for modules.
    checked
        Whether structures that the family declares itself unable to answer are refused.
    folder
        Where the process works: relative paths begin there.
    core
        The only core that it runs on; None for any.
    """

    python: Path
    family: str
    checkpoint: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    dtype: str = "float32"
    time_limit_s: float = 300.0
    path: tuple[str, ...] = ()
    random_seed: int | None = None
    checked: bool = True
    folder: Path = ROOT
    core: int | None = None


class Worker:
    """One process that has a model loaded.

    Parameters
    ----------
    job
        What it loads.
    log
        Its standard output and error.

    Raises
    ------
    WorkerLost
        It did not start, or could not load the model.
    """

    def __init__(self, job: Job, log: Path, start_limit_s: float = START_LIMIT_S) -> None:
        self.job = job
        self.log = log
        self._group = execnet.Group()
        self._gateway = self._group.makegateway(f"popen//python={shlex.quote(str(job.python))}")
        try:
            self._channel = self._gateway.remote_exec(BOOTSTRAP)
            self._channel.send((str(ROOT), self._request()))
            ready, about = self._receive(start_limit_s, "start")
        except BaseException:
            self.kill()
            raise
        if ready != "ready":
            raise WorkerLost(f"the worker said {ready!r} instead of that it is ready")
        self.pid: int = about["pid"]
        self.n_parameters: int | None = about["n_parameters"]
        self.elements: list[int] | None = about["elements"]

    def _request(self) -> dict[str, Any]:
        return {
            "family": self.job.family,
            "checkpoint": str(self.job.checkpoint) if self.job.checkpoint else None,
            "random_seed": self.job.random_seed,
            "settings": self.job.settings,
            "device": self.job.device,
            "dtype": self.job.dtype,
            "path": list(self.job.path),
            "log": str(self.log),
            "checked": self.job.checked,
            "folder": str(self.job.folder),
            "core": self.job.core,
        }

    def evaluate(self, structures: Sequence[Atoms]) -> list[Answer]:
        """Ask for energies and forces.

        Parameters
        ----------
        structures
            One batch.

        Returns
        -------
        list
            Per structure `("ok", energy_ev, forces as little-endian float64 bytes)`,
            `("error", text)` or `("fault", text)`.

        Raises
        ------
        WorkerLost
            The worker died, or did not answer within the time limit; it is dead now.
        """
        answers = self._ask("evaluate", [_message(atoms) for atoms in structures])
        if len(answers) != len(structures):
            raise WorkerLost(f"{len(answers)} answers for {len(structures)} structures")
        return list(answers)

    def build(self, atoms: Atoms, numbers: dict[str, float]) -> Answer:
        """Ask for a crystal that laps can be run on.

        Parameters
        ----------
        atoms
            Every atom on its lattice site.
        numbers
            The keyword arguments of `cost.dynamics.Dynamics` that are plain numbers.

        Returns
        -------
        tuple
            `("ok", about)`, `("error", text)` or, if memory ran out, `("fault", text)`.

        Raises
        ------
        WorkerLost
            As `evaluate` does.
        """
        return tuple(self._ask("build", (_message(atoms), numbers)))

    def lap(self, n_steps: int) -> Answer:
        """Ask for NVE steps of the crystal; answers and errors as `build`'s."""
        return tuple(self._ask("lap", n_steps))

    def _ask(self, verb: str, question: Any) -> Any:  # noqa: ANN401 - plain data
        try:
            self._channel.send((verb, question))
        except OSError:
            raise self._death() from None
        return self._receive(self.job.time_limit_s, "answer")

    def _receive(self, limit_s: float, what: str) -> Any:  # noqa: ANN401 - plain data
        try:
            return self._channel.receive(limit_s)
        except self._channel.TimeoutError:
            self.kill()
            raise WorkerLost(f"the worker did not {what} within {limit_s:g} s") from None
        except execnet.RemoteError as error:
            self.kill()
            lines = str(error.formatted).strip().splitlines()
            raise WorkerLost(f"the worker did not {what}: {lines[-1]}") from None
        except (EOFError, OSError):
            raise self._death() from None

    def _death(self) -> WorkerLost:
        """Say how the process ended, and the last that it said."""
        status = self.kill()
        said = self.log.read_text(errors="replace").strip() if self.log.exists() else ""
        last = f"; it said: {said.splitlines()[-1][:200]}" if said else ""
        kind = WorkerKilled if status == -signal.SIGKILL else WorkerLost
        return kind(f"the worker {_cause(status)}{last}")

    def kill(self) -> int:
        """End the process, and return its exit status."""
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            status = None
        self._kill_group()
        self._group.terminate(timeout=1)
        return self._process.wait() if status is None else status

    def close(self) -> None:
        """End the process when it is no longer needed."""
        self._kill_group()  # it keeps nothing that could be lost
        self.kill()

    def _kill_group(self) -> None:
        """Kill the process and whatever it has started; it leads a group of its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    @property
    def _process(self) -> "subprocess.Popen[bytes]":
        """The child; execnet shows no other way to its exit status."""
        process: subprocess.Popen[bytes] = self._gateway._io.popen  # type: ignore[attr-defined]  # noqa: SLF001
        return process


def _message(atoms: Atoms) -> tuple[bytes, bytes, bytes, list[bool]]:
    return (
        atoms.numbers.astype("<i8").tobytes(),
        atoms.positions.astype("<f8").tobytes(),
        atoms.cell.array.astype("<f8").tobytes(),
        [bool(periodic) for periodic in atoms.pbc],
    )


def _cause(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    name = signal.Signals(-status).name
    hint = " (the system was out of memory, most often)" if status == -signal.SIGKILL else ""
    return f"died of {name}{hint}"
