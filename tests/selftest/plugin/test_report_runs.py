"""A report comes out whatever was measured, and however the run ended."""

import json
import re
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.selftest.builders.crystals import TRIGGER_ROW, write_extxyz
from tests.selftest.cli import ENERGY, CommandLineRun
from tests.selftest.predictions.test_resume import N_ROWS, wait_for

pytestmark = pytest.mark.selftest

INTERRUPTED, NOT_MEASURED = 2, 6
WIDE = {**ENERGY, "max": 1e9}
FORCE = {
    **WIDE,
    "name": "force",
    "quantity": "force_rmse",
    "convention": "component",
    "unit": "meV/Å",
}


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    return CommandLineRun(tmp_path)


def bring(cli: CommandLineRun, structures: str) -> None:
    (cli.folder / "crystals.xyz").write_text(structures)
    data = (cli.folder / "data.toml").read_text().replace("rows = 12\n", "")
    (cli.folder / "data.toml").write_text(data.replace('"W"', '"W", "Cu"'))
    cli.gate(WIDE, FORCE)


def pair(energy: str, force: str, opposite: str) -> str:
    return (
        '2\nLattice="3.6 0 0 0 3.6 0 0 0 3.6" Properties=species:S:1:pos:R:3:forces:R:3 '
        f'energy={energy} pbc="T T T"\nCu 0 0 0 {force} 0 0\nCu 1.9 1.8 0 {opposite} 0 0\n'
    )


@pytest.mark.parametrize(
    "structures",
    [
        pair("1.85", "0.3", "-0.30000000000000004"),
        pair("1.85", "0.3", "-0.3") + pair("1.8500000000000003", "0.3", "-0.3"),
        pair("1.85", "5e-324", "-0.0"),
    ],
    ids=["forces", "energies", "least numbers"],
)
def test_numbers_that_differ_in_the_last_bit_are_judged(
    cli: CommandLineRun, structures: str
) -> None:
    bring(cli, structures)
    cli.candidate("ase.calculators.emt:EMT")
    outcome = cli.judge()
    assert outcome.code == 0, outcome.output
    assert {verdict["outcome"] for verdict in outcome.verdicts.values()} == {"passed"}
    counts = outcome.results["datasets"]["crystals"]["force_norm_ev_per_ang"]["counts"]
    assert sum(counts) == 2 * structures.count("Lattice")


@pytest.mark.parametrize("energy", ["1e152", "-1e200", "1e308"])
def test_absurd_reference_energies_fail_with_row_and_reason(
    cli: CommandLineRun, energy: str
) -> None:
    bring(cli, pair(energy, "1e300", "-1e300"))
    cli.candidate("ase.calculators.emt:EMT")
    outcome = cli.judge()
    assert outcome.code == NOT_MEASURED, outcome.output
    reason = outcome.verdicts["energy"]["reason"]
    assert "row 0: energy " in reason
    assert f"(reference {float(energy):.6g} eV)" in reason
    (measurement,) = outcome.results["measurements"]
    assert measurement["failures"].keys() == {"0"}


def test_finite_answers_that_are_absurd_fail_with_row_and_reason(cli: CommandLineRun) -> None:
    cli.candidate("fakes:far_off")
    outcome = cli.judge()
    assert outcome.code == 1, outcome.output
    (measurement,) = outcome.results["measurements"]
    assert measurement["failures"].keys() == {str(TRIGGER_ROW)}
    assert "energy 1e+200 eV (reference -" in measurement["failures"][str(TRIGGER_ROW)]
    assert f"row {TRIGGER_ROW}: energy 1e+200 eV" in outcome.verdicts["energy"]["reason"]
    assert outcome.verdicts["failed"]["value"] == 1


def test_a_models_error_stays_text_in_every_report(cli: CommandLineRun) -> None:
    cli.candidate("fakes:raises_in_colour")
    junit = cli.folder / "junit.xml"
    outcome = cli.judge(f"--junit-xml={junit}", "-rA")
    assert outcome.code == 1, outcome.output
    shown = "RuntimeError: red \\x00 <b>bold</b>"
    assert shown in outcome.output
    assert "\x1b" not in outcome.output
    assert "\x00" not in outcome.output
    assert shown in outcome.verdicts["energy"]["reason"]
    texts = [element.text or "" for element in ET.parse(junit).getroot().iter()]  # noqa: S314
    assert any(shown in text for text in texts)


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
@pytest.mark.parametrize(
    "factory", ["raises_a_name_that_is_no_utf8", "lacks_a_name_that_is_no_utf8"]
)
def test_an_error_about_a_name_that_is_no_utf8_is_one_verdict(
    cli: CommandLineRun, factory: str, processes: tuple[str, ...]
) -> None:
    cli.candidate(f"fakes:{factory}")
    outcome = cli.judge(*processes)
    assert outcome.code == (1 if "raises" in factory else NOT_MEASURED), outcome.output
    assert "RuntimeError: no potential in W\\udc80.txt" in outcome.verdicts["energy"]["reason"]
    assert "Traceback" not in outcome.output
    assert "INTERNALERROR" not in outcome.output


