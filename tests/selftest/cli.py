"""The suite as a person runs it: a candidate file, a dataset, a gate, and pytest in a process."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.selftest.builders import fakes
from tests.selftest.builders.crystals import write_extxyz
from tests.selftest.checkout import ROOT

DATA = """
[crystals]
title = "Lennard-Jones crystals with rattled atoms"
rows = 12
elements = ["W"]
files = [{ path = "crystals.xyz" }]
reader = "extxyz"
"""

LIMIT = """
[[limit]]
name = "{name}"
dataset = "{dataset}"
quantity = "{quantity}"
convention = "{convention}"
unit = "{unit}"
max = {max}
rationale = "a self-test's"
"""

ENERGY = {
    "name": "energy",
    "dataset": "crystals",
    "quantity": "energy_rmse",
    "convention": "per_atom",
    "unit": "meV/atom",
    "max": 1,
}
FAILED = {
    "name": "failed",
    "dataset": "crystals",
    "quantity": "failed_configurations",
    "convention": "count",
    "unit": "configurations",
    "max": 0,
}


COST = """
[protocol]
sizes = [2, 16, 54]
required_size = 16
temperature_k = 300
timestep_fs = 1.0
seed = 1
most_displacement_ang = 1.0
min_round_s = 0.02
target_s_per_size = 0.1
min_rounds = 3
max_rounds = 4
budget_s_per_model = { cpu = 60, cuda = 60 }
memory_share = 0.8
most_cpu_per_wall = 1.05
models = []
rationale = "a self-test's"

[protocol.warm_up]
margin = 8
runs = 3
steady_ratio = 0.7
long_runs_s = 10
rationale = "a self-test's"

[comparison]
n_atoms = 16
blocks = 4
pairs = 2
max_ratio = 1.05
level = 0.95
resamples = 1000
seed = 1
rationale = "a self-test's"

[overhead]
n_atoms = 16
blocks = 4
pairs = 2
max_deviation = 0.01
level = 0.95
resamples = 1000
seed = 1
rationale = "a self-test's"

[kept]
"""


@dataclass
class Outcome:
    """What a run left: exit code, output, results file."""

    code: int
    output: str
    results: dict[str, Any] = field(default_factory=dict)

    def leaves(self) -> dict[str, Any]:
        """Every value of the results file by its path, but for the run's own name.

        Numbers are rounded: another process may align its arrays otherwise, and then the last
        bits of a sum differ.
        """
        leaves: dict[str, Any] = {}
        todo: list[tuple[str, Any]] = [("", self.results)]
        while todo:
            path, value = todo.pop()
            if isinstance(value, dict):
                todo += [(f"{path}/{key}", inner) for key, inner in value.items()]
            elif isinstance(value, list):
                todo += [(f"{path}/{index}", inner) for index, inner in enumerate(value)]
            elif not path.endswith(("/identity/run", "/date", "/duration_s")):
                leaves[path] = round(value, 6) if isinstance(value, float) else value
        return leaves

    @property
    def verdicts(self) -> dict[str, dict[str, Any]]:
        """By the name of the limit."""
        return {entry["id"].rpartition(".")[2]: entry for entry in self.results["verdicts"]}


class CommandLineRun:
    """A folder with everything that a person writes, and a cache of its own."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder = folder
        self.root = root
        write_extxyz(folder / "crystals.xyz", 12)
        shutil.copy(fakes.__file__, folder)
        (folder / "data.toml").write_text(DATA)
        self.gate(ENERGY, FAILED)

    def gate(self, *limits: dict[str, Any], required: str = "crystals") -> None:
        text = f'description = "a self-test\'s"\nrequired = ["{required}"]\n'
        (self.folder / "own-gate.toml").write_text(
            text + "".join(LIMIT.format(**limit) for limit in limits)
        )

    def candidate(self, calculator: str = "fakes:honest", text: str = "", **keys: Any) -> None:  # noqa: ANN401 - any TOML value
        values = {"name": "mine", "calculator": calculator, "dtype": "float64", **keys}
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        (self.folder / "mine.toml").write_text("\n".join(lines) + "\n" + text)

    def command(self, *arguments: str) -> list[str]:
        unused = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
        return [sys.executable, "-m", "pytest", *unused, "-v", *arguments]

    def judging(self, *arguments: str) -> list[str]:
        """Return the command that judges the candidate; an argument replaces ours."""
        ours = {
            "--umlip-candidate": "mine.toml",
            "--umlip-datasets": "data.toml",
            "--umlip-gate": "own-gate.toml",
            "--umlip-results": "results.json",
        }
        given = {argument.partition("=")[0] for argument in arguments} - {"--umlip-datasets"}
        options = [f"{key}={self.folder / file}" for key, file in ours.items() if key not in given]
        return self.command("-m", "accuracy", *options, *arguments)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("UMLIP_GATE_", "PYTEST_"))
        }
        return inherited | {
            "UMLIP_GATE_CACHE": str(self.folder / "cache"),
            "FAKE_NOTES": str(self.folder / "notes"),
            "FAKE_GO": str(self.folder / "go"),
        }

    def run(self, command: list[str]) -> Outcome:
        results = self.folder / "results.json"
        results.unlink(missing_ok=True)
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        read = json.loads(results.read_text()) if results.exists() else {}
        return Outcome(done.returncode, done.stdout + done.stderr, read)

    def refusal(self, command: list[str]) -> str:
        """Return the usage error that a command ends with before any test is collected.

        In this process, which has imported already what another would import first.
        """
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(said):
            for key in os.environ.keys() - self.environment.keys():
                patch.delenv(key)
            for key, value in self.environment.items():
                patch.setenv(key, value)
            patch.chdir(self.root)
            code = pytest.main([*command[3:], "-s", "-p", "no:faulthandler"])
        assert code == pytest.ExitCode.USAGE_ERROR, said.getvalue()
        return said.getvalue()

    def refused(self, *arguments: str) -> str:
        """Return why the candidate is not judged."""
        return self.refusal(self.judging(*arguments))

    def judge(self, *arguments: str) -> Outcome:
        return self.run(self.judging(*arguments))
