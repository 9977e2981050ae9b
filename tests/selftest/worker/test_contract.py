"""A worker needs Python 3.10, ASE and NumPy of its interpreter, and nothing else of ours."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from tests.selftest.builders import fakes
from tests.selftest.builders.crystals import structures
from tests.selftest.checkout import ROOT
from umlip_gate import worker
from umlip_gate.models.worker_process import SECRETS, Job, Worker

pytestmark = pytest.mark.selftest

FOLDER = Path(worker.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))
OLDEST = (3, 10)
OTHER_NUMPY = "1.26.4"
OWN_TESTS = ("test_server.py", "test_dynamics.py", "test_vacuum.py", "test_channel.py")
FAKES = (str(Path(fakes.__file__).parent),)


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_module_of_the_worker_imports_nothing_else_of_ours(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"), feature_version=OLDEST)
    ours = {name for name in imported(tree) if name.partition(".")[0] == "umlip_gate"}
    assert all(f"{name}.".startswith("umlip_gate.worker.") for name in ours)


@pytest.mark.parametrize("module", [path for path in MODULES if path.parent == FOLDER])
def test_outside_of_the_adapters_only_ase_and_numpy_are_imported(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    roots = {name.partition(".")[0] for name in imported(tree)}
    assert roots - set(sys.stdlib_module_names) <= {"umlip_gate", "ase", "numpy", "torch"}
    if "torch" in roots:
        assert module.name == "scatter_stand_in.py"  # eqV2's, for which torch is there


def fake_job(factory: str, folder: Path, python: Path = Path(sys.executable)) -> Job:
    settings = {"calculator": f"fakes:{factory}", "arguments": {}}
    return Job(python, "ase", None, settings, dtype="float64", path=FAKES, folder=folder)


def test_names_of_the_worker_hide_none_of_the_environment(tmp_path: Path) -> None:
    """`elements`, `devices`, `server`: a model may have modules of these names."""
    (tmp_path / "elements.py").write_text("from fakes import honest as make\n")
    job = Job(
        Path(sys.executable),
        "ase",
        None,
        {"calculator": "elements:make", "arguments": {}},
        path=(str(tmp_path), *FAKES),
    )
    started = Worker(job, tmp_path / "log")
    started.close()


def test_nothing_else_of_ours_is_importable_in_a_worker(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import contextlib\n"
        "def make():\n"
        "    import umlip_gate.worker.server\n"
        "    with contextlib.suppress(ModuleNotFoundError):\n"
        "        import umlip_gate.settings\n"
        "        raise AssertionError('all of ours is importable')\n"
        "    import fakes\n"
        "    return fakes.honest()\n"
    )
    settings = {"calculator": "mine:make", "arguments": {}}
    job = Job(Path(sys.executable), "ase", None, settings, path=(str(tmp_path), *FAKES))
    Worker(job, tmp_path / "log").close()


@pytest.mark.parametrize("name", SECRETS)
def test_a_worker_does_not_see_a_token(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "hf_not-a-real-one")
    (tmp_path / "mine.py").write_text(
        "import os, fakes\n"
        "def make():\n"
        "    assert not [key for key in os.environ if 'hf_' in os.environ[key]]\n"
        "    return fakes.honest()\n"
    )
    settings = {"calculator": "mine:make", "arguments": {}}
    job = Job(Path(sys.executable), "ase", None, settings, path=(str(tmp_path), *FAKES))
    Worker(job, tmp_path / "log").close()


def interpreters() -> list[str]:
    """Other Pythons of this machine, the oldest that a worker runs in first."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], 15)]
    installed = Path.home() / ".pyenv" / "versions"
    found = [str(path) for name in names for path in installed.glob(f"{name[6:]}.*/bin/python")]
    return [*found, *filter(None, map(shutil.which, names)), sys.executable]


@pytest.fixture(scope="module")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with ASE and another NumPy than ours."""
    folder = tmp_path_factory.mktemp("other")
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-q", "ase", f"numpy=={OTHER_NUMPY}", "pytest"]
    for command in ([interpreters()[0], "-m", "venv", str(folder)], install):
        done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
        if done.returncode:
            pytest.skip(f"{command[:4]}: {done.stderr.strip().splitlines()[-1][:200]}")
    return python


@pytest.mark.slow
def test_a_worker_in_another_environment_has_that_environments_numpy(
    other_python: Path, tmp_path: Path
) -> None:
    assert np.__version__ != OTHER_NUMPY
    here, there = (
        Worker(fake_job("honest", tmp_path, python), tmp_path / "log")
        for python in (Path(sys.executable), other_python)
    )
    assert (here.numpy, there.numpy) == (np.__version__, OTHER_NUMPY)
    for one, other in zip(here.evaluate(structures(8)), there.evaluate(structures(8)), strict=True):
        assert one[1] == pytest.approx(other[1], abs=1e-9)
    numbers = {
        "temperature_k": 300,
        "seed": 1,
        "timestep_fs": 1.0,
        "most_displacement_ang": 1.0,
    }
    kind, about = there.build(bulk("W", "bcc", a=3.2, cubic=True).repeat(2), numbers)
    assert kind == "ok", about
    assert there.time_steps(3)[0] == "ok"
    here.close()
    there.close()


@pytest.mark.slow
def test_the_workers_own_tests_pass_in_another_environment(
    other_python: Path, tmp_path: Path
) -> None:
    tests = [str(Path(__file__).with_name(name)) for name in OWN_TESTS]
    done = subprocess.run(
        [other_python, "-m", "pytest", "-q", "--noconftest", "-c", os.devnull, *tests],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "-p no:cacheprovider"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
