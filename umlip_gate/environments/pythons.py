"""Interpreters of a version, wherever they are: this one, on the path, pyenv's, uv's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from umlip_gate.errors import Unavailable


def running_version() -> str:
    """Return the version of this interpreter, as `3.11`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def find_python(versions: Sequence[str]) -> str:
    """Return an interpreter of one of several versions: this one if it is, else the first found.

    Parameters
    ----------
    versions
        As `3.11`, the preferred one first.

    Raises
    ------
    Unavailable
        None is here.
    """
    if running_version() in versions:
        return sys.executable
    for version in versions:
        for candidate in _candidates(version):
            if _version(candidate) == version:
                return candidate
    raise Unavailable(
        f"this environment needs Python {' or '.join(versions)}, and neither the path nor pyenv "
        f"nor uv has one: install it (uv python install {versions[0]}, pyenv install "
        f"{versions[0]}, conda, or the system's packages)"
    )


def _candidates(version: str) -> Iterator[str]:
    for name in (f"python{version}", "python3", "python"):
        if path := shutil.which(name):
            yield path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))
    if uv := shutil.which("uv"):
        found = _output([uv, "python", "find", "--no-python-downloads", version])
        if found:
            yield found[-1]


def _version(python: str) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    said = _output([python, "-I", "-c", code])
    return said[-1] if said else None


def _output(command: Sequence[str]) -> list[str]:
    """Return the lines that a command prints; none if it fails.

    A launcher of pyenv without that version behind it does.
    """
    try:
        run = subprocess.run(  # noqa: S603 - an interpreter on the path, or uv
            command, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    return run.stdout.splitlines()
