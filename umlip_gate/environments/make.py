"""Make the environment of a family from its lock."""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from umlip_gate.environments import LOCKS, environment_names
from umlip_gate.environments.pythons import find_python, running_version
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.models.environment_folders import (
    MARK,
    environments_folder,
    interpreter,
    made_interpreter,
)
from umlip_gate.schema import nearest

STDERR = 2
"""Where pip and uv write: what this module prints itself is for other programs to read."""

THIS_PLATFORM = f"{platform.system()} {platform.machine()}"


@dataclass(frozen=True)
class Lock:
    """What an environment consists of.

    Attributes
    ----------
    path
        The file: requirements with digests.
    pythons
        The Pythons that it was resolved for, as `3.11`.
    platform
        The system and machine whose files it has the digests of, as `Linux x86_64`.
    first
        Requirements without digests, installed before: which build is right depends on the
        machine, and the index that pip or uv is configured with decides it.
    """

    path: Path
    pythons: tuple[str, ...]
    platform: str
    first: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> "Lock":
        """Read the lock of an environment.

        Raises
        ------
        InputError
            No environment has this name.
        """
        if name not in environment_names():
            raise InputError(f"{name}: no environment; {nearest(name, environment_names())}")
        path = LOCKS / f"{name}.txt"
        head = re.findall(r"^# (\w+) (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        values = dict(head)
        first = tuple(value for key, value in head if key == "first")
        return cls(path, tuple(values["python"].split()), values["platform"], first)

    def require_platform(self) -> None:
        """Refuse another system or machine than this.

        Raises
        ------
        Unavailable
            The lock is for another.
        """
        if self.platform != THIS_PLATFORM:
            raise Unavailable(
                f"{self.path.stem}: its lock is for {self.platform}, this is {THIS_PLATFORM}. "
                "Install the family's packages yourself, and name that interpreter in a candidate "
                'file: python = "…"'
            )


def make_environment(name: str) -> Path:
    """Make an environment, unless it is made from this lock already; return its interpreter.

    With uv if that is on the path, else with pip. What an interruption or a failure leaves is
    removed.

    Raises
    ------
    InputError
        No environment has this name, or its folder cannot be written or is something else.
    Unavailable
        No Python of a version that it needs is here, or its lock is for another machine.
    MeasurementError
        Its packages cannot be installed.
    """
    lock = Lock.of(name)
    lock.require_platform()
    folder = environments_folder() / name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{name}.lock")):
            python = made_interpreter(name)
            if python is None or not is_current(name):
                _remake(lock, folder)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made ({error.strerror or error}); UMLIP_GATE_ENVIRONMENTS names "
            "another folder"
        ) from error
    return interpreter(folder)


def is_current(name: str) -> bool:
    """Return whether an environment was made from the lock of today."""
    mark = environments_folder() / name / MARK
    return mark.is_file() and mark.read_bytes() == (LOCKS / f"{name}.txt").read_bytes()


def install(name: str) -> None:
    """Install the packages of an environment into this interpreter, unless they are.

    Raises
    ------
    InputError
        No environment has this name.
    Unavailable
        Its lock is for another Python or machine, or this interpreter has no pip.
    MeasurementError
        Its packages cannot be installed.
    """
    lock = Lock.of(name)
    lock.require_platform()
    if running_version() not in lock.pythons:
        raise Unavailable(
            f"{name}: its lock is for Python {' or '.join(lock.pythons)}, this is "
            f"{running_version()}"
        )
    pip = _own_pip()
    mark = Path(sys.prefix) / MARK
    if mark.is_file() and mark.read_bytes() == lock.path.read_bytes():
        return
    _install(lock, [*pip, "install"])
    _write_mark(lock, mark)


def _remake(lock: Lock, folder: Path) -> None:
    if folder.exists() and not (folder / "pyvenv.cfg").is_file():
        raise InputError(f"{folder}: is there, and is no environment; remove or rename it")
    base, python = find_python(lock.pythons), str(interpreter(folder))
    uv = shutil.which("uv")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        if uv:
            _run([uv, "venv", "--quiet", "--python", base, str(folder)])
            _install(lock, [uv, "pip", "install", "--python", python])
        else:
            pip = _own_pip()
            _run([base, "-m", "venv", "--without-pip", str(folder)])
            _install(lock, [*pip, "--python", python, "install"])
        _write_mark(lock, folder / MARK)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _own_pip() -> list[str]:
    if find_spec("pip") is None:
        raise Unavailable(f"{sys.executable} has no pip: `python -m ensurepip` installs it")
    return [sys.executable, "-m", "pip"]


def _install(lock: Lock, command: Sequence[str]) -> None:
    if lock.first:
        _run([*command, "--quiet", *lock.first])
    _run([*command, "--quiet", "--no-deps", "--require-hashes", "-r", str(lock.path)])


def _write_mark(lock: Lock, mark: Path) -> None:
    part = mark.with_suffix(".part")
    shutil.copyfile(lock.path, part)
    part.replace(mark)


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, stdout=STDERR)  # noqa: S603 - pip or uv
    except (OSError, subprocess.CalledProcessError) as error:
        what = "uv" if Path(command[0]).name == "uv" else command[2]
        status = getattr(error, "returncode", error)
        raise MeasurementError(
            f"{what} failed ({status}); its own message is above. Without network, "
            "PIP_FIND_LINKS or UV_FIND_LINKS names a folder of wheels"
        ) from error