def test_a_results_file_that_cannot_be_written_leaves_the_verdicts(cli: CommandLineRun) -> None:
    cli.candidate("fakes:takes_the_place_of_reports")
    (cli.folder / "reports").mkdir()
    results, junit = cli.folder / "reports" / "results.json", cli.folder / "junit.xml"
    outcome = cli.run(cli.judging(f"--umlip-results={results}", f"--junit-xml={junit}"))
    assert outcome.code == NOT_MEASURED, outcome.output
    assert "--umlip-results" in outcome.output
    assert "not written: " in " ".join(outcome.output.split())
    assert "Traceback" not in outcome.output
    assert "passed" in outcome.output.partition("= verdicts =")[2]
    assert ET.parse(junit).getroot() is not None  # noqa: S314


def test_results_do_not_replace_a_device(cli: CommandLineRun) -> None:
    cli.candidate()
    said = cli.refused("--umlip-results=/dev/null")
    assert "is no regular file" in said
    assert Path("/dev/null").is_char_device()


@pytest.fixture
def waiting(cli: CommandLineRun) -> CommandLineRun:
    """Rows of which the last never ends: one of two workers waits for it, the other goes on."""
    write_extxyz(cli.folder / "crystals.xyz", N_ROWS, trigger_row=N_ROWS - 1)
    data = cli.folder / "data.toml"
    data.write_text(data.read_text().replace("rows = 12", f"rows = {N_ROWS}"))
    (cli.folder / "weights").write_text("any")
    cli.candidate("fakes:noted", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    return cli


def stopped(cli: CommandLineRun, number: int, *arguments: str) -> tuple[int, str]:
    """Stop a run that waits for its last row; return its exit code and output."""
    with subprocess.Popen(
        cli.judging(*arguments),
        cwd=cli.root,
        env=cli.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as run:
        parts = cli.folder / "cache"
        try:
            wait_for(lambda: len(list(parts.glob("predictions/*/part-*.parquet"))) > 0, run)
            run.send_signal(number)
            output, _ = run.communicate(timeout=300)
        finally:
            run.kill()
    return run.returncode, output.decode()


@pytest.mark.parametrize(
    ("name", "processes"),
    [("SIGTERM", ()), ("SIGHUP", ()), ("SIGINT", ()), ("SIGTERM", ("-n", "2"))],
)
def test_a_stopped_run_says_what_is_kept_and_its_results_say_so(
    waiting: CommandLineRun, name: str, processes: tuple[str, ...]
) -> None:
    if processes:  # xdist leaves one worker to each: nobody goes on where that one waits
        text = '[arguments]\nfile = "{checkpoint}"\nseconds = 0.3\n'
        waiting.candidate("fakes:paced", text, checkpoint="weights")
    code, output = stopped(waiting, signal.Signals[name], *processes)
    assert code == INTERRUPTED, output
    found = re.search(rf"mine on crystals: (\d+) rows are kept; {N_ROWS} were asked for", output)
    assert found is not None, output
    kept, n_kept = found[0], int(found[1])
    assert 0 < n_kept < N_ROWS
    by = "Ctrl-C" if name == "SIGINT" else name
    assert f"interrupted by {by}" in output
    assert "the same command goes on from what is kept" in output
    results = json.loads((waiting.folder / "results.json").read_text())
    assert results["interrupted"] == {"by": by, "kept": [kept]}
    assert results["exit_code"] == INTERRUPTED
    assert list((waiting.folder / "cache" / "runs").iterdir()) == []
    (waiting.folder / "go").touch()
    outcome = waiting.judge()
    assert outcome.code == 0, outcome.output
    missing = re.search(r"(\d+) configurations to compute", outcome.output)
    assert missing is not None, outcome.output
    # a process of xdist may keep more until it is ended
    assert int(missing[1]) == N_ROWS - n_kept or (processes and int(missing[1]) < N_ROWS - n_kept)
    assert outcome.results["interrupted"] is None


def test_a_run_that_was_started_to_ignore_hangups_goes_on(waiting: CommandLineRun) -> None:
    with subprocess.Popen(
        ["/usr/bin/nohup", *waiting.judging()],
        cwd=waiting.root,
        env=waiting.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        cache = waiting.folder / "cache"
        wait_for(lambda: len(list(cache.glob("predictions/*/part-*.parquet"))) > 0, run)
        run.send_signal(signal.SIGHUP)
        (waiting.folder / "go").touch()
        assert run.wait(timeout=300) == 0
