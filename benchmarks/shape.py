"""How large the engine is, and how its packages hang together.

`python -m benchmarks.shape COMMIT…` prints one column a commit. A record is a dataclass, a named
tuple or a pydantic model; a circle, sub-packages that imports lead from each to each other.
"""

import ast
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "umlip_gate"
RECORDS = {"dataclass", "NamedTuple", "BaseModel", "Strict"}


def main(commits: list[str]) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        columns = [measure_shape(_export(commit, Path(name, commit))) for commit in commits]
    sys.stdout.write(f"| | {' | '.join(commits)} |\n|---|{'---:|' * len(commits)}\n")
    for what in columns[0]:
        sys.stdout.write(f"| {what} | {' | '.join(column[what] for column in columns)} |\n")


def measure_shape(root: Path) -> dict[str, str]:
    """Return the figures of a tree, in the table's order."""
    package = root / PACKAGE
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _modules(package)}
    records = sum(_is_record(node) for tree in trees.values() for node in ast.walk(tree))
    longest = max(
        (_length(node), node.name) for tree in trees.values() for node in _functions(tree)
    )
    collected, cpu_s = _collect(root)
    return {
        "modules": str(len(trees)),
        "lines": f"{sum(len(path.read_text('utf-8').splitlines()) for path in trees):,}",
        "records": str(records),
        "circles of sub-packages": ", ".join(_circles(package, trees)) or "none",
        "longest function, lines without its docstring": f"{longest[0]} (`{longest[1]}`)",
        "items of `pytest -m accuracy --collect-only`": collected,
        "its time, s of CPU": f"{cpu_s:.1f}",
    }


def _export(commit: str, folder: Path) -> Path:
    archive = folder.with_suffix(".tar")
    subprocess.run(["git", "archive", "--output", archive, commit], check=True)  # noqa: S603, S607 - git
    shutil.unpack_archive(archive, folder, filter="tar")
    return folder


def _modules(package: Path) -> Iterator[Path]:
    """Find the engine's own files; the judging tests are links of git."""
    for folder, _, files in os.walk(package):
        yield from (Path(folder, file) for file in sorted(files) if file.endswith(".py"))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _length(function: ast.FunctionDef) -> int:
    docstring = ast.get_docstring(function, clean=False) or ""
    return (function.end_lineno or 0) - function.lineno + 1 - len(docstring.splitlines())


def _is_record(node: ast.AST) -> bool:
    if not isinstance(node, ast.ClassDef):
        return False
    makers = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return any(ast.unparse(each).split(".")[-1] in RECORDS for each in [*makers, *node.bases])


def _circles(package: Path, trees: dict[Path, ast.Module]) -> list[str]:
    """Name the sub-packages that lie on a circle of imports together."""
    wants: dict[str, set[str]] = {}
    for path, tree in trees.items():
        own = path.relative_to(package).parts[0].removesuffix(".py")
        found = {target for node in ast.walk(tree) for target in _imported(node)}
        wants.setdefault(own, set()).update(found - {own})
    reach = {each: _reached(each, wants) for each in wants}
    circles = {
        frozenset(other for other in reach[each] if each in reach.get(other, ()))
        for each in reach
        if each in reach[each]
    }
    return [" ↔ ".join(sorted(circle)) for circle in sorted(circles, key=sorted)]


def _imported(node: ast.AST) -> Iterator[str]:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
        names = [f"{PACKAGE}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or ""]
    parts = [name.split(".") for name in names]
    return (name[1] for name in parts if name[0] == PACKAGE and len(name) > 1)


def _reached(start: str, wants: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    ahead = list(wants[start])
    while ahead:
        if (name := ahead.pop()) not in seen:
            seen.add(name)
            ahead.extend(wants.get(name, ()))
    return seen


def _collect(root: Path) -> tuple[str, float]:
    """Return how many items pytest keeps and collects, and the CPU time of it, s."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # the tree's own conftest.py loads its plugin; that of the environment is of another tree
    here = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    alone = {"PYTHONPATH": here, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    plugins = ["-p", "pytest_benchmark.plugin", "-p", "xdist.plugin"]
    run = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "pytest", *plugins, "-m", "accuracy", "--collect-only", "-q"],
        cwd=root,
        env=os.environ | alone,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = re.findall(r"(\d+)/(\d+) tests collected|(\d+) tests collected", run.stdout)
    if not said:
        return f"exit code {run.returncode}", 0.0
    kept, all_of_them, only = said[-1]
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (f"{kept} of {all_of_them}" if kept else only), spent_s


if __name__ == "__main__":
    main(sys.argv[1:] or ["HEAD"])
