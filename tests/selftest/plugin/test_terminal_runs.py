"""The output of a run: short by default, whole with `-v`."""

import re
from pathlib import Path

import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.cli import ENERGY, FAILED, CommandLineRun
from umlip_gate.report.terminal import WIDTH

pytestmark = pytest.mark.selftest

PYTESTS_OWN = ("rootdir:", "plugins:", "benchmark:")


def matches(line: str, output: str) -> int:
    return len(re.findall(f"^{line}$", output, re.MULTILINE))


@pytest.fixture
def cli(tmp_path: Path) -> CommandLineRun:
    return CommandLineRun(tmp_path)


def test_a_failing_run_fits_100_columns_and_gives_each_reason_once(cli: CommandLineRun) -> None:
    long = {**ENERGY, "name": "a-limit-with-quite-a-long-name-that-somebody-thought-of"}
    cli.gate(ENERGY, FAILED, long)
    cli.candidate("fakes:raises")
    outcome = cli.judge("-q")
    assert outcome.code == 1, outcome.output
    lines = outcome.output.splitlines()
    too_long = [line for line in lines if len(line) > WIDTH and " " in line.strip()]
    own = [line for line in too_long if not line.startswith(PYTESTS_OWN)]
    assert [line for line in own if str(cli.folder) not in line] == []
    assert "= FAILURES =" not in outcome.output
    assert "short test summary" not in outcome.output
    assert matches(r"2 errors: .*1 of 12 configurations failed.*", outcome.output) == 1
    assert outcome.output.count("1 of 12 configurations failed") == 1
    limit = r"1 failed: gate.own-gate.failed, limit ≤ 0: mine on crystals 1 .*"
    assert matches(limit, outcome.output) == 1
    assert matches(r"mine +crystals, 1 failed +- +- +1 failed", outcome.output) == 1
    assert "= 1 failed, " in lines[-1]


def test_a_passing_run_says_so_in_one_line(cli: CommandLineRun) -> None:
    cli.gate({**ENERGY, "max": 1e9}, FAILED)
    cli.candidate()
    outcome = cli.judge("-q")
    assert outcome.code == 0, outcome.output
    assert matches(r"mine +crystals +0\.00 +0\.00 +2 passed", outcome.output) == 1
    assert "not passed" not in outcome.output


@pytest.mark.parametrize("arguments", [["-v"], ["-q", "-rf", "--tb=short"]])
def test_whoever_asks_sees_pytests_own_sections(cli: CommandLineRun, arguments: list[str]) -> None:
    cli.candidate("fakes:raises")
    outcome = cli.judge(*arguments)
    assert "= FAILURES =" in outcome.output
    assert ("= verdicts =" in outcome.output) == ("-v" in arguments)


def test_colours_are_pytests(cli: CommandLineRun) -> None:
    cli.candidate("fakes:raises")
    coloured = cli.judge("-q", "--color=yes").output
    assert "\x1b[31m1 failed: gate.own-gate.failed" in coloured
    assert "\x1b[31m1 failed\x1b[0m" in coloured


def test_failures_that_judge_nothing_stay_in_pytests_sections(
    cli: CommandLineRun, tmp_path: Path
) -> None:
    (tmp_path / "test_own.py").write_text(
        "import pytest\n@pytest.mark.accuracy\ndef test_own():\n    assert 1 == 2, 'own'\n"
    )
    cli.candidate()
    ini = f"--config-file={ROOT / 'pyproject.toml'}"
    outcome = cli.judge("-q", "-p", "umlip_gate.plugin", ini, str(tmp_path / "test_own.py"))
    assert "= FAILURES =" in outcome.output
    assert "assert 1 == 2" in outcome.output
