"""A candidate judged from the command line: every way to fail is red, by its own exit code."""

import hashlib
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.selftest.builders.crystals import TRIGGER_ROW
from tests.selftest.cli import ENERGY, FAILED, CommandLineRun

pytestmark = pytest.mark.selftest

OUTSIDE, USAGE, NOT_MEASURED = 1, 4, 6


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    return CommandLineRun(tmp_path)


def test_a_sound_candidate_passes(cli: CommandLineRun) -> None:
    cli.candidate()
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    assert {verdict["outcome"] for verdict in outcome.verdicts.values()} == {"passed"}
    (measurement,) = outcome.results["measurements"]
    assert (measurement["model"], measurement["dataset"]) == ("mine", "crystals")
    assert measurement["n_configurations"] == 12
    assert measurement["energy_rmse_mev_per_atom"]["per_atom"] == pytest.approx(0, abs=1e-3)
    assert outcome.results["exit_code"] == 0


def test_the_default_gate_judges_on_what_is_in_the_checkout(cli: CommandLineRun) -> None:
    cli.candidate()  # Lennard-Jones is no bcc metal
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
    assert outcome.code == OUTSIDE, outcome.output
    assert {entry["id"].split(".")[1] for entry in outcome.results["verdicts"]} == {"quick"}
    accuracy = {"energy", "energy-slope", "force", "force-slope", "failures"}
    physics = {name for name in outcome.verdicts if name.startswith("physics-")}
    assert outcome.verdicts.keys() - physics == accuracy
    assert {outcome.verdicts[name]["outcome"] for name in physics} == {"passed"}
    assert outcome.verdicts["failures"]["outcome"] == "passed"
    assert outcome.verdicts["energy"]["outcome"] == "failed"


