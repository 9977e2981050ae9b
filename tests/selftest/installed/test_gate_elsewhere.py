"""`pip install umlip-gate`, and a model is judged from its own repository."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.selftest.cli import ENERGY
from tests.selftest.installed.conftest import OTHER_NUMPY, VERSION, Installed, Repository

pytestmark = pytest.mark.selftest

NUMPY_NOTED = """
from pathlib import Path
import numpy
from fakes import honest
def noting():
    Path({note!r}).write_text(numpy.__version__ + " " + numpy.__file__)
    return honest()
"""


def test_the_wheel_has_everything_and_nothing_more(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    for name in (
        "py.typed",
        "fixtures/datasets.toml",
        "fixtures/models/chgnet.toml",
        "fixtures/refractory_mini/refractory-mini.xyz",
        "thresholds/gates/quick.toml",
        "thresholds/paper/index.toml",
        "suite/accuracy/test_gate.py",
        "suite/cost/both_md_loops.py",
        "suite/cost/plain_ase_loop.py",
        "suite/cost/test_md_step.py",
        "suite/physics/__init__.py",
        "suite/conftest.py",
    ):
        assert f"umlip_gate/{name}" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"umlip_gate", f"umlip_gate-{VERSION}.dist-info"}
    assert not [name for name in names if "selftest" in name or name.endswith(".pyc")]
    assert installed.wheel.stat().st_size < 1_000_000


def test_exit_code_and_results(repository: Repository) -> None:
    outcome = repository.gated("--umlip-results", "results.json")
    assert outcome.code == 0, outcome.output
    results = json.loads((repository.folder / "results.json").read_text())
    assert results["exit_code"] == 0
    assert results["suite"]["version"] == VERSION
    assert results["suite"]["commit"] is None
    assert f"umlip-gate {VERSION}" in outcome.output


def test_a_model_outside_of_the_limits(repository: Repository) -> None:
    repository.candidate("fakes:nan_energy")
    outcome = repository.gated("--umlip-results", "results.json")
    assert outcome.code == 1, outcome.output
    assert json.loads((repository.folder / "results.json").read_text())["exit_code"] == 1


def test_a_model_that_cannot_be_measured(repository: Repository) -> None:
    repository.candidate("fakes:not_there")
    outcome = repository.gated()
    assert outcome.code == 6, outcome.output
    assert "no verdict" in outcome.output


def test_several_processes(repository: Repository) -> None:
    outcome = repository.gated("-n", "2", "--umlip-results", "results.json")
    assert outcome.code == 0, outcome.output
    verdicts = json.loads((repository.folder / "results.json").read_text())["verdicts"]
    assert {verdict["outcome"] for verdict in verdicts} == {"passed"}


def test_keys_of_the_ini_file_are_enough(repository: Repository) -> None:
    keys = ["umlip_candidate = mine.toml", "umlip_gate = own-gate.toml"]
    keys += ["umlip_datasets = data.toml", "umlip_results = results.json"]
    ini = repository.folder / "pytest.ini"
    ini.write_text("\n".join(["[pytest]", "addopts = --strict-markers", *keys]) + "\n")
    own = repository.pytest("-v")
    assert own.code == 0, own.output
    assert "1 passed" in own.output
    assert "verdicts" not in own.output, "its own tests are no matter of the gate"
    judged = repository.pytest("-m", "accuracy", "-n", "2")
    assert judged.code == 0, judged.output
    results = json.loads((repository.folder / "results.json").read_text())
    assert results["exit_code"] == 0
    limit = ENERGY | {"max": -1.0}
    repository.gate(limit)
    outside = repository.pytest("-m", "accuracy", "--umlip-results", "other.json")
    assert outside.code == 1, outside.output
    assert (repository.folder / "other.json").exists(), "the command line comes first"


DEPRECATING = """
import warnings
from ase import Atoms

made = Atoms.__init__

def deprecated(*args, **kwargs):
    warnings.warn("atoms will be something else", DeprecationWarning, stacklevel=2)
    warnings.warn("and some of them slow", RuntimeWarning, stacklevel=2)
    made(*args, **kwargs)

Atoms.__init__ = deprecated
"""


def test_a_projects_filters_of_warnings_are_for_its_own_tests(repository: Repository) -> None:
    (repository.folder / "conftest.py").write_text(DEPRECATING)
    (repository.folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    own = repository.folder / "tests" / "test_own.py"
    own.write_text("from ase import Atoms\ndef test_own():\n    Atoms()\n")
    outcome = repository.pytest("tests")
    assert outcome.code == 1
    assert "DeprecationWarning: atoms will be something else" in outcome.output
    outcome = repository.gated("-W", "error")
    assert outcome.code == 0, outcome.output
    assert "will be something else" not in outcome.output
    assert "RuntimeWarning: and some of them slow" in outcome.output


def test_a_wrong_value_of_the_ini_file_is_told(repository: Repository) -> None:
    ini = repository.folder / "pytest.ini"
    ini.write_text("[pytest]\numlip_candidate = mine.toml\numlip_device = gpu\n")
    outcome = repository.pytest("-m", "accuracy")
    assert outcome.code == 4, outcome.output
    assert f"{ini}: umlip_device: 'gpu' is not one of cpu, cuda, mps" in outcome.output


@pytest.mark.parametrize("named", [True, False], ids=["named", "its own"])
def test_a_worker_has_the_numpy_of_its_interpreter(
    repository: Repository, installed: Installed, interpreter: Path, *, named: bool
) -> None:
    note = repository.folder / "numpy.txt"
    (repository.folder / "noting.py").write_text(NUMPY_NOTED.format(note=str(note)))
    keys = {"python": str(interpreter)} if named else {}
    repository.candidate("noting:noting", **keys)
    outcome = repository.gated()
    assert outcome.code == 0, outcome.output
    version, _, file = note.read_text().partition(" ")
    if named:
        assert (version, Path(file)) == (np.__version__, Path(np.__file__))
    else:
        assert (version, Path(file).parent) == (OTHER_NUMPY, installed.numpy)


NO_BENCHMARK = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "pytest_benchmark" else found(name)
"""


