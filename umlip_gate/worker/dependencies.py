"""What a worker's process has read: files, modules, environment variables, programs.

An audit hook hears of every file that Python opens, also of those that are not there. What compiled
code opens by itself it does not hear of.
"""

import hashlib
import os
import shutil
import site
import stat
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

OWN = str(Path(__file__).resolve().parent)
STANDARD = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
INSTALLED = tuple(
    {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
)
SYSTEM = ("/proc/", "/sys/", "/dev/")
PROGRAMS = {"subprocess.Popen", "os.posix_spawn", "os.exec"}

OF_THE_MACHINE = {
    "COLUMNS",
    "CUDA_VISIBLE_DEVICES",
    "DISPLAY",
    "HOME",
    "HOSTNAME",
    "LANG",
    "LINES",
    "LOGNAME",
    "PATH",
    "PWD",
    "SHELL",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "USER",
}
"""Variables that installed packages read, and that change no number."""
MAPPING = ("/os.py", "/_collections_abc.py", "<frozen os>", "<frozen _collections_abc>")
"""Code of `os.environ` itself."""

OF_A_JOB = ("LC_", "PBS_", "PYTEST_", "SLURM_", "XDG_")


class Dependencies:
    """What this process has read since it started to watch."""

    def __init__(self) -> None:
        self._opened: dict[str, None] = {}
        self._written: set[str] = set()
        self._variables: dict[str, None] = {}
        self._unknown: dict[str, None] = {}
        self._modules_seen: set[str] = set()
        self._reported: set[str] = set()
        self._counts: tuple[int, ...] = ()
        self._folder = os.getcwd()  # noqa: PTH109 - a text is compared
        self._environment: dict[str, str] = {}

    def watch(self) -> None:
        """Listen from now on."""
        self._environment = dict(os.environ)
        watched_by = self

        class Watched(type(os.environ)):  # type: ignore[misc]
            """The environment, which notes what is read."""

            yielded: str | None = None

            def __getitem__(self, key: str) -> str:
                if key != self.yielded:  # else a copy of all is being made
                    watched_by.hear_variable(key)
                return str(super().__getitem__(key))

            def __iter__(self) -> Any:  # noqa: ANN401 - an iterator
                watched_by.hear_copy()
                for key in super().__iter__():
                    self.yielded = key
                    yield key
                self.yielded = None

        os.environ.__class__ = Watched
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            name = _text(path)
            if name and flags & (os.O_WRONLY | os.O_RDWR):
                self._written.add(name)
            elif name:
                self._opened[name] = None
        elif event in PROGRAMS:
            name = _text(arguments[0])
            if name and (program := shutil.which(name)):
                self._opened[program] = None
        elif event == "ctypes.dlopen" and (name := _text(arguments[0])) and os.sep in name:
            self._opened[name] = None

    def hear_variable(self, name: str) -> None:
        """Note that a variable was read, by whatever is not the standard library."""
        reader = _reader()
        if reader is None:
            return
        of_no_number = name in OF_THE_MACHINE or name.startswith(OF_A_JOB)
        if not (_is_installed(reader) and of_no_number):
            self._variables[name] = None

    def hear_copy(self) -> None:
        """Note that code which is not installed has read every variable."""
        reader = _reader()
        if reader is not None and not _is_installed(reader):
            self._unknown[f"{reader} reads every environment variable"] = None

    def report(self) -> dict[str, Any] | None:
        """Return what was read since the last report; None if nothing was.

        Returns
        -------
        dict
            `files`: sha256 of files and modules that no package installed, by path, None where
            there is none; `installed`: by folder and relative path size, time of change in ns and
            sha256 of what packages installed; `names`: of all modules; `variables`: sha256 of
            their values when the process started, None if they were not set; `unknown`: texts.
        """
        counts = (len(self._opened), len(self._variables), len(self._unknown), len(sys.modules))
        if counts == self._counts:
            return None
        self._counts = counts
        names = set(sys.modules) - self._modules_seen
        roots = {name.partition(".")[0] for name in names} - {"__main__", "umlip_gate"}
        self._modules_seen |= names
        paths = {*self._opened, *filter(None, map(_source, names))} - self._reported
        self._reported |= paths
        files: dict[str, str | None] = {}
        installed: dict[str, dict[str, list[Any]]] = {}
        for path in sorted(paths - self._written):
            if self._is_of_no_account(path):
                continue
            if base := _base(path):
                about = _about(path)
                if about is not None:
                    installed.setdefault(base, {})[path[len(base) + 1 :]] = about
            else:
                files[path] = digest_of_file(path)
        return {
            "files": files,
            "installed": installed,
            "names": sorted(roots),
            "variables": {name: digest_of(self._environment.get(name)) for name in self._variables},
            "unknown": list(self._unknown),
        }

    def _is_of_no_account(self, path: str) -> bool:
        if path.startswith((OWN, self._folder, *SYSTEM)) or path.endswith(".pyc"):
            return True
        if path.startswith(STANDARD) and not _base(path):
            return True
        try:
            return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - a text
        except FileNotFoundError:
            return _base(path) is not None
        except (OSError, ValueError):
            return True


def digest_of(value: str | None) -> str | None:
    """Return the sha256 of a variable's value, None if it is not set."""
    return None if value is None else hashlib.sha256(value.encode(errors="replace")).hexdigest()


def digest_of_file(path: str) -> str | None:
    """Return the sha256 of a file; None if there is none that could be read."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a text
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()


def _about(path: str) -> list[Any] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a text
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, digest_of_file(path)]


def _text(path: object) -> str | None:
    """Return an absolute path; None of what is no path, such as a number of an open file."""
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    return os.path.abspath(path) if isinstance(path, str) and path else None  # noqa: PTH100


def _source(module: str) -> str | None:
    path = getattr(sys.modules.get(module), "__file__", None)
    return os.path.abspath(path) if isinstance(path, str) else None  # noqa: PTH100


def _base(path: str) -> str | None:
    """Return the folder of installed packages that a path is in."""
    return next((base for base in INSTALLED if path.startswith(base + os.sep)), None)


def _is_installed(path: str) -> bool:
    return _base(path) is not None


def _reader() -> str | None:
    """Return the file of the code that reads a variable; None if it is Python's or ours."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - there is no other way
    while frame is not None and _is_plumbing(frame.f_code):
        frame = frame.f_back
    if frame is None:
        return None
    path = frame.f_code.co_filename
    of_python = path.startswith(("<frozen", *STANDARD)) and not _base(path)
    return None if of_python or path.startswith(OWN) else path


def _is_plumbing(code: CodeType) -> bool:
    """Whether code is of the mapping itself."""
    return code.co_filename == __file__ or code.co_filename.endswith(MAPPING)
