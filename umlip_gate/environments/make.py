"""Make the environment of a family from its lock."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from umlip_gate.environments import (
    LOCKS,
    MARK,
    environment_names,
    environments_folder,
    interpreter,
    made_interpreter,
)
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.schema import nearest

STDERR = 2
"""Where pip and uv write: what this module prints itself is for other programs to read."""


@dataclass(frozen=True)
class Lock:
    """What an environment consists of.

    Attributes
    ----------
    path
        The file: requirements with digests.
    python
        The Python that it was resolved for, as `3.11`.
    first
        Requirements without digests, installed before: which build is right depends on the
        machine, and the index that pip or uv is configured with decides it.
    """

    path: Path
    python: str
    first: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> "Lock":
        """Read the lock of an environment.

        Raises
        ------
        InputError
            There is none of this name.
        """
        if name not in environment_names():
            raise InputError(f"{name}: no environment; {nearest(name, environment_names())}")
        path = LOCKS / f"{name}.txt"
        text = path.read_text(encoding="utf-8")
        python = re.search(r"^# python (.+)$", text, re.MULTILINE)
        assert python is not None  # noqa: S101 - every lock has it, a self-test looks
        return cls(path, python[1], tuple(re.findall(r"^# first (.+)$", text, re.MULTILINE)))


def make_environment(name: str) -> Path:
    """Make an environment, unless it is made from this lock already; return its interpreter.

    With uv if that is on the path, else with pip.

    Raises
    ------
    InputError
        There is no environment of this name.
    Unavailable
        There is no Python of the version that it needs.
    MeasurementError
        Its packages cannot be installed.
    """
    lock = Lock.of(name)
    folder = environments_folder() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{name}.lock")):
        python = made_interpreter(name)
        if python is not None and (folder / MARK).read_bytes() == lock.path.read_bytes():
            return python
        if folder.exists() and not (folder / "pyvenv.cfg").is_file():
            raise InputError(f"{folder}: is there, and is no environment; remove or rename it")
        shutil.rmtree(folder, ignore_errors=True)
        _install(lock, folder)
        shutil.copyfile(lock.path, folder / MARK)
    return interpreter(folder)


def _install(lock: Lock, folder: Path) -> None:
    base, python = find_python(lock.python), str(interpreter(folder))
    uv = shutil.which("uv")
    if uv:
        _run([uv, "venv", "--quiet", "--python", base, str(folder)])
        install = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        _run([base, "-m", "venv", str(folder)])
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if lock.first:
        _run([*install, *lock.first])
    _run([*install, "--no-deps", "--require-hashes", "-r", str(lock.path)])


def find_python(version: str) -> str:
    """Return an interpreter of a version, as `3.11`: this one, or one on the path.

    Raises
    ------
    Unavailable
        There is none.
    """
    candidates = [sys.executable, f"python{version}", "python3", "python"]
    for candidate in candidates:
        path = shutil.which(candidate)
        if path and _version(path) == version:
            return path
    raise Unavailable(
        f"this environment needs Python {version}, and python{version} is not on the path: "
        f"install it (uv python install {version}, conda, or the system's packages)"
    )


def _version(python: str) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        run = subprocess.run(  # noqa: S603 - an interpreter on the path
            [python, "-I", "-c", code], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):  # a launcher without that version behind it
        return None
    lines = run.stdout.split()
    return lines[-1] if lines else None


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, stdout=STDERR)  # noqa: S603 - pip or uv
    except (OSError, subprocess.CalledProcessError) as error:
        raise MeasurementError(
            f"{' '.join(command[:4])} … failed ({error.__class__.__name__}); what it said stands "
            "above"
        ) from error
