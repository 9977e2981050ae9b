"""What the installed package weighs: the wheel's size, and the time that every pytest run pays.

`python -m benchmarks.installed` prints the figures of docs/install.md. With
`--before COMMIT MODULE…`, the time that the plugin's modules took at an earlier commit, too.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPEATS = 5
WITHOUT = {
    "with all plugins": [],
    "without this one": ["-p", "no:umlip_gate.plugin"],
    "without hypothesis's": ["-p", "no:hypothesispytest"],
    "without both": ["-p", "no:umlip_gate.plugin", "-p", "no:hypothesispytest"],
}
write = sys.stdout.write


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", nargs="+", metavar=("COMMIT", "MODULE"), default=[])
    before = parser.parse_args().before
    with tempfile.TemporaryDirectory() as folder:
        wheel = _wheel(Path(folder, "source"), Path(folder))
        write(f"wheel: {wheel.stat().st_size / 1000:.0f} kB\n")
        write(f"import umlip_gate.plugin: {_added_s(ROOT, ['umlip_gate.plugin']):.3f} CPU s\n")
        for name, options in WITHOUT.items():
            write(f"a run of one empty test {name}: {_run_s(Path(folder), options):.2f} CPU s\n")
        if before:
            commit, *modules = before
            old = Path(folder, "old")
            _export(commit, old)
            write(f"import {', '.join(modules)} at {commit}: {_added_s(old, modules):.3f} CPU s\n")


def _export(commit: str, folder: Path) -> None:
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    _git("archive", "--output", str(archive), commit)
    shutil.unpack_archive(archive, folder, filter="data")


def _wheel(source: Path, folder: Path) -> Path:
    _git("clone", "--quiet", str(ROOT), str(source))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*command, str(folder), str(source)], check=True)  # noqa: S603 - pip
    return next(folder.glob("*.whl"))


def _git(*arguments: str) -> None:
    subprocess.run(["git", "-C", str(ROOT), *arguments], check=True)  # noqa: S603, S607 - git


def _added_s(folder: Path, modules: Sequence[str]) -> float:
    """Return the least CPU time that an import takes after that of pytest, s.

    The first run, which writes byte code, is not counted.
    """
    code = (
        "import pytest, time; start = time.process_time(); "
        f"import {', '.join(modules)}; print(time.process_time() - start)"
    )
    took = [
        subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-c", code],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder)},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for _ in range(1 + REPEATS)
    ]
    return min(map(float, took[1:]))


def _run_s(folder: Path, options: Sequence[str]) -> float:
    """Return the least CPU time of a pytest of its own, s; the first run is not counted."""
    test = folder / "test_empty.py"
    test.write_text("def test_empty():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, *options, str(test)]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    took = []
    for _ in range(1 + REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=folder, env=kept, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took[1:])


if __name__ == "__main__":
    main()
