"""In a repository that does not use it, an installed umlip-gate changes nothing."""

import json
from pathlib import Path

import pytest

from tests.selftest.installed.conftest import VERSION, Installed

pytestmark = pytest.mark.selftest

CONFTEST = """
import json
import sys

import pytest

def pytest_addoption(parser):
    parser.addoption("--device", default="tpu")
    parser.addoption("--model")

@pytest.fixture
def suite():
    return "its own"

def pytest_unconfigure(config):
    loaded = [name for name in sys.modules if name.partition(".")[0] in ("umlip_gate", "numpy")]
    markers = [line.partition(":")[0] for line in config.getini("markers")]
    with open("seen.json", "w") as file:
        json.dump({"loaded": loaded, "markers": markers}, file)
"""

OWN_TESTS = """
import pytest

@pytest.mark.own
def test_gate(suite, pytestconfig):
    assert suite == "its own"
    assert pytestconfig.option.device == "tpu"
"""

LIGHT = {"umlip_gate", "umlip_gate.plugin", "umlip_gate.plugin.options"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    own: its own\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for name in ("test_gate.py", "test_regression.py", "test_side_by_side.py"):
        (tmp_path / name).write_text(OWN_TESTS)
    return tmp_path


def test_its_own_tests_options_markers_and_fixtures_are_untouched(
    project: Path, installed: Installed
) -> None:
    outcome = installed.pytest(project, "--strict-markers", "-W", "error")
    assert outcome.code == 0, outcome.output
    assert "3 passed" in outcome.output
    assert outcome.output.count("umlip") == 1, "pytest's own list of plugins"
    seen = json.loads((project / "seen.json").read_text())
    assert set(seen["loaded"]) == LIGHT
    assert not {"accuracy", "physics", "cost", "slow", "network"} & set(seen["markers"])


def test_a_marker_of_ours_is_not_known_there(project: Path, installed: Installed) -> None:
    (project / "test_own.py").write_text("import pytest\npytestmark = pytest.mark.accuracy\n")
    outcome = installed.pytest(project, "--strict-markers")
    assert outcome.code == 2
    assert "'accuracy' not found in `markers`" in outcome.output


def test_a_run_of_skipped_tests_is_no_failure(project: Path, installed: Installed) -> None:
    skipped = "import pytest\ndef test_it():\n    pytest.skip('not today')\n"
    (project / "test_skipped.py").write_text(skipped)
    assert installed.pytest(project, "test_skipped.py").code == 0
    assert installed.pytest(project, "test_skipped.py", "-n", "2").code == 0


def test_its_own_accuracy_marker_is_its_own(project: Path, installed: Installed) -> None:
    (project / "pytest.ini").write_text("[pytest]\nmarkers =\n    accuracy: mine\n    own: mine\n")
    own = "import pytest\n@pytest.mark.accuracy\ndef test_accuracy():\n    pass\n"
    (project / "test_own.py").write_text(own)
    outcome = installed.pytest(project, "--strict-markers", "-m", "accuracy")
    assert outcome.code == 0, outcome.output
    assert "1 passed, 3 deselected" in outcome.output


def test_a_candidate_that_no_test_judges_gets_no_verdict(
    project: Path, installed: Installed
) -> None:
    (project / "mine.toml").write_text('name = "mine"\ncalculator = "ase.calculators.emt:EMT"\n')
    outcome = installed.pytest(project, "--umlip-candidate", "mine.toml")
    assert "3 passed" in outcome.output, "its own tests run"
    assert "required, and not measured" in outcome.output
    assert outcome.code == 6


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--umlip-candidate="], "the value is empty"),
        (["--umlip-gate", ""], "the value is empty"),
        (["--umlip-gate=a", "--umlip-gate=b"], "--umlip-gate: given twice, as a and as b"),
        (["--umlip-max-configurations=ten"], "'ten' is no whole number"),
        (["--umlip-device=tpu"], "'tpu' is not one of cpu, cuda, mps"),
        (["--umlip-candidate=nowhere.toml"], "nowhere.toml"),
    ],
)
def test_a_wrong_option_ends_the_run(
    project: Path, installed: Installed, arguments: list[str], text: str
) -> None:
    outcome = installed.pytest(project, *arguments)
    assert outcome.code == 4, outcome.output
    assert text in outcome.output


def test_the_version_is_the_tags(project: Path, installed: Installed) -> None:
    code = "import umlip_gate; print(umlip_gate.__version__)"
    assert installed.run(project, "-c", code).output.strip() == VERSION
