"""The worker's side: runs inside the model's environment and answers over a socket.

Imports the standard library alone; ASE and NumPy, and the model's package by its adapter, follow
after threads and allocator are set. Global state that a package changes is this process's alone.
"""

import ctypes
import gc
import importlib
import os
import re
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from umlip_gate.worker import network
from umlip_gate.worker.channel import Channel
from umlip_gate.worker.dependencies import Dependencies

if TYPE_CHECKING:
    from ase import Atoms

    from umlip_gate.worker.packing import Answer
    from umlip_gate.worker.potential import Abilities, EnergyForces, Potential

THREAD_POOLS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
KEPT_BYTES = 1 << 30

OF_THE_MACHINE = r"too many open files|no space left on device|input/output error|stale file handle"
"""Texts of the system's errors, which packages raise as errors of other kinds."""


def main(address: str, dependencies: Dependencies) -> None:
    """Connect to the suite, load what it asks for, and answer until it is gone.

    Parameters
    ----------
    address
        The path of a Unix socket.
    dependencies
        What this process reads.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    channel = Channel(connection)
    request, _ = channel.receive()
    try:
        serve(channel, request, dependencies)
    except Exception as error:  # noqa: BLE001 - whatever a package raises is told to the suite
        traceback.print_exc()
        channel.send(["lost", _utf8(" ".join(traceback.format_exception_only(error)[-1].split()))])
        raise SystemExit(1) from None


def serve(channel: Channel, request: dict[str, Any], dependencies: Dependencies) -> None:
    """Load a potential, then answer questions until the suite is gone.

    Parameters
    ----------
    channel
        Sends `["ready", about]` once loaded, then `["answer", …]` to each question: to
        `["evaluate", about]` with the arrays of `packing.pack_structures` what
        `packing.pack_answers` returns, and what was read meanwhile; to
        `["build", [about, numbers]]` and `["time_steps", n_steps]`
        `["ok", what md_timer.Timer returns]`, `["error", text]` or `["fault", text]`.
    request
        family, checkpoint, random_seed, settings, device, dtype, path (searched for modules),
        checked (whether structures that the family declares unable are refused), stress (whether
        stresses are asked for with energies and forces), core (the only one to run on; None for
        any), n_threads (of its libraries), folder (where relative paths of arguments begin).
    dependencies
        What this process reads.
    """
    _set_threads(request["n_threads"], request["core"])
    _keep_memory()
    sys.path[:0] = request["path"]
    adapter = importlib.import_module(f"umlip_gate.worker.adapters.{request['family']}")
    if request["checkpoint"] and getattr(adapter, "RUNS_CHECKPOINT", False):
        network.leave()
    potential = _load(adapter, request)
    about = {
        "pid": os.getpid(),
        "numpy": sys.modules["numpy"].__version__,
        "n_parameters": potential.n_parameters,
        "elements": sorted(potential.elements) if potential.elements else None,
        "dependencies": dependencies.report(),
    }
    channel.send(["ready", about])
    asked = Asked(adapter.ABILITIES if request["checked"] else None, request["stress"])
    timed = _timed(potential, request["device"])
    _answer_questions(channel, potential, asked, timed, dependencies)


class Asked(NamedTuple):
    """How structures are evaluated.

    Attributes
    ----------
    abilities
        What the package can do, which decides what it is asked; None if it is asked anything.
    stress
        Whether stresses are asked for.
    """

    abilities: "Abilities | None"
    stress: bool = False


def _answer_questions(
    channel: Channel,
    potential: "Potential",
    asked: Asked,
    timed: "Callable[[str, Any, list[bytes]], Answer]",
    dependencies: Dependencies,
) -> None:
    from umlip_gate.worker.packing import pack_answers, unpack_structures  # noqa: PLC0415

    for (verb, question), arrays in channel.messages(ended=lambda: os._exit(0)):
        if verb == "evaluate":
            answers = _evaluate(potential, asked, unpack_structures(question, arrays))
            said, results = pack_answers(answers)
            channel.send(["answer", [said, dependencies.report()]], *results)
        elif verb == "stress":
            channel.send(["answer", _stresses(potential, unpack_structures(question, arrays))])
        else:
            channel.send(["answer", timed(verb, question, arrays)])


def _set_threads(n_threads: int, core: int | None) -> None:
    """One core per worker: several workers share the machine better than several threads."""
    for name in THREAD_POOLS:
        os.environ[name] = str(n_threads)
    if core is not None:
        os.sched_setaffinity(0, {core})


def _keep_memory() -> None:
    """Have glibc keep freed memory: else a CPU spends its time on page faults of temporaries."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # another C library; only slower
    for parameter in (M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD):
        mallopt(parameter, KEPT_BYTES if parameter != M_TOP_PAD else KEPT_BYTES >> 4)


def _load(adapter: ModuleType, request: dict[str, Any]) -> "Potential":
    from umlip_gate.worker.potential import LoadSpec  # noqa: PLC0415 - imports NumPy

    checkpoint = Path(request["checkpoint"]) if request["checkpoint"] else None
    folder = Path(request["folder"]) if request["folder"] else None
    spec = LoadSpec(checkpoint, request["random_seed"], request["settings"], folder)
    potential: Potential = adapter.load(spec, request["device"], request["dtype"])
    return potential


