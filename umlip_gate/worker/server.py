"""The worker's side: runs inside the model's environment and answers over an execnet channel.

Imports ASE and NumPy only; the model's package is imported by its adapter, after threads and
allocator are set. Global state that a package changes is this process's alone.
"""

import ctypes
import gc
import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ase import Atoms

    from umlip_gate.worker.potential import Abilities, EnergyForces, Potential

Answer = tuple[Any, ...]

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


def serve(channel: Any, request: dict[str, Any]) -> None:  # noqa: ANN401 - execnet's Channel
    """Load a potential, then answer questions until the channel closes.

    Parameters
    ----------
    channel
        Sends `("ready", about)` once loaded, then one answer per question received. To
        `("evaluate", structures)` a list with, for each, `("ok", energy, forces as bytes)`,
        `("error", text)` or `("fault", text)`; to `("build", (structure, numbers))` and
        `("lap", n_steps)` one such tuple, with what `cost.serve.Timer` returns if it is ok.
    request
        family, checkpoint, random_seed, settings, device, dtype, path (searched for modules),
        log, checked (whether structures that the family declares unable are refused), folder
        (to work in), core (the only one to run on; None for any).
    """
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _one_thread(request["core"])
    _keep_memory()
    os.setpgid(0, 0)
    os.chdir(request["folder"])
    sys.path[:0] = request["path"]
    adapter = importlib.import_module(f"umlip_gate.worker.adapters.{request['family']}")
    potential = _load(adapter, request)
    about = {
        "pid": os.getpid(),
        "n_parameters": potential.n_parameters,
        "elements": sorted(potential.elements) if potential.elements else None,
    }
    channel.send(("ready", about))
    abilities = adapter.ABILITIES if request["checked"] else None
    timed = _timed(potential, request["device"])
    for verb, question in channel:
        if verb == "evaluate":
            structures = [_structure(message) for message in question]
            channel.send(_evaluate(potential, abilities, structures))
        else:
            channel.send(timed(verb, question))


def _one_thread(core: int | None) -> None:
    """One core per worker: several workers share the machine better than several threads."""
    for name in THREAD_POOLS:
        os.environ[name] = "1"
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
    spec = LoadSpec(checkpoint, request["random_seed"], request["settings"])
    potential: Potential = adapter.load(spec, request["device"], request["dtype"])
    return potential


def _structure(message: Sequence[Any]) -> "Atoms":
    import numpy as np  # noqa: PLC0415 - after the thread pools are set
    from ase import Atoms  # noqa: PLC0415

    numbers, positions, cell, pbc = message
    return Atoms(
        numbers=np.frombuffer(numbers, dtype="<i8"),
        positions=np.frombuffer(positions, dtype="<f8").reshape(-1, 3).copy(),
        cell=np.frombuffer(cell, dtype="<f8").reshape(3, 3).copy(),
        pbc=pbc,
    )


def _evaluate(
    potential: "Potential", abilities: "Abilities | None", structures: list["Atoms"]
) -> list[Answer]:
    """Answers for a batch; where the batch fails, its halves are tried, down to one structure."""
    answers = _attempt(potential, abilities, structures)
    if answers[0][0] == "ok" or len(structures) == 1:
        return answers
    if answers[0][0] == "fault":
        _release_memory()
    half = len(structures) // 2
    return [
        *_evaluate(potential, abilities, structures[:half]),
        *_evaluate(potential, abilities, structures[half:]),
    ]


def _attempt(
    potential: "Potential", abilities: "Abilities | None", structures: list["Atoms"]
) -> list[Answer]:
    """Answers for a batch, or the one error of all of it.

    The exception ends here, with the frames and the tensors that it holds: halves are tried
    with all memory free again.
    """
    from umlip_gate.worker.validation import check_output, refuse  # noqa: PLC0415 - imports NumPy

    try:
        if abilities is not None:
            for atoms in structures:
                refuse(atoms, potential, abilities)
        given = [atoms.copy() for atoms in structures]
        results = _in_order(potential.evaluate(given), len(structures))
        for before, after, result in zip(structures, given, results, strict=True):
            check_output(before, after, result)
    except Exception as error:  # whatever a package raises is its configuration's error
        if _device_is_lost(error):
            raise
        kind = "fault" if _out_of_memory(error) else "error"
        return [(kind, f"{type(error).__name__}: {error}")]
    return [("ok", float(energy), _bytes(forces)) for energy, forces in results]


def _timed(potential: "Potential", device: str) -> Callable[[str, Any], Answer]:
    """Answer the questions of a cost measurement."""
    from umlip_gate.worker.md_timer import Timer  # noqa: PLC0415 - imports NumPy

    timer = Timer(potential, device)

    def answer(verb: str, question: Any) -> Answer:  # noqa: ANN401 - plain data
        try:
            if verb == "build":
                structure, numbers = question
                return "ok", timer.build(_structure(structure), numbers)
            return "ok", timer.lap(question)
        except Exception as error:  # whatever a package raises is this size's error
            if _device_is_lost(error):
                raise
            text = f"{type(error).__name__}: {error}"
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


def _bytes(forces: Any) -> bytes:  # noqa: ANN401 - whatever array the package returns
    import numpy as np  # noqa: PLC0415

    return np.ascontiguousarray(forces, dtype="<f8").tobytes()


def _device_is_lost(error: Exception) -> bool:
    """Whether the GPU's state is lost with an error: so is the worker."""
    return "CUDA error" in str(error) and not _out_of_memory(error)


def _out_of_memory(error: Exception) -> bool:
    text = f"{type(error).__name__} {error}"
    signs = r"out of memory|OutOfMemory|can't allocate memory|\bOOM\b|RESOURCE_EXHAUSTED"
    return isinstance(error, MemoryError) or re.search(signs, text, re.IGNORECASE) is not None
