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
def desk(tmp_path: Path) -> CommandLineRun:
    return CommandLineRun(tmp_path)


def test_a_sound_candidate_passes(desk: CommandLineRun) -> None:
    desk.candidate()
    outcome = desk.judge()
    assert outcome.code == 0, outcome.output
    assert {verdict["outcome"] for verdict in outcome.verdicts.values()} == {"passed"}
    (measurement,) = outcome.results["measurements"]
    assert (measurement["model"], measurement["dataset"]) == ("mine", "crystals")
    assert measurement["n_configurations"] == 12
    assert measurement["energy_rmse_mev_per_atom"]["per_atom"] == pytest.approx(0, abs=1e-3)
    assert outcome.results["exit_code"] == 0


def test_the_default_gate_judges_on_what_is_in_the_checkout(desk: CommandLineRun) -> None:
    desk.candidate()  # Lennard-Jones is no bcc metal
    candidate, results = desk.folder / "mine.toml", desk.folder / "results.json"
    outcome = desk.run(
        desk.command(
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


def test_a_candidate_with_an_offset_is_outside(desk: CommandLineRun) -> None:
    (desk.folder / "weights").write_text("0.005")
    desk.candidate(
        "fakes:reads_shift", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights"
    )
    outcome = desk.judge()
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
    desk: CommandLineRun, factory: str, text: str
) -> None:
    desk.candidate(f"fakes:{factory}")
    outcome = desk.judge()
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
    desk: CommandLineRun, factory: str, text: str
) -> None:
    desk.candidate(f"fakes:{factory}", time_limit_s=2)
    outcome = desk.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    for verdict in outcome.verdicts.values():
        assert verdict["outcome"] == "error"
        assert text in verdict["reason"]
        assert "mine on crystals" in verdict["reason"]


def test_a_wrong_interpreter_is_an_error(desk: CommandLineRun) -> None:
    desk.candidate(python="/bin/true")
    outcome = desk.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "does not answer as a Python interpreter" in outcome.verdicts["energy"]["reason"]


def test_a_required_dataset_that_is_not_to_be_had_is_an_error(desk: CommandLineRun) -> None:
    desk.candidate()
    desk.gate({**ENERGY, "dataset": "Mo-g"}, required="Mo-g")
    outcome = desk.judge("--umlip-offline")
    assert outcome.code == NOT_MEASURED, outcome.output
    assert outcome.verdicts["energy"]["outcome"] == "error"
    assert "required by the gate" in outcome.verdicts["energy"]["reason"]


def test_a_dataset_that_is_not_required_is_skipped_and_the_rest_is_judged(
    desk: CommandLineRun,
) -> None:
    desk.candidate()
    desk.gate(ENERGY, {**ENERGY, "name": "elsewhere", "dataset": "Mo-g"})
    outcome = desk.judge("--umlip-offline")
    assert outcome.code == 0, outcome.output
    assert outcome.verdicts["elsewhere"]["outcome"] == "skipped"
    assert outcome.verdicts["energy"]["outcome"] == "passed"


def test_a_run_in_which_nothing_was_measured_is_never_a_pass(desk: CommandLineRun) -> None:
    outcome = desk.run(
        desk.command("-m", "accuracy", "--umlip-offline", "--umlip-source=published")
    )
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "failed" not in outcome.output.splitlines()[-1]


def test_a_selection_that_matches_nothing_is_no_pass(desk: CommandLineRun) -> None:
    outcome = desk.run(desk.command("-m", "accuracy", "-k", "no_such_thing"))
    assert outcome.code == pytest.ExitCode.NO_TESTS_COLLECTED, outcome.output


def test_changed_weights_under_the_same_name_are_computed_anew(desk: CommandLineRun) -> None:
    weights = desk.folder / "weights"
    desk.candidate(
        "fakes:reads_shift", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights"
    )
    weights.write_text("0.0")
    assert desk.judge().code == 0
    weights.write_text("0.007")
    outcome = desk.judge()
    assert outcome.code == OUTSIDE, outcome.output
    assert outcome.verdicts["energy"]["value"] == pytest.approx(7.0, abs=0.5)


