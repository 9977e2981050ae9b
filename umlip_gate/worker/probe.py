"""Asks an interpreter, before a worker is started in it, who it is.

Runs as a script in the model's environment, with the standard library alone. Prints one line
of JSON: the Python version, the versions of distributions, the folders of modules, and the
digests of source; nothing is imported for it.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request: `packages`, `modules`, and folders that are searched for them first.

    The source of the packages is digested, as they may be edited or installed in place
    (`pip install -e`). With `all_packages`, every distribution is an answer, and the source of
    all that are installed in place and of the folders themselves is digested: whatever a factory
    may import.
    """
    sys.path[:0] = request["path"]
    every = list(importlib.metadata.distributions()) if request["all_packages"] else []
    packages = {name: _version(name) for name in request["packages"]}
    folders = [*request["path"], *filter(None, map(_editable, every))] if every else []
    return {
        "python": sys.version.split()[0],
        "packages": packages | {each.metadata["Name"]: each.version for each in every},
        "modules": {name: _module(name) for name in request["modules"]},
        "sources": {str(folder): _digest(_sources(Path(folder))) for folder in folders}
        | {name: _digest(_code(name)) for name, version in packages.items() if version},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _module(name: str) -> dict[str, str] | None:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        folders = [Path(folder) for folder in spec.submodule_search_locations]
        files = [file for folder in folders for file in _sources(folder)]
        return {"folder": str(folders[0]), "digest": _digest(files)}
    if spec.origin is None or not Path(spec.origin).is_file():
        return {"folder": "", "digest": "part of the interpreter"}
    return {"folder": str(Path(spec.origin).parent), "digest": _digest([Path(spec.origin)])}


def _editable(distribution: importlib.metadata.Distribution) -> str | None:
    """Where a distribution that is installed in place has its source."""
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return urllib.request.url2pathname(urllib.parse.urlparse(origin["url"]).path)


def _code(name: str) -> list[Path]:
    """Python files of a distribution, wherever it is installed."""
    distribution = importlib.metadata.distribution(name)
    if folder := _editable(distribution):
        return _sources(Path(folder))
    files = [Path(str(file.locate())) for file in distribution.files or () if file.suffix == ".py"]
    return sorted(file for file in files if file.is_file())


def _sources(folder: Path) -> list[Path]:
    """Python files of a folder, without hidden folders and environments within it."""
    found: list[Path] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in sorted(folders)
            if name[0] != "." and not Path(parent, name, "pyvenv.cfg").exists()
        ]
        found += [Path(parent, name) for name in sorted(files) if name.endswith(".py")]
    return found


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder: its names must not hide the environment's
    print(json.dumps(main(json.loads(sys.argv[1]))))  # noqa: T201 - its answer
