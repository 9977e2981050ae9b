"""Asks an interpreter, before a worker is started in it, who it is.

Runs as a script in the model's environment, with the standard library alone. Prints one line
of JSON: the Python version, the versions of distributions, and for modules their folder and
the digest of their source (found without importing them).
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request: `packages`, `modules`, and `path` to search before `sys.path`."""
    sys.path[:0] = request["path"]
    return {
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in request["packages"]},
        "modules": {name: _module(name) for name in request["modules"]},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _module(name: str) -> dict[str, str] | None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    origin = Path(spec.origin)
    folder = origin.parent
    files = sorted(folder.rglob("*.py")) if spec.submodule_search_locations else [origin]
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return {"folder": str(folder), "digest": digest.hexdigest()}


if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder: its names must not hide the environment's
    print(json.dumps(main(json.loads(sys.argv[1]))))  # noqa: T201 - its answer
