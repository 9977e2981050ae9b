"""How many processes may compute on this machine."""

import os

MOST_WORKERS = 16
"""Each holds a model of its own in memory."""


def usable_cores() -> int:
    """Count the cores that this process may run on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1
