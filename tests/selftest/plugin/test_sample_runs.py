"""A sample of a dataset judged from the command line, and an ensemble of candidates."""

from pathlib import Path

import pytest

from tests.selftest.builders.crystals import write_extxyz
from tests.selftest.cli import ENERGY, FAILED, CommandLineRun, Outcome
from tests.selftest.plugin.test_claim_runs import Project

pytestmark = pytest.mark.selftest

OUTSIDE, USAGE, NOT_MEASURED = 1, 4, 6
N_ROWS = 150


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    """A dataset of 150 rows, and a candidate of known weights whose evaluations are counted."""
    cli = CommandLineRun(tmp_path)
    write_extxyz(tmp_path / "crystals.xyz", N_ROWS, trigger_row=-1)
    data = tmp_path / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", f"rows = {N_ROWS}"))
    (tmp_path / "weights").write_text("any")
    known = '[arguments]\nfile = "{checkpoint}"\n'
    cli.candidate("fakes:noted", known, checkpoint="weights")
    return cli


def n_evaluated(cli: CommandLineRun) -> int:
    file = cli.folder / "notes"
    return len(file.read_text().splitlines()) if file.exists() else 0


def energy(outcome: Outcome) -> float:
    value = outcome.verdicts["energy"]["value"]
    assert isinstance(value, float), outcome.output
    return value


def test_a_sample_is_reproducible_and_shares_what_is_stored_with_the_whole(
    cli: CommandLineRun,
) -> None:
    first = cli.judge("--umlip-max-configurations=104")
    assert first.code == 0, first.output
    (measurement,) = first.results["measurements"]
    assert (measurement["n_configurations"], measurement["sample_of"]) == (104, N_ROWS)
    assert "judged by the interval on a sample of 104 of 150" in first.verdicts["energy"]["reason"]
    assert "104 of 150" in first.output
    assert n_evaluated(cli) == 104
    again = cli.judge("--umlip-max-configurations=104")
    assert again.leaves() == first.leaves()
    assert n_evaluated(cli) == 104
    whole = cli.judge()
    assert whole.results["measurements"][0]["sample_of"] is None
    assert n_evaluated(cli) == N_ROWS
    low, high = first.verdicts["energy"]["interval"]
    assert low < energy(whole) < high
    more_than_there_are = cli.judge("--umlip-max-configurations=9999")
    assert more_than_there_are.leaves() == whole.leaves()
    assert n_evaluated(cli) == N_ROWS


def test_a_limit_within_the_interval_is_inconclusive_and_on_the_whole_the_value_decides(
    cli: CommandLineRun,
) -> None:
    value = energy(cli.judge())
    cli.gate({**ENERGY, "max": value}, FAILED)
    assert cli.judge().code == 0
    outcome = cli.judge("--umlip-max-configurations=104")
    assert outcome.code == NOT_MEASURED, outcome.output
    assert outcome.verdicts["energy"]["outcome"] == "inconclusive"
    assert outcome.verdicts["failed"]["outcome"] == "passed"
    assert "measured, and not decided" in outcome.output
    cli.gate({**ENERGY, "max": 0.5 * value}, FAILED)
    outcome = cli.judge("--umlip-max-configurations=104")
    assert outcome.code == OUTSIDE, outcome.output


def test_a_budget_that_ends_too_early_is_never_a_pass(cli: CommandLineRun) -> None:
    outcome = cli.judge("--umlip-budget=0s")
    assert outcome.code == NOT_MEASURED, outcome.output
    assert outcome.verdicts["energy"]["outcome"] == "error"
    assert "0 of 150 configurations were evaluated" in outcome.verdicts["energy"]["reason"]
    outcome = cli.judge("--umlip-budget=10min")
    assert outcome.code == 0, outcome.output
    assert outcome.results["measurements"][0]["sample_of"] is None


