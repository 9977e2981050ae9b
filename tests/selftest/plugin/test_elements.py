"""A candidate that states its elements, gates that it does not cover, and one of physics alone."""

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.selftest.checkout import ROOT
from tests.selftest.cli import CommandLineRun
from umlip_gate.claims.schema import Gate
from umlip_gate.datasets.registry import load_registry
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.models.candidate import load_candidate
from umlip_gate.physics.crystals import cells_of
from umlip_gate.plugin.brought_models import check_coverage
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.sources import require_some_trained
from umlip_gate.schema import validate
from umlip_gate.settings import FIXTURES

pytestmark = pytest.mark.selftest

PHYSICS: dict[str, Any] = {"quantities": ["gradient"]}
LIMIT = {
    "name": "force",
    "dataset": "W-g",
    "quantity": "force_rmse",
    "convention": "component",
    "unit": "meV/Å",
    "max": 5.0,
    "rationale": "why",
}


def gate(**keys: object) -> Gate:
    return validate(Gate, {"name": "own", "description": "d", **keys}, "own.toml")


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({}, "a gate has limits, or physics, or both"),
        ({"limit": [LIMIT]}, "required: name the datasets"),
        ({"physics": PHYSICS}, "of a dataset's elements, or of elements that it lists"),
        ({"physics": {**PHYSICS, "dataset": "W-g", "elements": ["W"]}}, "elements that it lists"),
        ({"physics": {**PHYSICS, "elements": ["Qq"]}}, "not the symbol of an element"),
    ],
)
def test_a_gate_that_asks_for_nothing_is_refused(keys: dict[str, object], text: str) -> None:
    with pytest.raises(InputError) as caught:
        gate(**keys)
    assert text in str(caught.value)


def test_cells_are_made_of_each_element_and_of_all_together() -> None:
    cells = cells_of(["Na", "Cl"])
    assert {atoms.symbols.get_chemical_formula(empirical=True) for atoms in cells[:4]} == (
        {"Na", "Cl"}
    )
    assert all({*atoms.symbols} <= {"Na", "Cl"} for atoms in cells[4:])
    assert all(atoms.pbc.all() and len(atoms) == 4 for atoms in cells)


def test_a_gate_without_the_candidates_elements_is_refused_at_start(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\ncalculator = "a:b"\nelements = ["O", "H"]\n')
    candidate = load_candidate(path, set(), set())
    datasets = load_registry(FIXTURES / "datasets.toml")
    with pytest.raises(InputError, match="mine covers none of it: its elements are O, H, the gate"):
        check_coverage(candidate, gate(limit=[LIMIT], required=["W-g"]), datasets)
    check_coverage(candidate, gate(physics={**PHYSICS, "elements": ["O"]}), datasets)


def test_a_model_that_was_asked_and_refused_all_covers_none_of_it() -> None:
    refused = "ValueError: the model was not trained on W"
    failures = dict.fromkeys(range(3), refused)
    nothing = Predictions(np.full(3, np.nan), np.full((3, 3), np.nan), failures)
    with pytest.raises(Unavailable, match="mine on W-g: it covers none of it"):
        require_some_trained("mine on W-g", nothing)
    failures[1] = "RuntimeError: another"
    some = Predictions(np.full(3, np.nan), np.full((3, 3), np.nan), failures)
    require_some_trained("mine on W-g", some)


@pytest.fixture
def desk(tmp_path: Path) -> CommandLineRun:
    return CommandLineRun(tmp_path)


def test_a_dataset_of_other_elements_is_one_cause(desk: CommandLineRun) -> None:
    gate_file = desk.folder / "own-gate.toml"
    physics = '\n[physics]\nelements = ["Mo"]\nquantities = ["gradient"]\n\n[[limit]]'
    gate_file.write_text(gate_file.read_text().replace("\n[[limit]]", physics, 1))
    desk.candidate(elements=["Mo"])
    outcome = desk.judge()
    assert outcome.code == 6, outcome.output
    text = "mine on crystals: it does not cover W: it covers none of it"
    for name in ("energy", "failed"):
        assert outcome.verdicts[name]["outcome"] == "error"
        assert text in outcome.verdicts[name]["reason"]
    assert outcome.verdicts["physics-gradient"]["outcome"] == "passed"


def test_the_gate_of_physics_alone_in_the_docs_judges_any_elements(desk: CommandLineRun) -> None:
    page = (ROOT / "docs" / "gate-your-model.md").read_text(encoding="utf-8")
    (example,) = (
        text for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "Cu" in text
    )
    assert tomllib.loads(example)["physics"]["elements"] == ["Al", "Cu"]
    (desk.folder / "own-gate.toml").write_text(example, encoding="utf-8")
    desk.candidate("ase.calculators.emt:EMT", elements=["Al", "Cu", "Ni"])
    outcome = desk.judge()
    assert outcome.code == 0, outcome.output
    asked = tomllib.loads(example)["physics"]["quantities"]
    laws = [each for each in outcome.results["verdicts"] if ".physics-" in each["id"]]
    assert len(laws) == len(asked)
    assert {(each["dataset"], each["outcome"]) for each in laws} == {("elements-Al-Cu", "passed")}
