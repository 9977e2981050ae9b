"""`python -m tools.lock_environments [NAME…]`: pin every package of the families' environments.

Reads the dependency groups and what tox.ini installs without dependencies, resolves them with uv,
and writes `umlip_gate/environments/locks/NAME.txt` with the digests of the files for Linux on
x86_64. Torch is left out, with what its CUDA builds bring: which build is right depends on the
machine.
"""

import argparse
import configparser
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "umlip_gate" / "environments" / "locks"
OWN = {"browser", "test", "newest", "lint", "docs", "mutation"}
"""Dependency groups that are no environment of a model."""

PYTHON = "3.11"
LEFT_OUT = re.compile(r"(torch|triton|nvidia-(?!ml-py).*|cuda-.*)==")
OPTIONS = (
    *("--format", "pylock.toml", "--no-header", "--quiet"),
    *("--python-version", PYTHON, "--python-platform", "x86_64-manylinux_2_28"),
)
USABLE = re.compile(
    r"\.tar\.gz$|\.zip$|-none-any\.whl$|(cp311-cp311|abi3|py3-none)-(many)?linux[\w.]*x86_64\.whl$"
)
"""Files of other Pythons and machines are left out: their digests would fill the package."""


def main() -> int:
    """Write the locks that are asked for, or all."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = sorted(set(groups["dependency-groups"]) - OWN)
    parser = argparse.ArgumentParser(prog="python -m tools.lock_environments")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    for name in parser.parse_args().names or known:
        wanted = list(_grouped(groups["dependency-groups"], name))
        test = _grouped(groups["dependency-groups"], "test")
        wanted += [entry for entry in test if entry.startswith("ase==")]
        resolved = _compile(wanted)
        alone = _compile(_installed_alone(name), "--no-deps")
        resolved = {pin: text for pin, text in resolved.items() if not _is_among(pin, alone)}
        _write(name, resolved | alone)
        sys.stdout.write(f"{name}: {len(resolved | alone)} packages\n")
    return 0


def _grouped(groups: dict[str, list[object]], name: str) -> Iterator[str]:
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            yield from _grouped(groups, entry["include-group"])


def _installed_alone(name: str) -> list[str]:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    words = tox[f"testenv:{name}"].get("commands_pre", "").split()
    return [word for word in words if "==" in word]


def _compile(wanted: list[str], *options: str) -> dict[str, str]:
    """Return the pin `name==version` and the digests of each package, as a requirement's lines."""
    if not wanted:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requirements.in")
        path.write_text("\n".join(wanted), encoding="utf-8")
        command = ["uv", "pip", "compile", *OPTIONS, *options, str(path)]
        run = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    packages = tomllib.loads(run.stdout)["packages"]
    return {f"{package['name']}=={package['version']}": _lines(package) for package in packages}


def _lines(package: dict[str, Any]) -> str:
    files = [*package.get("wheels", ()), *filter(None, [package.get("sdist")])]
    usable = [file for file in files if USABLE.search(file.get("url") or file["path"])]
    digests = sorted({file["hashes"]["sha256"] for file in usable})
    pin = f"{package['name']}=={package['version']}"
    return " \\\n    ".join([pin, *(f"--hash=sha256:{digest}" for digest in digests)]) + "\n"


def _is_among(pin: str, others: dict[str, str]) -> bool:
    return any(other.partition("==")[0] == pin.partition("==")[0] for other in others)


def _write(name: str, blocks: dict[str, str]) -> None:
    torch = [pin.partition("+")[0] for pin in blocks if pin.startswith("torch==")]
    head = [f"# python {PYTHON}", *(f"# first {pin}" for pin in torch)]
    kept = [text for pin, text in sorted(blocks.items()) if not LEFT_OUT.match(pin)]
    LOCKS.mkdir(parents=True, exist_ok=True)
    text = "\n".join(head) + "\n" + "".join(kept)
    (LOCKS / f"{name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