def test_changed_weights_in_a_folder_are_computed_anew(desk: CommandLineRun) -> None:
    head = desk.folder / "head"
    head.mkdir()
    (desk.folder / "weights").write_text("any")
    (desk.folder / "mine.py").write_text(
        "import fakes\n\ndef make(file, head):\n    return fakes.reads_shift(head + '/shift')\n"
    )
    arguments = '[arguments]\nfile = "{checkpoint}"\nhead = "head"\n'
    desk.candidate("mine:make", arguments, checkpoint="weights")
    (head / "shift").write_text("0.0")
    assert desk.judge().code == 0
    (head / "shift").write_text("0.007")
    assert desk.judge().code == OUTSIDE


def test_a_changed_helper_module_is_computed_anew(desk: CommandLineRun) -> None:
    (desk.folder / "weights").write_text("any")
    (desk.folder / "helper.py").write_text("SHIFT = 0.0\n")
    (desk.folder / "mine.py").write_text(
        "import fakes, helper\n\n"
        "def make(file):\n    return fakes.Fake(shift_ev_per_atom=helper.SHIFT)\n"
    )
    desk.candidate("mine:make", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    assert desk.judge().code == 0
    (desk.folder / "helper.py").write_text("SHIFT = 0.007\n")
    assert desk.judge().code == OUTSIDE


@pytest.mark.parametrize(
    "narrowed",
    [
        ["-k", "failed"],
        ["--deselect", "tests/accuracy/test_gate.py"],
        ["--umlip-dataset=W-g", "--umlip-offline"],
        ["-m", "selftest and not selftest"],
    ],
)
def test_a_required_cell_cannot_be_deselected(desk: CommandLineRun, narrowed: list[str]) -> None:
    desk.candidate("fakes:raises")
    desk.gate(ENERGY, {**FAILED, "max": 1})
    assert desk.judge(*narrowed).code in (NOT_MEASURED, pytest.ExitCode.NO_TESTS_COLLECTED)


def test_a_new_dataset_is_measured_though_no_gate_names_it(desk: CommandLineRun) -> None:
    desk.candidate()
    data = desk.folder / "data.toml"
    data.write_text(data.read_text() + data.read_text().replace("[crystals]", "[mine-too]"))
    outcome = desk.judge()
    assert outcome.code == 0, outcome.output
    assert "mine:mine-too:measured" in {v["id"] for v in outcome.results["verdicts"]}
    data.write_text(data.read_text().replace("rows = 12", "rows = 13"))
    assert desk.judge().code == NOT_MEASURED


def test_the_record_of_an_earlier_run_does_not_outlive_a_later_one(desk: CommandLineRun) -> None:
    desk.candidate()
    record = desk.folder / "results.json"
    record.write_text('{"suite": {}, "exit_code": 0}')
    desk.candidate(text="nmae = 1")
    code = subprocess.run(
        desk.judging(), cwd=desk.root, env=desk.environment, capture_output=True, check=False
    ).returncode
    assert code == USAGE
    assert not record.exists()


def test_junit_carries_value_limit_and_outcome(desk: CommandLineRun) -> None:
    desk.candidate()
    junit = desk.folder / "junit.xml"
    desk.judge(f"--junitxml={junit}")
    (energy,) = ET.parse(junit).findall(".//testcase[1]")  # noqa: S314 - our own file
    names = {p.get("name"): p.get("value") for p in energy.findall(".//property")}
    assert names["outcome"] == "passed"
    assert names["limit"] == "1.0"
    assert names["source"] == "live"


def test_weights_other_than_declared_are_an_error(desk: CommandLineRun) -> None:
    (desk.folder / "weights").write_text("0.0")
    arguments = '[arguments]\nfile = "{checkpoint}"\n'
    desk.candidate("fakes:reads_shift", arguments, checkpoint="weights", sha256="0" * 64)
    outcome = desk.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "has sha256" in outcome.verdicts["energy"]["reason"]


@pytest.mark.parametrize("declared", [True, False])
def test_a_later_run_computes_nothing_if_the_weights_are_known(
    desk: CommandLineRun, *, declared: bool
) -> None:
    """And everything if they are not: other weights could hide behind the same file."""
    (desk.folder / "weights").write_text("any")
    (desk.folder / "go").touch()
    weights = str(desk.folder / "weights")
    if declared:
        desk.candidate("fakes:noted", '[arguments]\nfile = "{checkpoint}"\n', checkpoint=weights)
    else:
        desk.candidate("fakes:noted", f'[arguments]\nfile = "{weights}"\n')
    first, second = desk.judge(), desk.judge()
    assert first.code == second.code == 0, first.output
    evaluations = len((desk.folder / "notes").read_text().splitlines())
    assert evaluations == (12 if declared else 24)
    assert first.leaves() == second.leaves()
    left = list((desk.folder / "cache").rglob("part-*.parquet"))
    assert bool(left) == declared


def test_two_processes_judge_as_one(desk: CommandLineRun) -> None:
    desk.candidate("fakes:raises")
    one, two = desk.judge(), desk.judge("-n", "2")
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
    desk: CommandLineRun, line: str, text: str
) -> None:
    desk.candidate(text=line)
    outcome = desk.judge()
    assert outcome.code == USAGE, outcome.output
    assert "mine.toml" in outcome.output
    assert text in outcome.output


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
    desk: CommandLineRun, arguments: list[str], text: str
) -> None:
    desk.candidate()
    outcome = desk.judge(*arguments)
    assert outcome.code == USAGE, outcome.output
    assert text in outcome.output


