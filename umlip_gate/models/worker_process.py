"""The suite's side of a worker: start it, ask it, notice that it died.

A model runs in a process of its own, in the interpreter of its environment, and speaks plain
numbers and bytes over a socket.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ase import Atoms

from umlip_gate import worker
from umlip_gate.errors import MeasurementError
from umlip_gate.worker import network
from umlip_gate.worker.channel import LOOK_EVERY_S, Channel, Message
from umlip_gate.worker.packing import Answer, pack_structures, unpack_answers

START_LIMIT_S = 300.0
"""Importing and loading the largest package from a cold disk."""

NVE_LIMIT_S = 3600.0
"""A few hundred steps of a hundred atoms with the slowest model, on a core that others use too."""

START = Path(worker.__file__).with_name("start.py")
"""The script that a model's interpreter runs."""

SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACEHUB_API_TOKEN")
"""Variables that no model sees: a checkpoint may be a program."""


OF_THE_RUN = "PYTEST_"
"""Variables of this run that no model sees: they change with every test."""


def worker_environment(gpu: str | None = None) -> dict[str, str]:
    """Return the environment variables of a worker that sees one GPU, or all."""
    visible = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key not in SECRETS and not key.startswith(OF_THE_RUN)
    }
    return inherited | visible


@cache
def can_leave_network() -> bool:
    """Return whether this system lets a process give up the network; ask one that tries."""
    script = network.__file__
    return subprocess.run([sys.executable, "-I", script], check=False).returncode == 0  # noqa: S603 - a file of ours


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
    stress
        Whether stresses are asked for with energies and forces.
    folder
        Where relative paths of the settings begin. The process works in a folder of its own.
    core
        The only core that it runs on; None for any.
    n_threads
        Of its numerical libraries.
    gpu
        The only GPU that it sees, by number or UUID; None for all that this process sees.
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
    stress: bool = False
    folder: Path | None = None
    core: int | None = None
    n_threads: int = 1
    gpu: str | None = None


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
        self._channel: Channel | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._work = Path(tempfile.mkdtemp(prefix="work-", dir=log.parent))
        end_s = time.monotonic() + start_limit_s
        try:
            with tempfile.TemporaryDirectory(prefix="umlip-gate-") as folder:
                address = str(Path(folder) / "socket")
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind(address)
                    listener.listen(1)
                    self._process = self._start(address)
                    self._channel = Channel(self._accept(listener, end_s))
            self._send(self._request())
            said, _ = self._receive(start_limit_s, "start")
        except BaseException:
            self.kill()
            raise
        kind, about = said
        if kind != "ready":
            self.kill()
            raise WorkerLost(f"the worker said {kind!r} instead of that it is ready")
        self.pid: int = about["pid"]
        self.numpy: str = about["numpy"]
        self.n_parameters: int | None = about["n_parameters"]
        self.elements: list[int] | None = about["elements"]
        self._reports: list[dict[str, Any]] = [about["dependencies"]]

    def _start(self, address: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            try:
                return subprocess.Popen(  # noqa: S603 - the interpreter that a person named
                    [self.job.python, START, address],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._work,
                    env=worker_environment(self.job.gpu),
                    start_new_session=True,
                )
            except OSError as error:
                raise WorkerLost(
                    f"the interpreter {self.job.python} does not start: {error.strerror}"
                ) from None

    def _accept(self, listener: socket.socket, end_s: float) -> socket.socket:
        """Wait until the process connects, ends, or has taken too long."""
        while time.monotonic() < end_s:
            alive = self._is_alive()
            listener.settimeout(LOOK_EVERY_S if alive else 0.0)
            try:
                return listener.accept()[0]
            except (TimeoutError, BlockingIOError):
                if not alive:
                    raise self._death() from None
        raise WorkerLost("the worker did not start in time")

    def _request(self) -> dict[str, Any]:
        return {
            "family": self.job.family,
            "checkpoint": str(self.job.checkpoint) if self.job.checkpoint else None,
            "random_seed": self.job.random_seed,
            "settings": self.job.settings,
            "device": self.job.device,
            "dtype": self.job.dtype,
            "path": list(self.job.path),
            "checked": self.job.checked,
            "stress": self.job.stress,
            "folder": str(self.job.folder) if self.job.folder else None,
            "core": self.job.core,
            "n_threads": self.job.n_threads,
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
            Per structure as `worker.packing.Answer`.

        Raises
        ------
        WorkerLost
            The worker died, or did not answer within the time limit; it is dead now.
        """
        about, arrays = pack_structures(structures)
        (said, read), results = self._ask("evaluate", about, arrays)
        if read is not None:
            self._reports.append(read)
        answers = unpack_answers((said, results))
        if len(answers) != len(structures):
            raise WorkerLost(f"{len(answers)} answers for {len(structures)} structures")
        return answers

    def stresses(self, structures: Sequence[Atoms]) -> Answer:
        """Ask for stresses.

        Returns
        -------
        tuple
            `("ok", stresses in eV/Å³ as nested lists, shape (n, 3, 3))`, `("none", why the model
            has none)`, `("error", text)` or `("fault", text)`.

        Raises
        ------
        WorkerLost
            As `evaluate` does.
        """
        about, arrays = pack_structures(structures)
        return tuple(self._ask("stress", about, arrays)[0])

    def nve(self, atoms: Atoms, numbers: dict[str, float]) -> Answer:
        """Ask for an NVE run: `("ok", what nve.run_nve returns)`, else as `build`.

        Raises
        ------
        WorkerLost
            The worker died, or took longer than an hour.
        """
        about, arrays = pack_structures([atoms])
        self._send(["nve", [about, numbers]], *arrays)
        (_, answer), _ = self._receive(NVE_LIMIT_S, "answer")
        return tuple(answer)

    def take_reports(self) -> list[dict[str, Any]]:
        """Return what the process has read since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def build(self, atoms: Atoms, numbers: dict[str, float]) -> Answer:
        """Ask for a crystal that steps can be run on.

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
        about, arrays = pack_structures([atoms])
        return tuple(self._ask("build", [about, numbers], arrays)[0])

    def time_steps(self, n_steps: int) -> Answer:
        """Ask for NVE steps of the crystal; answers and errors as `build`'s."""
        return tuple(self._ask("time_steps", n_steps)[0])

    def _ask(self, verb: str, question: Any, arrays: Sequence[bytes] = ()) -> Message:  # noqa: ANN401 - plain data
        """Return what the worker answers, and the arrays of the answer."""
        self._send([verb, question], *arrays)
        (_, answer), results = self._receive(self.job.time_limit_s, "answer")
        return answer, results

    def _send(self, said: Any, *arrays: bytes) -> None:  # noqa: ANN401 - plain data
        try:
            self._connected.send(said, *arrays, limit_s=self.job.time_limit_s)
        except OSError:
            raise self._death() from None

    def _receive(self, limit_s: float, what: str) -> Message:
        try:
            message = self._connected.receive(limit_s, self._is_alive)
        except TimeoutError:
            self.kill()
            raise WorkerLost(f"the worker did not {what} within {limit_s:g} s") from None
        except (EOFError, OSError):
            raise self._death() from None
        kind, said = message[0]
        if kind == "lost":
            self.kill()
            raise WorkerLost(f"the worker did not {what}: {said}")
        return message

    @property
    def _connected(self) -> Channel:
        assert self._channel is not None  # noqa: S101 - set by __init__, which raises otherwise
        return self._channel

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _death(self) -> WorkerLost:
        """Return how the process ended, and the last that it said."""
        status = self.kill()
        said = self.log.read_text(errors="replace").strip() if self.log.exists() else ""
        last = f"; it said: {said.splitlines()[-1][:200]}" if said else ""
        kind = WorkerKilled if status == -signal.SIGKILL else WorkerLost
        return kind(f"the worker {_cause(status)}{last}")

    def kill(self) -> int:
        """End the process, and return its exit status."""
        if self._process is None:
            return 0
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            status = None
        self._kill_group()
        return self._process.wait() if status is None else status

    def close(self) -> None:
        """End the process when it is no longer needed."""
        self._kill_group()  # it keeps nothing that could be lost
        self.kill()

    def _kill_group(self) -> None:
        """Kill the process and whatever it has started; it leads a group of its own."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._channel is not None:
            self._channel.close()
        shutil.rmtree(self._work, ignore_errors=True)


def _cause(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    name = signal.Signals(-status).name
    hint = " (the system was out of memory, most often)" if status == -signal.SIGKILL else ""
    return f"died of {name}{hint}"
