"""Asks an interpreter, before a worker is started in it, who it is.

Runs as a script in the model's environment, with the standard library alone. Its last line is
JSON: the Python version, the versions of distributions, and the folders of modules; nothing is
imported for it.
"""

import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request: `packages`, `modules`, and whether to tell `all_packages`."""
    every = list(importlib.metadata.distributions()) if request["all_packages"] else []
    packages = {name: _version(name) for name in request["packages"]}
    return {
        "python": sys.version.split()[0],
        "packages": packages | {each.metadata["Name"]: each.version for each in every},
        "modules": {name: _folder(name) for name in request["modules"]},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _folder(module: str) -> str | None:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return None
    return str(Path(spec.origin).parent)


if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder: its names must not hide the environment's
    print("\n" + json.dumps(main(json.loads(sys.argv[1]))))  # noqa: T201 - its answer
