"""Where the families' environments are.

An environment is a folder of `UMLIP_GATE_ENVIRONMENTS` with an interpreter and the packages of one
family; `umlip_gate.environments` makes it.
"""

import os
from pathlib import Path

import platformdirs

MARK = "umlip-gate-lock.txt"
"""The lock that an environment was made from; it is written last."""


def environments_folder() -> Path:
    """Return `UMLIP_GATE_ENVIRONMENTS`, or a folder of this user's data."""
    folder = os.environ.get("UMLIP_GATE_ENVIRONMENTS")
    return Path(folder or platformdirs.user_data_path("umlip-gate") / "environments").absolute()


def interpreter(folder: Path) -> Path:
    """Return where the interpreter of an environment is."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def made_interpreter(name: str) -> Path | None:
    """Return the interpreter of an environment that was made to its end, if there is one."""
    folder = environments_folder() / name
    python = interpreter(folder)
    return python if (folder / MARK).is_file() and python.exists() else None