def test_a_candidate_with_an_offset_is_outside(cli: CommandLineRun) -> None:
    (cli.folder / "weights").write_text("0.005")
    cli.candidate("fakes:reads_shift", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    outcome = cli.judge()
    assert outcome.code == OUTSIDE, outcome.output
    assert outcome.verdicts["energy"]["outcome"] == "failed"
    assert outcome.verdicts["energy"]["value"] == pytest.approx(5.0, abs=0.5)
    assert outcome.verdicts["failed"]["outcome"] == "passed"
    assert outcome.results["exit_code"] == OUTSIDE


@pytest.mark.parametrize(
    ("factory", "text"),
    [
        ("raises", "RuntimeError: no such luck"),
        ("nan_energy", "the energy is nan"),
        ("wrong_shape", "forces of shape (6, 3) for 7 atoms"),
        ("changes_input", "the calculator changed its input"),
    ],
)
def test_a_configuration_that_fails_is_outside_and_the_rmse_is_null(
    cli: CommandLineRun, factory: str, text: str
) -> None:
    cli.candidate(f"fakes:{factory}")
    outcome = cli.judge()
    assert outcome.code == OUTSIDE, outcome.output
    assert outcome.verdicts["failed"]["outcome"] == "failed"
    assert outcome.verdicts["energy"]["outcome"] == "error"
    assert text in outcome.verdicts["energy"]["reason"]
    assert f"row {TRIGGER_ROW}" in outcome.verdicts["energy"]["reason"]
    (measurement,) = outcome.results["measurements"]
    assert measurement["energy_rmse_mev_per_atom"]["per_atom"] is None
    assert measurement["n_failed"] == 1
    assert measurement["survivors"]["n_configurations"] == 11


@pytest.mark.parametrize(
    ("factory", "text"),
    [
        ("segfaults", "configuration 5 (W7): the worker died of SIGSEGV"),
        ("is_killed", "configuration 5 (W7): the worker died of SIGKILL"),
        ("out_of_memory", "configuration 5 (W7): MemoryError"),
        ("hangs", "configuration 5 (W7): the worker did not answer within 2 s"),
        ("does_not_start", "the worker did not start: OSError: the weights are gone"),
        ("makes_a_class", "made <class 'fakes.Fake'>, which is not a calculator of ASE"),
    ],
)
def test_what_could_not_be_measured_is_an_error(
    cli: CommandLineRun, factory: str, text: str
) -> None:
    cli.candidate(f"fakes:{factory}", time_limit_s=2)
    outcome = cli.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    for verdict in outcome.verdicts.values():
        assert verdict["outcome"] == "error"
        assert text in verdict["reason"]
        assert "mine on crystals" in verdict["reason"]


def test_a_wrong_interpreter_is_an_error(cli: CommandLineRun) -> None:
    cli.candidate(python="/bin/true")
    outcome = cli.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "does not answer as a Python interpreter" in outcome.verdicts["energy"]["reason"]


def test_a_required_dataset_that_is_not_available_is_an_error(cli: CommandLineRun) -> None:
    cli.candidate()
    cli.gate({**ENERGY, "dataset": "Mo-g"}, required="Mo-g")
    outcome = cli.judge("--umlip-offline")
    assert outcome.code == NOT_MEASURED, outcome.output
    assert outcome.verdicts["energy"]["outcome"] == "error"
    assert "required by the gate" in outcome.verdicts["energy"]["reason"]


def test_a_dataset_that_is_not_required_is_skipped_and_the_rest_is_judged(
    cli: CommandLineRun,
) -> None:
    cli.candidate()
    cli.gate(ENERGY, {**ENERGY, "name": "elsewhere", "dataset": "Mo-g"})
    outcome = cli.judge("--umlip-offline")
    assert outcome.code == 0, outcome.output
    assert outcome.verdicts["elsewhere"]["outcome"] == "skipped"
    assert outcome.verdicts["energy"]["outcome"] == "passed"


def test_a_run_in_which_nothing_was_measured_is_never_a_pass(cli: CommandLineRun) -> None:
    outcome = cli.run(cli.command("-m", "accuracy", "--umlip-offline", "--umlip-source=published"))
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "failed" not in outcome.output.splitlines()[-1]


def test_a_selection_that_matches_nothing_is_no_pass(cli: CommandLineRun) -> None:
    outcome = cli.run(cli.command("-m", "accuracy", "-k", "no_such_thing"))
    assert outcome.code == pytest.ExitCode.NO_TESTS_COLLECTED, outcome.output


def test_changed_weights_under_the_same_name_are_computed_anew(cli: CommandLineRun) -> None:
    weights = cli.folder / "weights"
    cli.candidate("fakes:reads_shift", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    weights.write_text("0.0")
    assert cli.judge().code == 0
    weights.write_text("0.007")
    outcome = cli.judge()
    assert outcome.code == OUTSIDE, outcome.output
    assert outcome.verdicts["energy"]["value"] == pytest.approx(7.0, abs=0.5)


def test_changed_weights_in_a_folder_are_computed_anew(cli: CommandLineRun) -> None:
    head = cli.folder / "head"
    head.mkdir()
    (cli.folder / "weights").write_text("any")
    (cli.folder / "mine.py").write_text(
        "import fakes\n\ndef make(file, head):\n    return fakes.reads_shift(head + '/shift')\n"
    )
    arguments = '[arguments]\nfile = "{checkpoint}"\nhead = "head"\n'
    cli.candidate("mine:make", arguments, checkpoint="weights")
    (head / "shift").write_text("0.0")
    assert cli.judge().code == 0
    (head / "shift").write_text("0.007")
    assert cli.judge().code == OUTSIDE


def test_a_changed_helper_module_is_computed_anew(cli: CommandLineRun) -> None:
    (cli.folder / "weights").write_text("any")
    (cli.folder / "helper.py").write_text("SHIFT = 0.0\n")
    (cli.folder / "mine.py").write_text(
        "import fakes, helper\n\n"
        "def make(file):\n    return fakes.Fake(shift_ev_per_atom=helper.SHIFT)\n"
    )
    cli.candidate("mine:make", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    assert cli.judge().code == 0
    (cli.folder / "helper.py").write_text("SHIFT = 0.007\n")
    assert cli.judge().code == OUTSIDE


@pytest.mark.parametrize(
    "narrowed",
    [
        ["-k", "failed"],
        ["--deselect", "tests/accuracy/test_gate.py"],
        ["--umlip-dataset=W-g", "--umlip-offline"],
        ["-m", "selftest and not selftest"],
    ],
)
def test_a_required_result_cannot_be_deselected(cli: CommandLineRun, narrowed: list[str]) -> None:
    cli.candidate("fakes:raises")
    cli.gate(ENERGY, {**FAILED, "max": 1})
    assert cli.judge(*narrowed).code in (NOT_MEASURED, pytest.ExitCode.NO_TESTS_COLLECTED)


@pytest.mark.parametrize(
    "narrowed",
    [
        ["-m", "accuracy", "-k", "measured and crystals"],
        ["-m", "not physics and not selftest", "-k", "measured and crystals"],
        ["-m", "accuracy", "--deselect=tests/accuracy/test_gate.py", "--umlip-dataset=crystals"],
    ],
)
def test_what_the_default_gate_requires_cannot_be_deselected(
    cli: CommandLineRun, narrowed: list[str]
) -> None:
    cli.candidate()
    outcome = cli.run(
        cli.command(
            f"--umlip-candidate={cli.folder / 'mine.toml'}",
            f"--umlip-datasets={cli.folder / 'data.toml'}",
            f"--umlip-results={cli.folder / 'results.json'}",
            *narrowed,
        )
    )
    assert outcome.code == NOT_MEASURED, outcome.output
    assert [verdict["id"] for verdict in outcome.results["verdicts"]] == ["mine:crystals:measured"]
    (reason,) = outcome.results["unmeasured"]
    assert reason.startswith("required, and not measured: mine:refractory-mini")


def test_a_new_dataset_is_measured_though_no_gate_names_it(cli: CommandLineRun) -> None:
    cli.candidate()
    data = cli.folder / "data.toml"
    data.write_text(data.read_text() + data.read_text().replace("[crystals]", "[mine-too]"))
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    assert "mine:mine-too:measured" in {v["id"] for v in outcome.results["verdicts"]}
    data.write_text(data.read_text().replace("rows = 12", "rows = 13"))
    assert cli.judge().code == NOT_MEASURED


def test_the_record_of_an_earlier_run_does_not_outlive_a_later_one(cli: CommandLineRun) -> None:
    cli.candidate()
    record = cli.folder / "results.json"
    record.write_text('{"suite": {}, "exit_code": 0}')
    cli.candidate(text="nmae = 1")
    code = subprocess.run(
        cli.judging(), cwd=cli.root, env=cli.environment, capture_output=True, check=False
    ).returncode
    assert code == USAGE
    assert not record.exists()


def test_junit_carries_value_limit_and_outcome(cli: CommandLineRun) -> None:
    cli.candidate()
    junit = cli.folder / "junit.xml"
    cli.judge(f"--junitxml={junit}")
    (energy,) = ET.parse(junit).findall(".//testcase[1]")  # noqa: S314 - our own file
    names = {p.get("name"): p.get("value") for p in energy.findall(".//property")}
    assert names["outcome"] == "passed"
    assert names["limit"] == "1.0"
    assert names["source"] == "live"


def test_weights_other_than_declared_are_an_error(cli: CommandLineRun) -> None:
    (cli.folder / "weights").write_text("0.0")
    arguments = '[arguments]\nfile = "{checkpoint}"\n'
    cli.candidate("fakes:reads_shift", arguments, checkpoint="weights", sha256="0" * 64)
    outcome = cli.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "has sha256" in outcome.verdicts["energy"]["reason"]


@pytest.mark.parametrize("declared", [True, False])
def test_a_later_run_computes_nothing_if_the_weights_are_known(
    cli: CommandLineRun, *, declared: bool
) -> None:
    """And everything if they are not: other weights could hide behind the same file."""
    (cli.folder / "weights").write_text("any")
    (cli.folder / "go").touch()
    weights = str(cli.folder / "weights")
    if declared:
        cli.candidate("fakes:noted", '[arguments]\nfile = "{checkpoint}"\n', checkpoint=weights)
    else:
        cli.candidate("fakes:noted", f'[arguments]\nfile = "{weights}"\n')
    first, second = cli.judge(), cli.judge()
    assert first.code == second.code == 0, first.output
    evaluations = len((cli.folder / "notes").read_text().splitlines())
    assert evaluations == (12 if declared else 24)
    assert first.leaves() == second.leaves()
    left = list((cli.folder / "cache").rglob("part-*.parquet"))
    assert bool(left) == declared


def test_two_processes_judge_as_one(cli: CommandLineRun) -> None:
    cli.candidate("fakes:raises")
    one, two = cli.judge(), cli.judge("-n", "2")
    assert one.code == two.code == OUTSIDE, two.output
    assert one.leaves() == two.leaves()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('nmae = "x"', "nmae: unknown key; did you mean 'name'?"),
        ('device = "gpu"', "device = 'gpu'"),
        ('sha256 = "ab"', "sha256 = 'ab'"),
        ('family = "chgnet"', "either a calculator or a family"),
        ('checkpoint = "gone"', "gone is not there"),
        (f'checkpoint = "{"c" * 300}"', "ccc cannot be read (File name too long)"),
        ("[settings]\na = 1", "settings belong to a family"),
        ("[arguments]\na = nan", "nan and inf are no values"),
        ("time_limit_s = inf", "time_limit_s = inf"),
        ('checkpoint = "crystals.xyz"', 'no argument is "{checkpoint}"'),
        ('[arguments]\na = "{checkpoint}"', "and no checkpoint is given"),
    ],
)
def test_a_wrong_candidate_file_says_what_and_where(
    cli: CommandLineRun, line: str, text: str
) -> None:
    cli.candidate(text=line)
    said = cli.refused()
    assert "mine.toml" in said
    assert text in said


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--umlip-gate=relase"], "unknown gate 'relase'; did you mean 'release'?"),
        (["--umlip-model=CHGnet_0.3.0"], "did you mean 'CHGNet_0.3.0'?"),
        (["--umlip-model=chgnet"], "is a family; its models are CHGNet_0.3.0"),
        (["--umlip-claims-table=claims.md"], "a run that judges a candidate judges no claims"),
        (["--umlip-dataset=W_g"], "did you mean 'W-g'?"),
        (["--umlip-datasets=nowhere.toml"], "nowhere.toml: cannot be read"),
        (["--umlip-checkpoint=MACE-MP-0"], "--umlip-checkpoint MACE-MP-0: ID=FILE"),
        (["--umlip-checkpoint=MACE-MP0=x"], "no model with weights; did you mean 'MACE-MP-0'?"),
        (["--umlip-checkpoint=EAM-Zhou=x"], "no model with weights"),
        (["--umlip-checkpoint=MACE-MP-0=nowhere.model"], "nowhere.model is not there"),
    ],
)
def test_a_wrong_option_says_what_was_meant(
    cli: CommandLineRun, arguments: list[str], text: str
) -> None:
    cli.candidate()
    said = cli.refused(*arguments)
    assert text in said


