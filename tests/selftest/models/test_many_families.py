"""One run over families that cannot share an environment, each in its own, and one of them dies.

The weights are random, the packages and their environments are the real ones: runs where
`tox run -e` has made them.
"""

import os
from pathlib import Path

import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.cli import CommandLineRun
from umlip_gate.errors import Unavailable
from umlip_gate.models.prepare import prepare_model
from umlip_gate.models.registry import load_models
from umlip_gate.plugin.verdicts import NOT_MEASURED
from umlip_gate.settings import Settings

pytestmark = pytest.mark.selftest

SOUND = ("CHGNet_0.3.0", "SevenNet-0", "MACE-MPA-0", "ACE-W-0")
DYING = "Orb-d3-xs-v2"

CRASH = """
import os, signal, sys

class Crash:
    def find_spec(self, name, path=None, target=None):
        if name == "orb_models":
            os.kill(os.getpid(), signal.SIGSEGV)

sys.meta_path.insert(0, Crash())
"""
"""Taken in by every interpreter that starts; only Orb's worker imports the package."""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLineRun:
    models = load_models()
    for name in (*SOUND, DYING):
        try:
            prepare_model(models[name], "cpu", Settings(tmp_path, tmp_path), random_seed=0)
        except Unavailable as error:
            pytest.skip(str(error))
    (tmp_path / "sitecustomize.py").write_text(CRASH, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    return CommandLineRun(tmp_path)


def test_a_family_that_crashes_is_one_verdict_of_five(cli: CommandLineRun) -> None:
    command = cli.command(
        "-m",
        "accuracy",
        "--umlip-weights=random:0",
        *(f"--umlip-model={name}" for name in (*SOUND, DYING)),
        "--umlip-dataset=crystals",
        f"--umlip-datasets={cli.folder / 'data.toml'}",
        f"--umlip-results={cli.folder / 'results.json'}",
    )
    outcome = cli.run(command)
    assert outcome.code == NOT_MEASURED, outcome.output
    found = {verdict["model"]: verdict for verdict in outcome.results["verdicts"]}
    assert {name: found[name]["outcome"] for name in SOUND} == dict.fromkeys(SOUND, "passed")
    assert found[DYING]["outcome"] == "error"
    assert "died of SIGSEGV" in found[DYING]["reason"]
    assert len(found) == len(SOUND) + 1
    table = [line.split()[0] for line in outcome.output.splitlines() if " crystals " in line]
    assert set(table) == {*SOUND, DYING}
    assert outcome.results["unmeasured"] == [f"could not be measured: {DYING}:crystals:measured"]