@pytest.mark.parametrize(
    ("calculator", "text"),
    [
        ("fakes.py:honest", 'a module has no suffix: "fakes:honest"'),
        ("fakes.honest", 'is not of the form "package.module:factory"'),
    ],
)
def test_a_factory_is_named_by_its_module(desk: CommandLineRun, calculator: str, text: str) -> None:
    desk.candidate(calculator)
    outcome = desk.judge()
    assert outcome.code == USAGE, outcome.output
    assert f"mine.toml: calculator = '{calculator}': {text}" in outcome.output


def test_results_replace_earlier_results_and_nothing_else(desk: CommandLineRun) -> None:
    desk.candidate()
    mine = desk.folder / "mine.toml"
    before = mine.read_text()
    outcome = desk.judge(f"--umlip-results={mine}")
    assert outcome.code == USAGE, outcome.output
    assert "mine.toml: holds something else than a run's results" in outcome.output
    assert mine.read_text() == before
    earlier = desk.folder / "earlier.json"
    earlier.write_text('{"suite": {}}')
    desk.run(desk.judging(f"--umlip-results={earlier}", "--collect-only"))
    assert earlier.exists()
    desk.run(desk.judging(f"--umlip-results={earlier}", "--umlip-gate=none"))
    assert not earlier.exists()


def test_a_brought_file_that_is_not_there_is_told_at_once(desk: CommandLineRun) -> None:
    desk.candidate()
    (desk.folder / "crystals.xyz").unlink()
    outcome = desk.judge()
    assert outcome.code == USAGE, outcome.output
    assert "--umlip-datasets: [crystals]: files:" in outcome.output


def test_a_run_without_a_verdict_says_why(desk: CommandLineRun) -> None:
    desk.candidate()
    outcome = desk.judge("-k", "failed")
    assert outcome.code == NOT_MEASURED, outcome.output
    reason = "required, and not measured: mine:crystals:gate.own-gate.energy"
    assert f"no verdict: {reason}" in outcome.output
    assert outcome.results["unmeasured"] == [reason]


def test_an_unknown_family_is_named(desk: CommandLineRun) -> None:
    (desk.folder / "mine.toml").write_text('name = "mine"\nfamily = "chgnett"\n')
    outcome = desk.judge()
    assert outcome.code == USAGE, outcome.output
    assert "family = 'chgnett' has no adapter; known:" in outcome.output


def test_a_candidate_may_not_take_a_registered_name(desk: CommandLineRun) -> None:
    desk.candidate(name="SevenNet-0")
    outcome = desk.judge()
    assert outcome.code == USAGE, outcome.output
    assert "is another model's" in outcome.output


def test_a_gate_without_a_candidate_is_a_mistake(desk: CommandLineRun) -> None:
    outcome = desk.run(desk.command("-m", "accuracy", "--umlip-gate=release"))
    assert outcome.code == USAGE, outcome.output
    assert "--umlip-gate judges a candidate" in outcome.output


