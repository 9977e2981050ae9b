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
def desk(tmp_path: Path) -> CommandLineRun:
    run = CommandLineRun(tmp_path)
    run.gate(ENERGY, FORCE, FAILED)
    return run


def bring(desk: CommandLineRun, reader: str, dataset: str = "crystals") -> None:
    WRITERS[reader](desk.folder / f"predicted.{reader}", predicted(structures(12)))
    (desk.folder / "mine.toml").write_text(
        f'name = "mine"\n\n[predictions.{dataset}]\npath = "predicted.{reader}"\n'
        f'reader = "{reader}"\nenergy = "total"\n'
    )


def test_the_same_model_has_equal_verdicts_live_and_by_its_predictions(
    desk: CommandLineRun,
) -> None:
    desk.candidate("fakes:Fake")
    live = desk.judge()
    outcomes = {name: verdict["outcome"] for name, verdict in live.verdicts.items()}
    assert outcomes == {"energy": "passed", "force": "failed", "failed": "passed"}
    for reader in ("extxyz", "parquet"):
        bring(desk, reader)
        brought = desk.judge("-v")
        assert brought.code == live.code, brought.output
        for name, expected in live.verdicts.items():
            verdict = brought.verdicts[name]
            assert verdict["outcome"] == expected["outcome"]
            # a text file has 8 decimals of a force
            assert verdict["value"] == pytest.approx(expected["value"], rel=1e-3)
            assert (verdict["source"], expected["source"]) == ("brought", "live")
        (measurement,) = brought.results["measurements"]
        assert measurement["source"] == measurement["identity"]["source"] == "brought"
        assert f"mine on crystals: brought from {desk.folder}" in brought.output
        assert brought.output.partition("verdicts")[2].count("  brought") == len(outcomes)


def test_a_gate_that_requires_physics_is_not_passed_by_predictions(desk: CommandLineRun) -> None:
    desk.gate(ENERGY)
    gate = desk.folder / "own-gate.toml"
    gate.write_text(gate.read_text().replace("\n[[limit]]", f"{PHYSICS}\n[[limit]]", 1))
    bring(desk, "extxyz")
    outcome = desk.judge()
    assert outcome.code == 6, outcome.output
    verdict = outcome.verdicts["physics-gradient"]
    assert verdict["outcome"] == "error"
    assert "not measured: predictions only" in verdict["reason"]
    assert outcome.verdicts["energy"]["outcome"] == "passed"


def test_the_default_gate_is_not_passed_by_predictions_of_other_datasets(
    desk: CommandLineRun,
) -> None:
    bring(desk, "extxyz")
    outcome = desk.judge("--umlip-gate=quick")
    assert outcome.code == 6, outcome.output
    text = outcome.verdicts["energy"]["reason"]
    assert "add [predictions.refractory-mini" in text


def test_what_predictions_cannot_be_is_refused_at_start(desk: CommandLineRun) -> None:
    bring(desk, "extxyz")
    outcome = desk.judge("--benchmark-only")
    assert outcome.code == 4
    assert "no step can be timed" in outcome.output
    bring(desk, "extxyz", dataset="crystal")
    outcome = desk.judge()
    assert outcome.code == 4
    assert "[predictions.crystal]: unknown dataset; did you mean 'crystals'?" in outcome.output
