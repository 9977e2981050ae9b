"""`--umlip-against`: a second model beside the candidate, from the command line."""

from pathlib import Path

import pytest

from tests.selftest.builders.crystals import structures
from tests.selftest.builders.predicted import WRITERS, predicted
from tests.selftest.cli import CommandLineRun

pytestmark = pytest.mark.selftest

LIMIT = """
description = "not worse than the last release"
required = ["crystals"]

[[limit]]
name = "no-worse"
dataset = "crystals"
relative_to = "against"
quantity = "force_rmse"
convention = "component"
unit = "meV/Å"
max_ratio = 1.05
rationale = "a self-test's"
"""


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    run = CommandLineRun(tmp_path)
    (tmp_path / "own-gate.toml").write_text(LIMIT)
    images = predicted(structures(12))
    WRITERS["extxyz"](tmp_path / "old.xyz", images)
    for atoms in images:
        atoms.calc.results["forces"] = 0.97 * atoms.calc.results["forces"]
    WRITERS["extxyz"](tmp_path / "new.xyz", images)
    for name, file in (("mine", "new"), ("release-1", "old"), ("the-same", "new")):
        (tmp_path / f"{name}.toml").write_text(
            f'name = "{name}"\n\n[predictions.crystals]\npath = "{file}.xyz"\n'
            'reader = "extxyz"\nenergy = "total"\n'
        )
    return run


def test_without_the_other_model_a_relative_limit_is_not_measured(cli: CommandLineRun) -> None:
    outcome = cli.judge()
    assert outcome.code == 6, outcome.output
    (verdict,) = outcome.verdicts.values()
    assert verdict["outcome"] == "error"
    assert "no model to compare with: give --umlip-against=ID|FILE" in verdict["reason"]


def test_the_last_release_beside_the_candidate(cli: CommandLineRun) -> None:
    outcome = cli.judge(f"--umlip-against={cli.folder / 'release-1.toml'}", "-vv")
    assert outcome.code == 6, outcome.output  # 12 configurations decide nothing
    verdicts = {verdict["id"]: verdict for verdict in outcome.results["verdicts"]}
    limit = verdicts["mine:crystals:gate.own-gate.no-worse"]
    assert limit["outcome"] == "inconclusive"
    assert limit["value"] > 1
    assert limit["rationale"] == "a self-test's"
    changes = verdicts["mine:crystals:against.release-1"]["details"]["changes"]
    assert {each["quantity"] for each in changes["numbers"]} >= {"force_rmse", "energy_mae"}
    assert [len(changes["moved"][name]) for name in ("energy", "force")] == [0, 10]
    assert {each["model"] for each in outcome.results["measurements"]} == {"mine", "release-1"}
    assert "against release-1" in outcome.output
    assert "all intervals hold together" in outcome.output
    assert "rows that moved most" in outcome.output


def test_against_itself_the_candidate_passes(cli: CommandLineRun) -> None:
    outcome = cli.judge(f"--umlip-against={cli.folder / 'the-same.toml'}")
    assert outcome.code == 0, outcome.output
    assert "mine against the-same on crystals" in outcome.output
    assert "rows that moved most" not in outcome.output


def test_what_cannot_be_compared_is_refused_at_start(cli: CommandLineRun) -> None:
    said = cli.refused("--umlip-against=CHGNet_0.3")
    assert "did you mean 'CHGNet_0.3.0'?" in said
    said = cli.refusal(cli.command("-m", "accuracy", "--umlip-against=CHGNet_0.3.0"))
    assert "--umlip-against compares a candidate" in said