@pytest.mark.parametrize(
    ("calculator", "text"),
    [
        ("fakes.py:honest", 'a module has no suffix: "fakes:honest"'),
        ("fakes.honest", 'is not of the form "package.module:factory"'),
    ],
)
def test_a_factory_is_named_by_its_module(cli: CommandLineRun, calculator: str, text: str) -> None:
    cli.candidate(calculator)
    said = cli.refused()
    assert f"mine.toml: calculator = '{calculator}': {text}" in said


def test_results_replace_earlier_results_and_nothing_else(cli: CommandLineRun) -> None:
    cli.candidate()
    mine = cli.folder / "mine.toml"
    before = mine.read_text()
    outcome = cli.judge(f"--umlip-results={mine}")
    assert outcome.code == USAGE, outcome.output
    assert "mine.toml: holds something else than a run's results" in outcome.output
    assert mine.read_text() == before
    earlier = cli.folder / "earlier.json"
    earlier.write_text('{"suite": {}}')
    cli.run(cli.judging(f"--umlip-results={earlier}", "--collect-only"))
    assert earlier.exists()
    cli.run(cli.judging(f"--umlip-results={earlier}", "--umlip-gate=none"))
    assert not earlier.exists()


def test_a_brought_file_that_is_not_there_is_told_at_once(cli: CommandLineRun) -> None:
    cli.candidate()
    (cli.folder / "crystals.xyz").unlink()
    said = cli.refused()
    assert "--umlip-datasets: [crystals]: files:" in said


