"""`python -m tools.lock_environments [NAME…]`: pin every package of the families' environments.

Resolves the dependency groups `NAME` and `NAME-no-deps` of pyproject.toml with uv, and writes
`umlip_gate/environments/locks/NAME.txt` with the digests of the files for Linux on x86_64. The
versions are one set for every Python; a Python for which they do not resolve is left out of the
lock. Torch is left out, with what its CUDA builds bring: which build is right depends on the
machine.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "umlip_gate" / "environments" / "locks"
OWN = {"browser", "cluster", "test", "newest", "lint", "docs", "mutation"}
"""Dependency groups that are no environment of a model."""

ALONE = "-no-deps"
"""Ends the names of groups whose packages are installed without what their metadata asks for."""

PYTHONS = ("3.11", "3.12")
PLATFORM = "Linux x86_64"
UNBOUND = {"pyyaml", "setuptools"}
"""Tools of the test group that a family may have in another version: torch 2.11 asks for an older
setuptools."""

LEFT_OUT = re.compile(r"(torch|triton|nvidia-(?!ml-py).*|cuda-.*)==")


@dataclass(frozen=True)
class Package:
    """A pinned package.

    Attributes
    ----------
    pin
        `name==version`.
    digests
        sha256 of each file that this Python on Linux x86_64 can use.
    complete
        Whether there is a file for this Python: a source alone is enough only if there are no
        wheels at all.
    """

    pin: str
    digests: frozenset[str]
    complete: bool

    @classmethod
    def of(cls, entry: dict[str, Any], python: str) -> "Package":
        """Read an entry of a pylock.toml."""
        wheels = _usable(entry.get("wheels", ()), python)
        sources = [entry["sdist"]] if "sdist" in entry else []
        digests = frozenset(file["hashes"]["sha256"] for file in [*wheels, *sources])
        version = entry["version"].partition("+")[0]
        complete = bool(wheels) or "wheels" not in entry
        return cls(f"{entry['name']}=={version}", digests, complete)


def main() -> int:
    """Write the locks that are asked for, or all."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
        "dependency-groups"
    ]
    known = sorted(name for name in set(groups) - OWN if not name.endswith(ALONE))
    parser = argparse.ArgumentParser(prog="python -m tools.lock_environments")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--python", action="append", help=f"default: {', '.join(PYTHONS)}")
    asked = parser.parse_args()
    pythons = asked.python or PYTHONS
    for name in asked.names or known:
        resolved = _resolved(groups, name, pythons)
        if not resolved:
            sys.stderr.write(f"{name}: resolves for none of Python {', '.join(pythons)}\n")
            return 1
        text = _lock(resolved)
        (LOCKS / f"{name}.txt").write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}: {text.count('==')} packages, Python {', '.join(resolved)}\n")
    return 0


def _resolved(
    groups: dict[str, list[object]], name: str, pythons: Sequence[str]
) -> dict[str, list[Package]]:
    """Return the packages by the Pythons for which they resolve, to the same versions."""
    test = [*_grouped(groups, "test")]
    wanted = [*_grouped(groups, name), *(pin for pin in test if pin.startswith("ase=="))]
    alone = [*_grouped(groups, name + ALONE)] if name + ALONE in groups else []
    bounds = [pin for pin in test if pin.partition("==")[0] not in UNBOUND]
    resolved: dict[str, list[Package]] = {}
    for python in pythons:
        try:
            packages = _compile(wanted, bounds, python)
            extra = _compile(alone, (), python, "--no-deps")
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"{name}, Python {python}: {error.stderr.strip()}\n")
            continue
        names = {_name(package.pin) for package in extra}
        packages = [each for each in packages if _name(each.pin) not in names] + extra
        lacking = [package.pin for package in packages if not package.complete]
        if lacking:
            sys.stderr.write(f"{name}, Python {python}: no file of {', '.join(lacking)}\n")
            continue
        resolved[python] = packages
        bounds = [*dict.fromkeys([*bounds, *(each.pin for each in packages)])]
    return resolved


def _grouped(groups: dict[str, list[object]], name: str) -> Iterator[str]:
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            yield from _grouped(groups, entry["include-group"])


def _compile(
    wanted: Sequence[str], bounds: Iterable[str], python: str, *options: str
) -> list[Package]:
    if not wanted:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path, bound = Path(folder, "requirements.in"), Path(folder, "constraints.txt")
        path.write_text("\n".join(wanted), encoding="utf-8")
        bound.write_text("\n".join(bounds), encoding="utf-8")
        command = ["uv", "pip", "compile", "--format", "pylock.toml", "--no-header", "--quiet"]
        command += ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28"]
        command += ["--constraint", str(bound), *options, str(path)]
        run = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return [Package.of(entry, python) for entry in tomllib.loads(run.stdout)["packages"]]


def _usable(wheels: Iterable[dict[str, Any]], python: str) -> list[dict[str, Any]]:
    """Files of other Pythons and machines are left out: their digests would fill the package."""
    tag = "cp" + python.replace(".", "")
    pattern = re.compile(
        rf"-none-any\.whl$|({tag}-{tag}|abi3|py\d+-none)-(many)?linux[\w.]*x86_64[\w.]*\.whl$"
    )
    return [wheel for wheel in wheels if pattern.search(wheel.get("url") or wheel["path"])]


def _lock(resolved: dict[str, list[Package]]) -> str:
    """Return a lock: the digests of every Python; a package of one Python alone has its marker."""
    digests: dict[str, set[str]] = {}
    pythons: dict[str, list[str]] = {}
    for python, packages in resolved.items():
        for package in packages:
            digests.setdefault(package.pin, set()).update(package.digests)
            pythons.setdefault(package.pin, []).append(python)
    lines = [f"# python {' '.join(resolved)}", f"# platform {PLATFORM}"]
    lines += [f"# first {pin}" for pin in sorted(digests) if pin.startswith("torch==")]
    for pin in sorted(pin for pin in digests if not LEFT_OUT.match(pin)):
        everywhere = len(pythons[pin]) == len(resolved)
        marker = "" if everywhere else f' ; python_version == "{pythons[pin][0]}"'
        hashes = (f"--hash=sha256:{digest}" for digest in sorted(digests[pin]))
        lines.append(" \\\n    ".join([pin + marker, *hashes]))
    return "\n".join(lines) + "\n"


def _name(pin: str) -> str:
    return pin.partition("==")[0]


if __name__ == "__main__":
    sys.exit(main())