def test_a_dataset_with_a_row_too_few_is_an_error(desk: CommandLineRun) -> None:
    desk.candidate()
    data = desk.folder / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", "rows = 13"))
    outcome = desk.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "12" in outcome.verdicts["energy"]["reason"]
    assert "13" in outcome.verdicts["energy"]["reason"]


def test_a_failed_configuration_alone_is_enough_to_fail(desk: CommandLineRun) -> None:
    desk.candidate("fakes:raises")
    desk.gate(FAILED)
    assert desk.judge().code == OUTSIDE


def test_random_weights_are_labelled_and_judged_by_nothing_but_that_they_run(
    desk: CommandLineRun,
) -> None:
    """CHGNet's architecture, if its environment is there."""
    bring = f"--umlip-datasets={desk.folder / 'data.toml'}"
    results = f"--umlip-results={desk.folder / 'results.json'}"
    asked = ["--umlip-dataset=crystals", "--umlip-model=CHGNet_0.3.0", "--umlip-model=SevenNet-0"]
    command = desk.command("-m", "accuracy", "--umlip-weights=random:0", bring, results, *asked)
    outcome = desk.run(command)
    verdicts = outcome.results["verdicts"]
    assert {verdict["id"].rpartition(":")[2] for verdict in verdicts} == {"measured"}
    assert "RANDOM WEIGHTS" in " ".join(desk.run([*command, "-v"]).output.split())
    measured = [verdict for verdict in verdicts if verdict["value"] is not None]
    assert {verdict["source"] for verdict in measured} <= {"random"}
    named = {"CHGNet_0.3.0", "SevenNet-0"}
    assert outcome.code == (
        0 if {verdict["model"] for verdict in measured} == named else NOT_MEASURED
    )


@pytest.mark.parametrize("weights", ["random", "random:x", "real"])
def test_weights_can_only_be_random(desk: CommandLineRun, weights: str) -> None:
    outcome = desk.run(desk.command("-m", "accuracy", f"--umlip-weights={weights}"))
    assert outcome.code == USAGE, outcome.output
    assert "random:SEED, as in random:0" in outcome.output


def test_random_weights_are_not_given_as_well(desk: CommandLineRun) -> None:
    outcome = desk.run(
        desk.command("--umlip-weights=random:0", f"--umlip-checkpoint=MACE-MP-0={__file__}")
    )
    assert outcome.code == USAGE, outcome.output
    assert "only one of them" in outcome.output


OTHER = """
[other]
title = "the same crystals, which no gate names"
rows = 12
elements = ["W"]
files = [{ path = "crystals.xyz" }]
reader = "extxyz"
"""


def test_a_brought_dataset_that_nothing_limits_says_so_with_its_file(desk: CommandLineRun) -> None:
    (desk.folder / "weights").write_text("5.0")
    data = desk.folder / "data.toml"
    data.write_text(data.read_text() + OTHER)
    desk.gate(FAILED)
    desk.candidate(
        "fakes:reads_shift", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights"
    )
    outcome = desk.judge("-v")
    assert outcome.code == 0, outcome.output
    (measured,) = [v for v in outcome.results["verdicts"] if v["id"] == "mine:other:measured"]
    assert "12 configurations" in measured["reason"]
    assert "nothing limits its errors; name the dataset in a gate" in measured["reason"]
    digest = hashlib.sha256((desk.folder / "crystals.xyz").read_bytes()).hexdigest()
    assert f"other: brought from {desk.folder / 'crystals.xyz'}, sha256 {digest}" in outcome.output
    assert outcome.results["datasets"]["other"]["brought"] == {
        str(desk.folder / "crystals.xyz"): digest
    }


def test_a_model_that_is_named_and_not_measured_has_no_verdict(desk: CommandLineRun) -> None:
    """eqV2's weights are gated: offline it is skipped, and its name was asked for."""
    outcome = desk.run(
        desk.command(
            "-m",
            "accuracy",
            "--umlip-offline",
            "--umlip-source=live",
            "--umlip-model=eqV2-31M-mp",
            f"--umlip-results={desk.folder / 'results.json'}",
        )
    )
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "named with --umlip-model, and not measured: eqV2-31M-mp" in outcome.output
