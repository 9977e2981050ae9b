"""A model judged by a file of its predictions: as live, told apart, and never instead of more."""

from pathlib import Path

import pytest

from tests.selftest.builders.crystals import structures
from tests.selftest.builders.predicted import WRITERS, predicted
from tests.selftest.cli import ENERGY, FAILED, CommandLineRun

pytestmark = pytest.mark.selftest

FORCE = {
    "name": "force",
    "dataset": "crystals",
    "quantity": "force_rmse",
    "convention": "component",
    "unit": "meV/Å",
    "max": 0.01,
}
"""The calculator has an RMSE of 0.022 meV/Å, and fails this limit."""

PHYSICS = '\n[physics]\ndataset = "crystals"\nquantities = ["gradient"]\n'


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    run = CommandLineRun(tmp_path)
    run.gate(ENERGY, FORCE, FAILED)
    return run


def bring(cli: CommandLineRun, reader: str, dataset: str = "crystals") -> None:
    WRITERS[reader](cli.folder / f"predicted.{reader}", predicted(structures(12)))
    (cli.folder / "mine.toml").write_text(
        f'name = "mine"\n\n[predictions.{dataset}]\npath = "predicted.{reader}"\n'
        f'reader = "{reader}"\nenergy = "total"\n'
    )


def test_the_same_model_has_equal_verdicts_live_and_by_its_predictions(
    cli: CommandLineRun,
) -> None:
    cli.candidate("fakes:Fake")
    live = cli.judge()
    outcomes = {name: verdict["outcome"] for name, verdict in live.verdicts.items()}
    assert outcomes == {"energy": "passed", "force": "failed", "failed": "passed"}
    for reader in ("extxyz", "parquet"):
        bring(cli, reader)
        brought = cli.judge("-vv")
        assert brought.code == live.code, brought.output
        for name, expected in live.verdicts.items():
            verdict = brought.verdicts[name]
            assert verdict["outcome"] == expected["outcome"]
            # a text file has 8 decimals of a force
            assert verdict["value"] == pytest.approx(expected["value"], rel=1e-3)
            assert (verdict["source"], expected["source"]) == ("brought", "live")
        (measurement,) = brought.results["measurements"]
        assert measurement["source"] == measurement["identity"]["source"] == "brought"
        assert f"mine on crystals: brought from {cli.folder}" in brought.output
        assert brought.output.partition("verdicts")[2].count("  brought") == len(outcomes)


def test_a_gate_that_requires_physics_is_not_passed_by_predictions(cli: CommandLineRun) -> None:
    cli.gate(ENERGY)
    gate = cli.folder / "own-gate.toml"
    gate.write_text(gate.read_text().replace("\n[[limit]]", f"{PHYSICS}\n[[limit]]", 1))
    bring(cli, "extxyz")
    outcome = cli.judge()
    assert outcome.code == 6, outcome.output
    verdict = outcome.verdicts["physics-gradient"]
    assert verdict["outcome"] == "error"
    assert "not measured: predictions only" in verdict["reason"]
    assert outcome.verdicts["energy"]["outcome"] == "passed"


def test_the_default_gate_is_not_passed_by_predictions_of_other_datasets(
    cli: CommandLineRun,
) -> None:
    bring(cli, "extxyz")
    outcome = cli.judge("--umlip-gate=quick")
    assert outcome.code == 6, outcome.output
    text = outcome.verdicts["energy"]["reason"]
    assert "add [predictions.refractory-mini" in text


def test_what_predictions_cannot_be_is_refused_at_start(cli: CommandLineRun) -> None:
    bring(cli, "extxyz")
    said = cli.refused("--benchmark-only")
    assert "no step can be timed" in said
    bring(cli, "extxyz", dataset="crystal")
    said = cli.refused()
    assert "[predictions.crystal]: unknown dataset; did you mean 'crystals'?" in said
