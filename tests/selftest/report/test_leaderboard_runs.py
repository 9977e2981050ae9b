"""The leaderboard from the command line: a prediction file and a table of the registry suffice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.selftest.plugin.test_claim_runs import Project

pytestmark = pytest.mark.selftest

SETS = (
    "GRACE-2L-OMAT",
    "DPA3-V2",
    "7net",
    "esen",
    "esen-omat",
    "orb-v3-con-20-omat",
    "orb-v3-con-inf-omat",
    "orb-v3-direct-20-omat",
    "orb-v3-direct-inf-omat",
    "7net-omat-1",
    "7net-omat-2",
)
"""Of the published prediction sets on W-g, those of models that Table 1 lacks: eleven. The names
within a family are made, as the files are."""


def test_the_eleven_further_published_sets_by_data_alone(tmp_path: Path) -> None:
    project = Project(tmp_path)
    offsets = {name: 1.0 + place for place, name in enumerate(SETS)}
    project.models(good=0.8, bad=0.9, **offsets)
    outcome = project.run(project.accuracy())
    assert outcome.code == 0, outcome.output
    command = [sys.executable, "-m", "umlip_gate.report.leaderboard"]
    command += [str(tmp_path / "results.json"), "--gate=own", "--dataset=crystals"]
    command += [f"--json={tmp_path / 'models.json'}", f"--csv={tmp_path / 'models.csv'}"]
    made = subprocess.run(
        command,
        cwd=project.root,
        env=project.environment | {"PYTHONPATH": str(project.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    rows = json.loads((tmp_path / "models.json").read_text())
    assert [row["model"] for row in rows] == ["good", "bad", *SETS]
    assert {row["source"] for row in rows} == {"published"}
    values = [row["numbers"]["energy_rmse per_atom"]["value"] for row in rows]
    assert values == pytest.approx([0.8, 0.9, *offsets.values()], rel=1e-3)
    listed = [line for line in made.stdout.splitlines() if "| published |" in line]
    assert len(listed) == 13
    assert len((tmp_path / "models.csv").read_text().splitlines()) == 14