def _evaluate(potential: "Potential", asked: Asked, structures: list["Atoms"]) -> "list[Answer]":
    """Answers for a batch; where the batch fails, its halves are tried, down to one structure."""
    answers = _attempt(potential, asked, structures)
    if answers[0][0] == "ok" or len(structures) == 1:
        return answers
    if answers[0][0] == "fault":
        _release_memory()
    half = len(structures) // 2
    return [
        *_evaluate(potential, asked, structures[:half]),
        *_evaluate(potential, asked, structures[half:]),
    ]


def _attempt(potential: "Potential", asked: Asked, structures: list["Atoms"]) -> "list[Answer]":
    """Answers for a batch, or the one error of all of it.

    The exception ends here, with the frames and the tensors that it holds: halves are tried
    with all memory free again.
    """
    from umlip_gate.worker.extras import extras_of  # noqa: PLC0415 - imports NumPy
    from umlip_gate.worker.validation import (  # noqa: PLC0415 - imports NumPy
        check_output,
        check_structure,
    )

    try:
        if asked.abilities is not None:
            for atoms in structures:
                check_structure(atoms, potential, asked.abilities)
        given = [atoms.copy() for atoms in structures]
        results = _in_order(potential.evaluate(given), len(structures))
        for before, after, result in zip(structures, given, results, strict=True):
            check_output(before, after, result)
        extras = extras_of(potential, given, with_stress=asked.stress)
    except Exception as error:  # whatever a package raises is its configuration's error
        if _device_is_lost(error):
            raise
        kind = "fault" if _out_of_memory(error) or _of_the_machine(error) else "error"
        return [(kind, _utf8(f"{type(error).__name__}: {error}"))]
    return [
        (
            "ok",
            float(energy),
            _bytes(forces),
            {name: _bytes(array) for name, array in beside.items()},
        )
        for (energy, forces), beside in zip(results, extras, strict=True)
    ]


def _utf8(text: str) -> str:
    """Return a text that every file can hold: a name that is no UTF-8 leaves half characters."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _stresses(potential: "Potential", structures: list["Atoms"]) -> "Answer":
    """Return the stresses of structures, or why there are none."""
    from umlip_gate.worker.validation import check_stresses  # noqa: PLC0415 - imports NumPy

    predict = getattr(potential, "stresses", None)
    if predict is None:
        return "none", "its adapter does not read one"
    try:
        found = check_stresses(predict(structures), len(structures))
    except NotImplementedError as error:
        return "none", f"{type(error).__name__}: {error}"
    except Exception as error:  # whatever a package raises is the model's error
        if _device_is_lost(error):
            raise
        text = _utf8(f"{type(error).__name__}: {error}")
        return "fault" if _out_of_memory(error) or _of_the_machine(error) else "error", text
    return "ok", found.tolist()


def _timed(potential: "Potential", device: str) -> "Callable[[str, Any, list[bytes]], Answer]":
    """Return what answers the questions of a cost measurement, and runs NVE."""
    from umlip_gate.worker.md_timer import Timer  # noqa: PLC0415 - imports NumPy
    from umlip_gate.worker.nve import run_nve  # noqa: PLC0415 - imports NumPy
    from umlip_gate.worker.packing import unpack_structures  # noqa: PLC0415 - imports NumPy

    timer = Timer(potential, device)

    def answer(verb: str, question: Any, arrays: list[bytes]) -> "Answer":  # noqa: ANN401 - plain data
        try:
            if verb == "build":
                about, numbers = question
                (atoms,) = unpack_structures(about, arrays)
                return "ok", timer.build(atoms, numbers)
            if verb == "nve":
                about, numbers = question
                (atoms,) = unpack_structures(about, arrays)
                return "ok", run_nve(potential, atoms, numbers)
            return "ok", timer.time_steps(question)
        except Exception as error:  # whatever a package raises is this size's error
            if _device_is_lost(error):
                raise
            text = _utf8(f"{type(error).__name__}: {error}")
            answer = ("fault" if _out_of_memory(error) else "error"), text
        _release_memory()
        return answer

    return answer


def _release_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _in_order(results: list["EnergyForces"], expected: int) -> list["EnergyForces"]:
    if len(results) != expected:
        raise ValueError(f"{len(results)} answers for {expected} structures")
    return results


def _bytes(array: Any) -> bytes:  # noqa: ANN401 - whatever array the package returns
    import numpy as np  # noqa: PLC0415

    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def _device_is_lost(error: Exception) -> bool:
    """Whether the GPU's state is lost with an error: so is the worker."""
    return "CUDA error" in str(error) and not _out_of_memory(error)


def _of_the_machine(error: BaseException | None) -> bool:
    """Whether an error, or one behind it, is the system's: disk, network, number of open files."""
    while error is not None:
        if isinstance(error, OSError) or re.search(OF_THE_MACHINE, str(error), re.IGNORECASE):
            return True
        error = error.__cause__ or error.__context__
    return False


def _out_of_memory(error: Exception) -> bool:
    text = f"{type(error).__name__} {error}"
    signs = r"out of memory|OutOfMemory|can't allocate memory|\bOOM\b|RESOURCE_EXHAUSTED"
    return isinstance(error, MemoryError) or re.search(signs, text, re.IGNORECASE) is not None
