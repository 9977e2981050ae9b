"""The interpreters that models run in."""

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from umlip_gate import worker
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.models.environment_folders import interpreter, made_interpreter
from umlip_gate.settings import checkout

OLDEST_PYTHON = (3, 10)
PROBE = Path(worker.__file__).with_name("probe.py")
PROBE_LIMIT_S = 60.0
NEEDED = ("ase", "numpy")
"""What the worker's own side imports, whatever the model needs."""


@dataclass(frozen=True)
class Environment:
    """An interpreter that answered.

    Attributes
    ----------
    python
        Its path.
    version
        The Python version.
    packages
        Distributions and their versions, of those that were asked for and are installed.
    modules
        Folders of top-level modules, of those that were asked for and are found.
    """

    python: Path
    version: str
    packages: dict[str, str]
    modules: dict[str, Path]


def family_interpreter(family: str, distribution: str, root: Path | None = None) -> Path:
    """Find the interpreter of a family.

    This interpreter if the family is installed in it, else that of its environment.

    Parameters
    ----------
    family
        The family's name, which is its environment's.
    distribution
        The distribution that makes an environment the family's.
    root
        The checkout; None for the one that runs, if any.

    Raises
    ------
    Unavailable
        There is neither.
    """
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return tox_interpreter(family, root)
    return Path(sys.executable)


def tox_interpreter(environment: str, root: Path | None = None) -> Path:
    """Find the interpreter of an environment: made from its lock, else the checkout's of tox.

    Parameters
    ----------
    environment
        Its name.
    root
        The checkout; None for the one that runs, if any.

    Raises
    ------
    Unavailable
        There is neither.
    """
    if made := made_interpreter(environment):
        return made
    root = root or checkout()
    python = interpreter(root / ".tox" / environment) if root else None
    if python is None or not python.exists():
        make = f"python -m umlip_gate.environments make {environment}"
        command = f"tox run -e {environment}" if root else make
        raise Unavailable(f"no environment {environment}: `{command}` makes one")
    return python


@lru_cache
def probe(
    python: Path,
    packages: Sequence[str] = (),
    modules: Sequence[str] = (),
    *,
    all_packages: bool = False,
    limit_s: float = PROBE_LIMIT_S,
) -> Environment:
    """Ask an interpreter for its versions: the handshake before a worker is started.

    Parameters
    ----------
    python
        The interpreter.
    packages
        Distributions to look up.
    modules
        Top-level modules to find, without importing them.
    all_packages
        Look up every distribution.
    limit_s
        How long it may take, s.

    Raises
    ------
    MeasurementError
        It does not start, does not answer as a Python does, or lacks ASE and NumPy.
    """
    request = json.dumps(
        {
            "packages": [*NEEDED, *packages],
            "all_packages": all_packages,
            "modules": list(modules),
        }
    )
    command = [str(python), str(PROBE), request]
    try:
        run = subprocess.run(  # noqa: S603 - the interpreter that a person named
            command, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except OSError as error:
        raise MeasurementError(
            f"the interpreter {python} does not start: {error.strerror}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise MeasurementError(
            f"the interpreter {python} did not answer in {limit_s:g} s"
        ) from error
    return _environment(python, run)


def _environment(python: Path, run: "subprocess.CompletedProcess[str]") -> Environment:
    try:
        answer = json.loads(run.stdout.strip().splitlines()[-1])  # a banner may stand before it
        version = answer["python"]
    except (IndexError, ValueError, KeyError, TypeError):
        if version := _version(python):
            raise MeasurementError(_too_old(python, version)) from None
        said = (run.stderr.strip() or run.stdout.strip() or "nothing").splitlines()[-1]
        raise MeasurementError(
            f"{python} does not answer as a Python interpreter does "
            f"(exit status {run.returncode}; it said: {said[:200]})"
        ) from None
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PYTHON:
        raise MeasurementError(_too_old(python, version))
    lacking = [name for name in NEEDED if answer["packages"][name] is None]
    if lacking:
        raise MeasurementError(f"{python} lacks {' and '.join(lacking)}: install it there with pip")
    return Environment(
        python,
        version,
        {name: version for name, version in answer["packages"].items() if version},
        {name: Path(folder) for name, folder in answer["modules"].items() if folder},
    )


def _version(python: Path) -> str | None:
    """Return the version of a Python that is too old to run the probe; None of anything else."""
    command = [str(python), "-c", "import sys; sys.stdout.write('\\n' + sys.version.split()[0])"]
    run = subprocess.run(  # noqa: S603 - the interpreter that a person named
        command, capture_output=True, text=True, timeout=PROBE_LIMIT_S, check=False
    )
    last = run.stdout.rpartition("\n")[2]
    return last if re.fullmatch(r"\d+\.\d+\.\S+", last) else None


def _too_old(python: Path, version: str) -> str:
    return f"{python} is Python {version}; a worker needs 3.10 or newer"
