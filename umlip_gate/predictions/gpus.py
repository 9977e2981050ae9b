"""Which GPU each worker sees: every visible one, and several workers on each where that pays."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

QUERY = ["--query-gpu=index,uuid,memory.free", "--format=csv,noheader,nounits"]
AMD_GPUS = Path("/dev/kfd")
"""What is there where AMD's GPUs are, which PyTorch calls cuda too."""


@dataclass(frozen=True)
class Gpu:
    """A GPU: its number, its UUID, and its free memory, GiB."""

    number: str
    uuid: str
    free_gib: float


def visible_gpus() -> list[Gpu]:
    """Return the GPUs that this process may use; none where the driver does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    run = subprocess.run(  # noqa: S603 - the driver's own program
        [program, *QUERY], capture_output=True, text=True, check=False
    )
    return parsed(run.stdout, os.environ.get("CUDA_VISIBLE_DEVICES"))


def why_no_device(device: str) -> str | None:
    """Return why this machine has no such device; None if it may have one.

    Parameters
    ----------
    device
        `cpu`, `cuda` (of NVIDIA, or of AMD by the same name) or `mps`.
    """
    if device == "mps" and (platform.system(), platform.machine()) != ("Darwin", "arm64"):
        return "mps is the GPU of a Mac with Apple silicon, and this is none"
    if device != "cuda" or visible_gpus() or AMD_GPUS.exists():
        return None
    if os.environ.get("CUDA_VISIBLE_DEVICES") is not None:
        hidden = os.environ["CUDA_VISIBLE_DEVICES"]
        return f"no GPU is visible here: CUDA_VISIBLE_DEVICES={hidden!r}, and nvidia-smi lists none"
    return "no GPU is visible here: nvidia-smi lists none"


def parsed(answer: str, visible: str | None) -> list[Gpu]:
    """Return the GPUs of an answer of nvidia-smi that are visible.

    Parameters
    ----------
    answer
        A line for each GPU: number, UUID, free memory in MiB.
    visible
        `CUDA_VISIBLE_DEVICES`; None if it is not set.
    """
    lines = (line.split(", ") for line in answer.splitlines() if line.count(", ") == 2)  # noqa: PLR2004 - three columns
    gpus = [Gpu(number, uuid, float(free) / 1024) for number, uuid, free in lines]
    if visible is None:
        return gpus
    asked = [name.strip() for name in visible.split(",")]
    return [gpu for name in asked for gpu in gpus if name in {gpu.number, gpu.uuid}]


def slots(
    gpus: list[Gpu], *, workers_per_gpu: int, gib_per_worker: float, n_cores: int, n_batches: int
) -> list[str | None]:
    """Return the GPU of each worker, one worker on every GPU before a second on any.

    Parameters
    ----------
    gpus
        Those that are visible.
    workers_per_gpu
        As many as pay, by the family's adapter.
    gib_per_worker
        What a worker's batch takes on the GPU, by the family's adapter.
    n_cores
        A worker builds its graphs on a core of its own.
    n_batches
        No more workers than there is work for.

    Returns
    -------
    list
        UUIDs; one None, by which the worker sees what this process sees, if no GPU is known.
    """
    places = [
        (number, gpu.uuid)
        for gpu in gpus
        for number in range(max(1, min(workers_per_gpu, int(gpu.free_gib / gib_per_worker))))
    ]
    most = max(1, min(n_cores, n_batches))
    chosen: list[str | None] = [uuid for _, uuid in sorted(places, key=lambda place: place[0])]
    return chosen[:most] or [None]
