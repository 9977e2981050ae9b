"""`pytest -m physics` on a stranger's calculator, in a folder with two files and nothing else."""

import json
import shutil
from pathlib import Path

import ase.io
import pytest

from tests.selftest.installed.conftest import Installed
from tests.selftest.physics import mutants

pytestmark = pytest.mark.selftest

CANDIDATE = """
name = "mine"
calculator = "mutants:{calculator}"
dtype = "float64"
level_of_theory = "PBE"
"""


@pytest.mark.slow
def test_a_counterexample_is_shrunk_and_left_as_a_file(
    tmp_path: Path, installed: Installed
) -> None:
    shutil.copy(str(mutants.__file__), tmp_path / "mutants.py")
    (tmp_path / "my.toml").write_text(CANDIDATE.format(calculator="left_handed"))
    outcome = installed.pytest(
        tmp_path,
        *("--pyargs", "umlip_gate.suite.physics", "-m", "physics"),
        *("-k", "mine and reflection-energy", "--umlip-candidate=my.toml"),
        *("--umlip-results=results.json", "--umlip-offline"),
    )
    assert outcome.code == 1, outcome.output
    (verdict,) = json.loads((tmp_path / "results.json").read_text())["verdicts"]
    assert verdict["id"] == "mine:refractory-mini-MoNbTaW:physics.reflection-energy"
    assert "the smallest crystal beyond the limit is Crystal(" in verdict["reason"]
    first, image = ase.io.read(verdict["details"]["counterexample"], index=":")
    assert len(first) == len(image) <= 8
    energies = []
    for atoms in (first, image):
        atoms.calc = mutants.left_handed()
        energies.append(atoms.get_potential_energy())
    assert abs(energies[0] - energies[1]) / len(first) * 1000 > verdict["limit"]
