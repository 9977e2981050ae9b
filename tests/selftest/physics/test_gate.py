"""The core of physics in gates, through the command line: candidates that DFT alone lets pass."""

import shutil
from pathlib import Path

import pytest

from tests.selftest.builders import unsound_chgnet
from tests.selftest.cli import FAILED, CommandLineRun, Outcome
from tests.selftest.physics import mutants

pytestmark = pytest.mark.selftest

PHYSICS = """
[physics]
dataset = "crystals"
quantities = ["gradient", "rotation_energy"]
"""
GRADIENT = "physics-gradient"


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    cli = CommandLineRun(tmp_path)
    for module in (mutants, unsound_chgnet):
        shutil.copy(str(module.__file__), tmp_path)
    cli.gate(FAILED)
    gate = tmp_path / "own-gate.toml"
    gate.write_text(gate.read_text() + PHYSICS)
    return cli


def failed(outcome: Outcome) -> set[str]:
    return {name for name, each in outcome.verdicts.items() if each["outcome"] != "passed"}


def test_a_sound_candidate_passes(cli: CommandLineRun) -> None:
    cli.candidate("mutants:sound")
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    verdict = outcome.verdicts[GRADIENT]
    assert verdict["id"] == "mine:crystals:gate.own-gate.physics-gradient"
    assert (verdict["relation"], verdict["limit"], verdict["unit"]) == ("≤", 1e-4, "1")
    assert 0 < verdict["value"] < 1e-4
    assert verdict["details"]["kind"] == "conservative"
    assert verdict["details"]["n_trials"] == 10


def test_forces_that_are_no_gradient_fail_by_a_thousandth_in_float64(cli: CommandLineRun) -> None:
    cli.candidate("mutants:forces_too_large")
    outcome = cli.judge()
    assert outcome.code == 1, outcome.output
    assert failed(outcome) == {GRADIENT}
    assert "for conservative models in float64" in outcome.verdicts[GRADIENT]["reason"]
    assert "conservative = false" in outcome.verdicts[GRADIENT]["reason"]


def test_a_direct_candidate_is_told_so_and_judged_by_its_declaration(cli: CommandLineRun) -> None:
    cli.candidate("mutants:forces_too_large", conservative=False)
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    verdict = outcome.verdicts[GRADIENT]
    assert (verdict["limit"], verdict["details"]["kind"]) == (0.4, "direct")
    assert "its forces need not be the gradient" in verdict["reason"]
    assert "mine: declared conservative = false" in outcome.output


STRESS = PHYSICS.replace('"gradient"', '"stress", "gradient"')


@pytest.mark.parametrize(
    ("calculator", "found"),
    [
        ("sound_with_stress", set()),
        ("stress_times_minus_100", {"physics-stress"}),
        ("stress_in_gpa", {"physics-stress"}),
    ],
)
def test_a_stress_that_is_not_the_derivative_fails(
    cli: CommandLineRun, calculator: str, found: set[str]
) -> None:
    gate = cli.folder / "own-gate.toml"
    gate.write_text(gate.read_text().replace(PHYSICS, STRESS))
    cli.candidate(f"mutants:{calculator}")
    outcome = cli.judge()
    assert outcome.code == bool(found), outcome.output
    assert failed(outcome) == found
    assert outcome.verdicts["physics-stress"]["details"]["n_trials"] == 4


def test_a_candidate_without_stress_is_not_judged_by_it(cli: CommandLineRun) -> None:
    gate = cli.folder / "own-gate.toml"
    gate.write_text(gate.read_text().replace(PHYSICS, STRESS))
    cli.candidate("mutants:sound")
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    verdict = outcome.verdicts["physics-stress"]
    assert verdict["outcome"] == "skipped"
    assert "mine predicts no stress: PropertyNotImplementedError" in verdict["reason"]


def test_a_calculator_that_raises_at_the_stress_is_an_error(cli: CommandLineRun) -> None:
    gate = cli.folder / "own-gate.toml"
    gate.write_text(gate.read_text().replace(PHYSICS, STRESS))
    cli.candidate("mutants:stress_raises")
    outcome = cli.judge()
    assert outcome.code == 6, outcome.output
    assert outcome.verdicts["physics-stress"]["outcome"] == "error"
    assert "no stress: ValueError: singular" in outcome.verdicts["physics-stress"]["reason"]


def test_predictions_are_kept_and_used_again(cli: CommandLineRun) -> None:
    (cli.folder / "weights").write_text("0")
    cli.candidate("fakes:reads_shift", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    assert "crystals (physics: core): 90 configurations to compute" in cli.judge().output
    again = cli.judge().output
    assert "crystals (physics: core): 90 predictions of " in again
    assert "configurations to compute" not in again


def test_a_candidate_that_raises_has_no_verdict(cli: CommandLineRun) -> None:
    cli.candidate("mutants:refuses_larger_cells")
    outcome = cli.judge()
    assert outcome.code == 6, outcome.output
    assert outcome.verdicts[GRADIENT]["outcome"] == "error"
    assert "too many atoms" in outcome.verdicts[GRADIENT]["reason"]


def test_physics_is_required_whatever_the_command_line_deselects(cli: CommandLineRun) -> None:
    cli.candidate("mutants:sound")
    outcome = cli.judge("-k", "not gradient")
    assert outcome.code == 6, outcome.output
    assert any(GRADIENT in why for why in outcome.results["unmeasured"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PHYSICS.replace("rotation_energy", "rotaton_energy"), "did you mean 'rotation_energy'?"),
        (PHYSICS.replace('"crystals"', '"crystal"'), "did you mean 'crystals'?"),
        (PHYSICS.replace("quantities", "laws"), "unknown key"),
    ],
)
def test_what_is_wrong_in_a_gate_is_said_at_the_start(
    cli: CommandLineRun, text: str, message: str
) -> None:
    cli.candidate("mutants:sound")
    gate = cli.folder / "own-gate.toml"
    gate.write_text(gate.read_text().replace(PHYSICS, text))
    said = cli.refused()
    assert message in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "found"),
    [
        ("right", set()),
        ("forces_too_small", {GRADIENT}),
        ("oriented", {"physics-rotation-energy", "physics-stress"}),
    ],
)
def test_the_default_gate_fails_an_unsound_chgnet(
    cli: CommandLineRun, defect: str, found: set[str]
) -> None:
    pytest.importorskip("chgnet")
    cli.candidate(f"unsound_chgnet:{defect}", dtype="float32")
    candidate, results = cli.folder / "mine.toml", cli.folder / "results.json"
    outcome = cli.run(
        cli.command(
            "-m",
            "accuracy",
            "--umlip-offline",
            f"--umlip-candidate={candidate}",
            f"--umlip-results={results}",
        )
    )
    assert outcome.code == bool(found), outcome.output
    assert failed(outcome) == found