def test_a_run_without_a_verdict_says_why(cli: CommandLineRun) -> None:
    cli.candidate()
    outcome = cli.judge("-k", "failed")
    assert outcome.code == NOT_MEASURED, outcome.output
    reason = "required, and not measured: mine:crystals:gate.own-gate.energy"
    assert f"no verdict: {reason}" in outcome.output
    assert outcome.results["unmeasured"] == [reason]


def test_an_unknown_family_is_named(cli: CommandLineRun) -> None:
    (cli.folder / "mine.toml").write_text('name = "mine"\nfamily = "chgnett"\n')
    said = cli.refused()
    assert "family = 'chgnett' has no adapter; known:" in said


def test_a_candidate_may_not_take_a_registered_name(cli: CommandLineRun) -> None:
    cli.candidate(name="SevenNet-0")
    said = cli.refused()
    assert "is another model's" in said


def test_a_gate_without_a_candidate_is_a_mistake(cli: CommandLineRun) -> None:
    said = cli.refusal(cli.command("-m", "accuracy", "--umlip-gate=release"))
    assert "--umlip-gate judges a candidate" in said


def test_a_dataset_with_a_row_too_few_is_an_error(cli: CommandLineRun) -> None:
    cli.candidate()
    data = cli.folder / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", "rows = 13"))
    outcome = cli.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "12" in outcome.verdicts["energy"]["reason"]
    assert "13" in outcome.verdicts["energy"]["reason"]


