"""Whether what stored predictions were computed from is what is there now."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from umlip_gate.errors import MeasurementError
from umlip_gate.worker.dependencies import digest_of, digest_of_file

Dependencies = dict[str, Any]
"""As `worker.dependencies.Dependencies.report` returns it."""

NONE: Dependencies = {"files": {}, "installed": {}, "names": [], "variables": {}, "unknown": []}


def merged(one: Dependencies, other: Dependencies) -> Dependencies:
    """Return what two workers, or one worker at two times, have read.

    Raises
    ------
    MeasurementError
        They read something else at the same place: it was changed in between.
    """
    installed = {
        base: _joined(one["installed"].get(base, {}), other["installed"].get(base, {}), _content)
        for base in {**one["installed"], **other["installed"]}
    }
    return {
        "files": _joined(one["files"], other["files"]),
        "installed": installed,
        "names": sorted({*one["names"], *other["names"]}),
        "variables": _joined(one["variables"], other["variables"]),
        "unknown": sorted({*one["unknown"], *other["unknown"]}),
    }


def _joined(
    one: dict[str, Any], other: dict[str, Any], content: Callable[[Any], Any] = lambda about: about
) -> dict[str, Any]:
    common = one.keys() & other.keys()
    changed = [name for name in common if content(one[name]) != content(other[name])]
    if changed:
        raise MeasurementError(
            f"{min(changed)} was changed while the model was evaluated; run again"
        )
    return one | other


def _content(about: Sequence[Any]) -> tuple[Any, Any]:
    """Return size and digest: the time of change is another on a node with its own installation."""
    return about[0], about[2]


def difference(
    kept: Dependencies, environment: Mapping[str, str], path: Sequence[str]
) -> str | None:
    """Return the first thing that is no longer as it was read; None if all is.

    Parameters
    ----------
    kept
        What was read.
    environment
        The variables that a worker would see.
    path
        Folders that are searched for modules before the installed ones.
    """
    for text in kept["unknown"]:
        return str(text)
    for name, digest in kept["variables"].items():
        if digest_of(environment.get(name)) != digest:
            return f"the environment variable {name}"
    for file, digest in kept["files"].items():
        if digest_of_file(file) != digest:
            return str(file)
    for base, files in kept["installed"].items():
        for name, about in files.items():
            if not _is_same(f"{base}{os.sep}{name}", *about):
                return f"{base}{os.sep}{name}"
    return _shadow(kept, path)


def _is_same(path: str, size: int, changed_ns: int, digest: str | None) -> bool:
    try:
        status = os.stat(path)  # noqa: PTH116 - thousands of them
    except OSError:
        return False
    if (status.st_size, status.st_mtime_ns) == (size, changed_ns):
        return True
    return status.st_size == size and digest_of_file(path) == digest


def _shadow(kept: Dependencies, path: Sequence[str]) -> str | None:
    """Return a module that a worker would now import in place of one that was imported."""
    names = set(kept["names"])
    for folder in path:
        for entry in sorted(Path(folder).glob("*")):
            is_module = entry.is_dir() or entry.suffix in {".py", ".so"}
            if is_module and entry.name.partition(".")[0] in names and not _was_read(entry, kept):
                return str(entry)
    return None


def _was_read(entry: Path, kept: Dependencies) -> bool:
    """Whether a module, or a module of a package, was read."""
    return any(Path(file).is_relative_to(entry) for file in kept["files"])


def summary(kept: Dependencies) -> dict[str, Any]:
    """Return what belongs into an identity: content, and no place of this machine."""
    installed = [
        f"{name} {digest}"
        for files in kept["installed"].values()
        for name, (_, _, digest) in files.items()
    ]
    return {
        "files": sorted(f"{Path(file).name} {digest}" for file, digest in kept["files"].items()),
        "variables": kept["variables"],
        "installed": digest_of("\n".join(sorted(installed))),
    }
