"""Models that compute in another way: threads, precision, device, switches of their own."""

import os
import shutil
from pathlib import Path

import pytest

from tests.selftest.cli import FAILED, CommandLineRun
from tests.selftest.physics import mutants

pytestmark = pytest.mark.selftest

PHYSICS = """
[physics]
dataset = "crystals"
quantities = ["{law}_energy", "{law}_force"]
"""
ARGUMENTS = """
[arguments]
dtype = "{dtype}"
device = "{device}"
[accelerated]
fast = true
"""
DRIVER = "#!/bin/sh\nprintf '0, GPU-a, 81920\\n'\n"
"""Of an NVIDIA GPU; the candidates here compute on none."""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLineRun:
    cli = CommandLineRun(tmp_path)
    shutil.copy(str(mutants.__file__), tmp_path)
    driver = tmp_path / "bin" / "nvidia-smi"
    driver.parent.mkdir()
    driver.write_text(DRIVER)
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{driver.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return cli


def outcomes(cli: CommandLineRun, law: str) -> dict[str, str]:
    """Return the outcome of both of a law's checks, and of nothing else."""
    cli.gate(FAILED)
    gate = cli.folder / "own-gate.toml"
    gate.write_text(gate.read_text() + PHYSICS.format(law=law))
    outcome = cli.judge("--umlip-max-examples=3")
    found = {name: each["outcome"] for name, each in outcome.verdicts.items()}
    assert found.pop("failed") == "passed", outcome.output
    assert outcome.code == ("failed" in found.values()), outcome.output
    return {name.removeprefix("physics-"): each for name, each in found.items()}


@pytest.mark.parametrize("law", ["precision", "device", "accelerated"])
def test_a_model_that_computes_otherwise_must_give_the_same(cli: CommandLineRun, law: str) -> None:
    cli.candidate("mutants:changes_with", ARGUMENTS)
    assert outcomes(cli, law) == {f"{law}-energy": "failed", f"{law}-force": "failed"}


@pytest.mark.parametrize("law", ["precision", "device", "accelerated"])
def test_a_sound_model_gives_the_same(cli: CommandLineRun, law: str) -> None:
    cli.candidate("mutants:takes_every_argument", ARGUMENTS)
    assert outcomes(cli, law) == {f"{law}-energy": "passed", f"{law}-force": "passed"}


def test_another_number_of_threads_is_another_computation(cli: CommandLineRun) -> None:
    cli.candidate("mutants:changes_with_threads")
    assert outcomes(cli, "threads") == {"threads-energy": "failed", "threads-force": "passed"}
    cli.candidate("mutants:threads_race")
    assert outcomes(cli, "threads") == {"threads-energy": "passed", "threads-force": "failed"}
    cli.candidate("mutants:sound")
    assert outcomes(cli, "threads") == {"threads-energy": "passed", "threads-force": "passed"}


@pytest.mark.parametrize(
    ("law", "reason"),
    [
        ("precision", 'no argument of its calculator is "{dtype}"'),
        ("device", 'no argument of its calculator is "{device}"'),
        ("accelerated", "it declares no accelerated way of computing"),
    ],
)
def test_a_model_without_another_way_is_not_judged_by_it(
    cli: CommandLineRun, law: str, reason: str
) -> None:
    """It would be compared with itself."""
    cli.candidate("mutants:sound")
    cli.gate(FAILED)
    gate = cli.folder / "own-gate.toml"
    gate.write_text(gate.read_text() + PHYSICS.format(law=law))
    outcome = cli.judge("--umlip-max-examples=3")
    assert outcome.code == 0, outcome.output
    verdict = outcome.verdicts[f"physics-{law}-energy"]
    assert verdict["outcome"] == "skipped"
    assert f"mine: {reason}" in verdict["reason"]


def test_a_switch_that_changes_no_argument_is_refused(cli: CommandLineRun) -> None:
    cli.candidate("mutants:changes_with", "[arguments]\nfast = true\n[accelerated]\nfast = true\n")
    assert "accelerated changes no argument" in cli.refused()


def test_a_calculator_that_wraps_in_place_has_no_verdict(cli: CommandLineRun) -> None:
    cli.candidate("mutants:wraps_in_place")
    cli.gate(FAILED)
    gate = cli.folder / "own-gate.toml"
    gate.write_text(gate.read_text() + PHYSICS.format(law="wrapping"))
    outcome = cli.judge("--umlip-max-examples=3")
    verdict = outcome.verdicts["physics-wrapping-energy"]
    assert verdict["outcome"] == "error", outcome.output
    assert "the calculator changed its input (positions)" in verdict["reason"]
    assert (outcome.verdicts["failed"]["value"], outcome.code) == (12, 1)
