"""The shell steps of the action and of the release workflow, run as GitHub's runner runs them."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.selftest.checkout import ROOT
from tests.selftest.installed.conftest import Installed, Repository, copy_source

pytestmark = pytest.mark.selftest

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
RELEASE = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
UPLOADED = next(
    step["with"]["path"].split()
    for step in ACTION["runs"]["steps"]
    if step.get("uses", "").startswith("actions/upload-artifact@")
)


@dataclass
class Runner:
    """A stand-in for the runner of one job: expressions, files of variables, bash."""

    folder: Path
    python: Path
    values: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    code: int = 0

    def __post_init__(self) -> None:
        for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
            self.path(name).write_text("")

    def path(self, name: str) -> Path:
        return self.folder.parent / f"{self.folder.name}.{name}"

    def expanded(self, text: str) -> str:
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: self.values[match[1]], text)

    def run(self, step: dict[str, Any]) -> str:
        """Run a step in bash; return what it printed, and keep its exit status in `code`."""
        files = {name: str(self.path(name)) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        files["GITHUB_ENV"] = str(self.path("GITHUB_ENV"))
        given = {key: self.expanded(value) for key, value in step.get("env", {}).items()}
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("UMLIP_GATE_", "PYTEST_", "PYTHON"))
        }
        own = {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder),
        }
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env=inherited | own | files | self.variables() | given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        if "id" in step:
            for name, value in self._pairs("GITHUB_OUTPUT").items():
                self.values[f"steps.{step['id']}.outputs.{name}"] = value
        self.code = done.returncode
        return done.stdout

    def variables(self) -> dict[str, str]:
        return self._pairs("GITHUB_ENV")

    def _pairs(self, name: str) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.path(name).read_text().splitlines())


def action_steps() -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}


@pytest.fixture
def runner(repository: Repository, installed: Installed, tmp_path: Path) -> Runner:
    defaults = {f"inputs.{name}": about.get("default") for name, about in ACTION["inputs"].items()}
    options = "--umlip-datasets=data.toml --umlip-offline"
    given = {"inputs.candidate": "mine.toml", "inputs.gate": "own-gate.toml"}
    values = defaults | given | {"inputs.options": options}
    return Runner(
        repository.folder, installed.python, values | {"github.action_path": str(tmp_path)}
    )


@pytest.mark.parametrize(
    ("factory", "code"), [("fakes:honest", 0), ("fakes:nan_energy", 1), ("fakes:not_there", 6)]
)
def test_the_action_judges(runner: Runner, repository: Repository, factory: str, code: int) -> None:
    """Every shell step but the installation, in a project with tests of its own."""
    repository.candidate(factory)
    steps = action_steps()
    assert list(steps) == ["install", "folders", "environments", "judge", "summary", "verdict"]
    assert steps["environments"]["if"] == "inputs.environments != ''"
    output = ""
    for name in ("folders", "judge", "summary"):
        output += runner.run(steps[name])
        assert runner.code == 0, output
    assert runner.variables()["UMLIP_GATE_CACHE"] == str(runner.folder / "umlip-gate" / "cache")
    assert runner.values["steps.judge.outputs.exit-code"] == str(code), output
    for name in UPLOADED:
        assert (runner.folder / name).stat().st_size, name
    assert json.loads((runner.folder / "umlip-gate.json").read_text())["exit_code"] == code
    assert f"exit code {code} ·" in runner.path("GITHUB_STEP_SUMMARY").read_text()
    runner.run(steps["verdict"])
    assert runner.code == code


def test_a_run_that_wrote_nothing_is_told_in_the_summary(runner: Runner) -> None:
    runner.values["inputs.candidate"] = "nowhere.toml"
    steps = action_steps()
    for name in ("folders", "judge", "summary", "verdict"):
        runner.run(steps[name])
    assert runner.code == 4
    assert "was not written" in runner.path("GITHUB_STEP_SUMMARY").read_text()


def test_a_name_of_no_environment_ends_the_action(runner: Runner) -> None:
    runner.values["inputs.environments"] = "mce"
    output = runner.run(action_steps()["environments"])
    assert runner.code == 1
    assert "mce: no environment; did you mean 'mace'" in output


def test_the_action_is_installed_from_a_checkout_without_tags(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_source(tmp_path / "action")
    runner.values["github.action_path"] = str(tmp_path / "action")
    report = tmp_path / "report.json"
    for name, value in {"DRY_RUN": "1", "NO_DEPS": "1", "REPORT": str(report)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # pip's way to turn it off
    output = runner.run(action_steps()["install"])
    assert runner.code == 0, output
    (package,) = json.loads(report.read_text())["install"]
    assert package["metadata"]["version"] == "0.0.0+action"
    declared = package["metadata"]["requires_dist"]
    assert any(each.startswith("hypothesis>=") for each in declared)


def test_a_release_is_checked(tmp_path: Path, installed: Installed) -> None:
    """The wheel judges in an empty folder, and lists what is here."""
    steps = [step["run"] for step in RELEASE["jobs"]["check"]["steps"] if "run" in step]
    install, judge, listing = steps
    assert install == "python -m pip install dist/*.whl"
    runner = Runner(tmp_path, installed.python, {})
    for script in (judge, listing):
        output = runner.run({"run": script})
        assert runner.code == 0, output
