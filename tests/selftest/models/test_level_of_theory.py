from typing import Any

import pytest

from umlip_gate.datasets.registry import Dataset
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.level_of_theory import (
    LevelOfTheory,
    dispersion_difference,
    functional_difference,
)
from umlip_gate.models.registry import Model, load_models

pytestmark = pytest.mark.selftest


def entry(id_: str, **more: Any) -> Dataset:  # noqa: ANN401 - any TOML value
    files = {} if "subset" in more else {"files": [{"path": "x.xyz"}], "reader": "extxyz"}
    return Dataset.model_validate({"id": id_, "title": id_, "elements": ["W"], **files, **more})


DATASETS = {
    each.id: each
    for each in (
        entry("pbe", dft={"functional": "PBE"}),
        entry("r2scan", dft={"functional": "r2SCAN"}),
        entry("silent"),
        entry("part", subset={"of": "r2scan", "n_atoms": 2}),
        entry("d3", dft={"functional": "PBE-D3(BJ)"}),
        entry("part-d3", subset={"of": "d3", "n_atoms": 2}),
    )
}


@pytest.mark.parametrize(
    ("level", "dataset", "text"),
    [
        ("PBE", "pbe", None),
        ("PBE", "silent", None),
        ("r2SCAN", "r2scan", None),
        ("r2SCAN", "part", None),
        ("PBE", "r2scan", "predicts PBE, and r2scan is r2SCAN"),
        ("PBE", "part", "predicts PBE, and part is r2SCAN"),
        ("r2SCAN", "pbe", "predicts r2SCAN, and pbe is PBE"),
        ("r2SCAN", "silent", "predicts r2SCAN, and silent is PBE"),
        ("PBE", "d3", None),
        ("r2SCAN", "d3", "predicts r2SCAN, and d3 is PBE-D3(BJ)"),
        ("experiment", "pbe", None),
        ("not stated", "r2scan", None),
        (None, "r2scan", None),
    ],
)
def test_functionals_are_compared(
    level: LevelOfTheory | None, dataset: str, text: str | None
) -> None:
    assert functional_difference(level, dataset, DATASETS) == text


@pytest.mark.parametrize(
    ("d3", "dataset", "text"),
    [
        (False, "pbe", None),
        (False, "silent", None),
        (True, "pbe", "predicts energies with a D3 correction, and pbe is PBE without"),
        (True, "silent", "predicts energies with a D3 correction, and silent is PBE without"),
        (True, "part", "predicts energies with a D3 correction, and part is r2SCAN without"),
        (True, "d3", None),
        (True, "part-d3", None),
        (False, "d3", r"predicts energies without dispersion, and d3 is PBE-D3(BJ)"),
    ],
)
def test_dispersion_corrections_are_compared(*, d3: bool, dataset: str, text: str | None) -> None:
    subject = Candidate.model_validate({"name": "a", "calculator": "x:y", "d3": d3, "folder": "."})
    assert dispersion_difference(subject, dataset, DATASETS) == text


def test_the_registry_has_models_of_both_functionals() -> None:
    models: dict[str, Model] = load_models()
    r2scan = {name for name, model in models.items() if model.level_of_theory == "r2SCAN"}
    assert r2scan >= {"CHGNet_r2scan", "SevenNet-MF-0_r2SCAN"}
    assert {model.level_of_theory for model in models.values() if model.table1} == {"PBE"}
    assert not any(models[name].default for name in r2scan)
