"""The wheel, in an environment of its own beside another NumPy."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.cli import CommandLineRun, Outcome

VERSION = "7.8.9"
OTHER_NUMPY = f"{np.__version__.rpartition('.')[0]}.99"


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel installed.

    Attributes
    ----------
    python
        Its interpreter.
    wheel
        What is installed.
    numpy
        The folder of its NumPy, which is another one than that of this interpreter.
    """

    python: Path
    wheel: Path
    numpy: Path

    def run(self, folder: Path, *arguments: str, **variables: str) -> Outcome:
        """Run its interpreter somewhere, with nothing of this checkout in reach."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("UMLIP_GATE_", "PYTEST_", "PYTHON"))
        }
        own = {"UMLIP_GATE_CACHE": str(folder / "cache")}
        done = subprocess.run(
            [str(self.python), *arguments],
            cwd=folder,
            env=inherited | own | variables,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        return Outcome(done.returncode, done.stdout + done.stderr)

    def pytest(self, folder: Path, *arguments: str, **variables: str) -> Outcome:
        return self.run(folder, "-m", "pytest", "-p", "no:cacheprovider", *arguments, **variables)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    wheel = build_wheel(folder)
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    other = packages / "numpy"
    shutil.copytree(Path(np.__file__).parent, other)
    libraries = Path(np.__file__).parent.with_name("numpy.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, packages / "numpy.libs")
    for name in ("version.py", "version.pyi"):
        (other / name).unlink(missing_ok=True)
    (other / "version.py").write_text(
        f'version = full_version = short_version = __version__ = "{OTHER_NUMPY}"\n'
        'git_revision = ""\nrelease = True\n'
    )
    # what the suite depends on comes from this environment, after the folder above
    ours = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "dependencies.pth").write_text("\n".join(ours) + "\n")
    install = ["install", "--quiet", "--no-deps", "--target", str(packages), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True)
    return Installed(python, wheel, other)


def build_wheel(folder: Path) -> Path:
    """Build from a copy: what a build leaves in a checkout goes into the next wheel."""
    source = folder / "source"
    copy_source(source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*command, "--wheel-dir", str(folder), str(source)],
        env=os.environ | {"SETUPTOOLS_SCM_PRETEND_VERSION": VERSION},
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def copy_source(source: Path) -> None:
    """Copy what a wheel is built from."""
    skip = shutil.ignore_patterns("__pycache__", "selftest")
    for name in ("umlip_gate", "fixtures", "thresholds", "tests"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=skip)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)


class Repository(CommandLineRun):
    """A model's own repository: its candidate, data and gate, and tests of its own."""

    def __init__(self, folder: Path, installed: Installed) -> None:
        super().__init__(folder, folder)
        self.installed = installed
        self.candidate()
        (folder / "tests").mkdir()
        (folder / "tests" / "test_own.py").write_text("def test_own():\n    pass\n")

    def pytest(self, *arguments: str) -> Outcome:
        return self.installed.pytest(self.folder, *arguments)

    def gated(self, *arguments: str) -> Outcome:
        """Run the suite as its documentation says, from the folder of the repository."""
        asked = ["--umlip-candidate", "mine.toml", "--umlip-datasets", "data.toml"]
        asked += ["--umlip-gate", "own-gate.toml", "-m", "accuracy"]
        return self.pytest("--pyargs", "umlip_gate.suite.accuracy", *asked, *arguments)


@pytest.fixture
def repository(tmp_path: Path, installed: Installed) -> Repository:
    return Repository(tmp_path, installed)


@pytest.fixture
def interpreter() -> Path:
    """Another interpreter than the installed suite's, with a NumPy of its own."""
    return Path(sys.executable)