def test_costs_without_a_checkout_and_without_pytest_benchmark(
    repository: Repository, installed: Installed
) -> None:
    asked = ["--pyargs", "umlip_gate.suite.cost", "-m", "cost", "--umlip-candidate", "mine.toml"]
    there = repository.pytest(*asked, "--collect-only", "-q")
    assert there.code == 0, there.output
    assert "test_md_step.py" in there.output
    slow = repository.pytest(*asked, "-m", "cost and slow", "--collect-only", "-q")
    assert slow.code == 0, slow.output
    assert "test_worker.py::" in slow.output
    assert "test_evaluation.py::" in slow.output
    (repository.folder / "site").mkdir()
    (repository.folder / "site" / "sitecustomize.py").write_text(NO_BENCHMARK)
    away = installed.pytest(
        repository.folder, *asked, "-p", "no:benchmark", PYTHONPATH=str(repository.folder / "site")
    )
    assert away.code not in {0, 1}, away.output
    assert "they need pytest-benchmark (pip install umlip-gate[cost])" in away.output
    assert "Error" not in away.output


def test_an_interpreter_behind_module_load(repository: Repository, interpreter: Path) -> None:
    """A script that says something, sets the environment and starts Python as a child."""
    script = repository.folder / "python-with-modules"
    script.write_text(
        "#!/bin/bash\n"
        "module() { echo loading $2; export PYTHONPATH=$MODULES/$2; }\n"
        f"MODULES='{repository.folder}/apps'\n"
        "module load mine/1.0\n"
        f"'{interpreter}' \"$@\"\n"
    )
    script.chmod(0o755)
    package = repository.folder / "apps" / "mine" / "1.0"
    package.mkdir(parents=True)
    (package / "of_the_module.py").write_text("from fakes import honest\n")
    repository.candidate("of_the_module:honest", python=script.name)
    outcome = repository.gated()
    assert outcome.code == 0, outcome.output
    repository.candidate("of_the_module:honest", python=str(interpreter))
    assert repository.gated().code == 6, "only the script knows the module"


def test_three_lines_in_a_models_own_tests(repository: Repository) -> None:
    options = ["--umlip-datasets=../data.toml"]
    (repository.folder / "tests" / "test_release.py").write_text(
        "from umlip_gate.testing import adapter_conformance, gate_test\n"
        f"asked = dict(gate='../own-gate.toml', options={options})\n"
        "test_release = gate_test(candidate='../mine.toml', **asked)\n"
        "test_missing = gate_test(candidate='nowhere.toml', **asked)\n"
        "test_adapter = adapter_conformance(candidate='../mine.toml')\n"
    )
    outcome = repository.pytest("--strict-markers", "-v")
    assert outcome.code == 1, outcome.output
    assert "1 failed, 3 passed" in outcome.output
    assert "FAILED tests/test_release.py::test_missing" in outcome.output
    assert "nowhere.toml" in outcome.output


def test_a_gate_that_is_not_passed_or_not_measured_fails_its_test(repository: Repository) -> None:
    repository.gate(ENERGY | {"max": -1.0})
    (repository.folder / "test_release.py").write_text(
        "from umlip_gate.testing import adapter_conformance, gate_test\n"
        "asked = dict(gate='own-gate.toml', options=['--umlip-datasets=data.toml'])\n"
        "test_outside = gate_test(candidate='mine.toml', **asked)\n"
        "test_unmeasured = gate_test(candidate='none.toml', **asked)\n"
        "test_adapter = adapter_conformance(candidate='none.toml')\n"
    )
    (repository.folder / "none.toml").write_text('name = "none"\ncalculator = "fakes:not_there"\n')
    outcome = repository.pytest("test_release.py")
    assert outcome.code == 1
    assert "3 failed" in outcome.output
    assert "mine.toml does not pass gate own-gate.toml" in outcome.output
    assert "no verdict: none.toml was not measured" in outcome.output


def test_a_suite_that_is_found_without_being_named(
    repository: Repository, installed: Installed
) -> None:
    """It judges, and under pytest-xdist, whose reporting process knows nothing of it, says so."""
    package = str(installed.numpy.with_name("umlip_gate"))
    found = repository.pytest(package, "-m", "accuracy", "--collect-only", "-q")
    assert found.code == 0, found.output
    assert "test_measured.py::test_every_configuration[" in found.output
    parallel = repository.pytest(package, "-m", "accuracy", "-n", "1")
    assert parallel.code not in {0, 5}, parallel.output
    assert "name the suite on the command line" in parallel.output
