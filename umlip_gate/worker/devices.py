"""What a worker's process computes on: waiting for it, its memory, its name.

Asks the frameworks that the model's package has imported, whichever they are; imports none.
"""

import contextlib
import importlib
import os
import platform
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

PROC = Path("/proc")


def synchronize() -> None:
    """Wait until every device has done all that it was asked."""
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    if tensorflow is not None and tensorflow.config.get_visible_devices("GPU"):
        tensorflow.test.experimental.sync_devices()


def forget_peak() -> None:
    """Let the peaks of memory begin anew, where the system and the framework can."""
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
    if tensorflow is not None and tensorflow.config.get_visible_devices("GPU"):
        tensorflow.config.experimental.reset_memory_stats("GPU:0")
    with contextlib.suppress(OSError):
        (PROC / "self" / "clear_refs").write_text("5")


def peak_bytes(device: str) -> int:
    """Return the most memory that was in use at once.

    Parameters
    ----------
    device
        `cuda`: what the framework had allocated on the GPU. `cpu`: this process's resident
        memory, packages and weights included.
    """
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    if device == "cuda" and torch is not None and torch.cuda.is_initialized():
        return int(torch.cuda.max_memory_allocated())
    if device == "cuda" and tensorflow is not None:
        return int(tensorflow.config.experimental.get_memory_info("GPU:0")["peak"])
    status = PROC / "self" / "status"
    if status.exists():  # getrusage's peak is as old as the process that started this one
        peak = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(), re.MULTILINE)
        return 1024 * int(peak[1]) if peak else 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def gpu_bytes() -> int:
    """Return the most memory that torch and tensorflow had allocated on GPUs in this process.

    None means that no GPU was computed on: weights, structures and results would be in it.
    """
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    found = 0
    if torch is not None and torch.cuda.is_initialized():
        found += sum(map(torch.cuda.max_memory_allocated, range(torch.cuda.device_count())))
    if tensorflow is not None:
        for number in range(len(tensorflow.config.get_visible_devices("GPU"))):
            found += tensorflow.config.experimental.get_memory_info(f"GPU:{number}")["peak"]
    return int(found)


def children_cpu_s() -> float:
    """Return the CPU time of all processes that this one has started, s, ended or not.

    Those that still run are seen where there is a `/proc`.
    """
    per_s = os.sysconf("SC_CLK_TCK")
    times = os.times()
    ticks = round(per_s * times.children_user) + round(per_s * times.children_system)
    running, begun = _processes(), {os.getpid()}
    while found := {pid for pid, (parent, _) in running.items() if parent in begun} - begun:
        ticks += sum(running[pid][1] for pid in found)
        begun |= found
    return ticks / per_s


def _processes() -> dict[int, tuple[int, int]]:
    """Return parent and CPU time, its own and its ended children's in ticks, of every process."""
    processes = {}
    for stat in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            processes[int(stat.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    return processes


def describe() -> dict[str, Any]:
    """Return what this process sees of the machine, and how many threads each pool has.

    Returns
    -------
    dict
        `cpu`, `cores` (that it may run on; None where the system does not tell), `threads` by
        pool, and of a GPU its name, `gpu`, its `driver`, and `gpu_library`, the framework's CUDA;
        None without one.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    torch = sys.modules.get("torch")
    gpu = _gpu_name()
    return {
        "cpu": cpu_name(),
        "cores": cores,
        "threads": _threads(),
        "gpu": gpu,
        "driver": _driver() if gpu else None,
        "gpu_library": f"CUDA {torch.version.cuda}" if torch is not None and gpu else None,
    }


def cpu_name() -> str:
    """Name the CPU: the model, and the family and model numbers where the name is a brand only."""
    info = PROC / "cpuinfo"
    if not info.exists():
        return platform.processor() or platform.machine()
    pairs = (line.partition(":")[::2] for line in info.read_text().splitlines())
    fields: dict[str, str] = {}
    for key, value in pairs:
        fields.setdefault(key.strip(), value.strip())
    name = fields.get("model name", platform.machine())
    if "cpu family" in fields:
        name += f" (family {fields['cpu family']}, model {fields['model']})"
    return name


def _threads() -> dict[str, int]:
    threads: dict[str, int] = {}
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    if torch is not None:
        threads["torch"] = torch.get_num_threads()
    if tensorflow is not None:
        chosen = tensorflow.config.threading.get_intra_op_parallelism_threads()
        threads["tensorflow"] = chosen or int(os.environ.get("TF_NUM_INTRAOP_THREADS", "0"))
    try:
        pools = importlib.import_module("threadpoolctl").threadpool_info()
    except ImportError:
        return threads
    for pool in pools:
        threads[Path(pool["filepath"]).name] = pool["num_threads"]
    return threads


def _gpu_name() -> str | None:
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    if torch is not None and torch.cuda.is_initialized():
        return str(torch.cuda.get_device_name())
    if tensorflow is not None and (found := tensorflow.config.get_visible_devices("GPU")):
        return str(tensorflow.config.experimental.get_device_details(found[0])["device_name"])
    return None


def _driver() -> str | None:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.split()[0]