def test_a_failed_row_of_a_sample_fails(cli: CommandLineRun) -> None:
    write_extxyz(cli.folder / "crystals.xyz", N_ROWS, trigger_row=7)
    cli.candidate("fakes:raises")
    outcome = cli.judge("--umlip-max-configurations=149")
    assert outcome.code == OUTSIDE, outcome.output
    assert outcome.verdicts["failed"]["outcome"] == "failed"
    assert outcome.verdicts["energy"]["outcome"] == "error"
    assert "row 7: RuntimeError" in outcome.verdicts["energy"]["reason"]


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--umlip-budget=10", "a number with its unit, as in 90s, 10min or 1h"),
        ("--umlip-max-configurations=0", "a sample needs 100 configurations"),
        ("--umlip-max-configurations=99", "a sample needs 100 configurations"),
    ],
)
def test_a_wrong_sample_limit_is_refused_at_the_start(
    cli: CommandLineRun, option: str, text: str
) -> None:
    said = cli.refused(option)
    assert text in said


def test_claims_and_references_are_not_judged_on_a_sample(tmp_path: Path) -> None:
    project = Project(tmp_path)
    outcome = project.run(project.accuracy("--umlip-max-configurations=12"))
    assert outcome.code == 0, outcome.output
    outcomes = {v["id"].split(":")[2]: v["outcome"] for v in outcome.results["verdicts"]}
    assert outcomes.pop("measured") == "passed"
    assert set(outcomes.values()) == {"skipped"}
    assert "judged on whole datasets only" in outcome.output


ENSEMBLE = 'name = "both"\nmembers = ["one.toml", "two.toml"]\n'


def ensemble(cli: CommandLineRun, text: str = ENSEMBLE, **shifts_ev: float) -> list[str]:
    """Write an ensemble of candidates that shift the energies; return the command to judge it."""
    for name, shift in shifts_ev.items():
        (cli.folder / f"{name}.weights").write_text(str(shift))
        known = '[arguments]\nfile = "{checkpoint}"\n'
        cli.candidate("fakes:reads_shift", known, name=name, checkpoint=f"{name}.weights")
        (cli.folder / "mine.toml").rename(cli.folder / f"{name}.toml")
    (cli.folder / "both.toml").write_text(text)
    command = [each for each in cli.judging() if not each.startswith("--umlip-candidate")]
    return [*command, f"--umlip-ensemble={cli.folder / 'both.toml'}"]


def test_an_ensemble_of_candidates_is_judged_by_its_mean(tmp_path: Path) -> None:
    cli = CommandLineRun(tmp_path)
    outcome = cli.run(ensemble(cli, one=0.004, two=-0.004))
    assert outcome.code == 0, outcome.output
    (measurement,) = outcome.results["measurements"]
    assert measurement["model"] == "both"
    # the shifts cancel in the mean, and are its deviation
    assert energy(outcome) < 1
    edges = measurement["uncertainty"]["error_deviation_plot"]["energy_mev_per_atom"]
    assert edges["deviation_edges"][0] == pytest.approx(4, abs=0.6)
    assert set(measurement["identity"]["members"]) == {"one", "two"}
    apart = cli.run(ensemble(cli, one=0.010, two=0.0))
    assert apart.code == OUTSIDE, apart.output
    assert energy(apart) == pytest.approx(5, abs=0.5)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('"two.toml"', '"three.toml"', "three.toml: cannot be read"),
        ('"two.toml"', '"CHGNet_0.3"', "unknown model 'CHGNet_0.3'; did you mean 'CHGNet_0.3.0'?"),
        (', "two.toml"', "", "members"),
        ('"both"', '"SevenNet-0"', "is another model's"),
        ('"two.toml"', '"one.toml"', "members: 'one' is there twice"),
        ("members", "member", "member: unknown key; did you mean 'members'?"),
    ],
)
def test_a_wrong_ensemble_is_told_at_once(tmp_path: Path, old: str, new: str, text: str) -> None:
    cli = CommandLineRun(tmp_path)
    assert text in cli.refusal(ensemble(cli, ENSEMBLE.replace(old, new), one=0.0, two=0.0))