def test_a_failed_configuration_alone_is_enough_to_fail(cli: CommandLineRun) -> None:
    cli.candidate("fakes:raises")
    cli.gate(FAILED)
    assert cli.judge().code == OUTSIDE


def test_random_weights_are_labelled_and_judged_by_nothing_but_that_they_run(
    cli: CommandLineRun,
) -> None:
    """CHGNet's architecture, if its environment is there."""
    bring = f"--umlip-datasets={cli.folder / 'data.toml'}"
    results = f"--umlip-results={cli.folder / 'results.json'}"
    asked = ["--umlip-dataset=crystals", "--umlip-model=CHGNet_0.3.0", "--umlip-model=SevenNet-0"]
    command = cli.command("-m", "accuracy", "--umlip-weights=random:0", bring, results, *asked)
    outcome = cli.run(command)
    verdicts = outcome.results["verdicts"]
    assert {verdict["id"].rpartition(":")[2] for verdict in verdicts} == {"measured"}
    assert "RANDOM WEIGHTS" in " ".join(cli.run([*command, "-v"]).output.split())
    measured = [verdict for verdict in verdicts if verdict["value"] is not None]
    assert {verdict["source"] for verdict in measured} <= {"random"}
    named = {"CHGNet_0.3.0", "SevenNet-0"}
    assert outcome.code == (
        0 if {verdict["model"] for verdict in measured} == named else NOT_MEASURED
    )


@pytest.mark.parametrize("weights", ["random", "random:x", "real"])
def test_weights_can_only_be_random(cli: CommandLineRun, weights: str) -> None:
    said = cli.refusal(cli.command("-m", "accuracy", f"--umlip-weights={weights}"))
    assert "random:SEED, as in random:0" in said


def test_random_weights_are_not_given_as_well(cli: CommandLineRun) -> None:
    said = cli.refusal(
        cli.command("--umlip-weights=random:0", f"--umlip-checkpoint=MACE-MP-0={__file__}")
    )
    assert "only one of them" in said


OTHER = """
[other]
title = "the same crystals, which no gate names"
rows = 12
elements = ["W"]
files = [{ path = "crystals.xyz" }]
reader = "extxyz"
"""


def test_a_brought_dataset_that_nothing_limits_says_so_with_its_file(cli: CommandLineRun) -> None:
    (cli.folder / "weights").write_text("5.0")
    data = cli.folder / "data.toml"
    data.write_text(data.read_text() + OTHER)
    cli.gate(FAILED)
    cli.candidate("fakes:reads_shift", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    outcome = cli.judge("-vv")
    assert outcome.code == 0, outcome.output
    (measured,) = [v for v in outcome.results["verdicts"] if v["id"] == "mine:other:measured"]
    assert "12 configurations" in measured["reason"]
    assert "nothing limits its errors; name the dataset in a gate" in measured["reason"]
    digest = hashlib.sha256((cli.folder / "crystals.xyz").read_bytes()).hexdigest()
    written = " ".join(outcome.output.split())
    assert f"other: brought from {cli.folder / 'crystals.xyz'}, sha256 {digest[:12]}" in written
    assert outcome.results["datasets"]["other"]["brought"] == {
        str(cli.folder / "crystals.xyz"): digest
    }


def test_a_model_that_is_named_and_not_measured_has_no_verdict(cli: CommandLineRun) -> None:
    """eqV2's weights are gated: offline it is skipped, and its name was asked for."""
    outcome = cli.run(
        cli.command(
            "-m",
            "accuracy",
            "--umlip-offline",
            "--umlip-source=live",
            "--umlip-model=eqV2-31M-mp",
            f"--umlip-results={cli.folder / 'results.json'}",
        )
    )
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "named with --umlip-model, and not measured: eqV2-31M-mp" in outcome.output
