"""Claims that are not the paper's are marked as such by their ids."""

import shutil
from pathlib import Path

import pytest

from tests.selftest.checkout import ROOT
from umlip_gate.claims.thresholds import BEYOND, load_thresholds
from umlip_gate.datasets.registry import load_registry
from umlip_gate.errors import InputError
from umlip_gate.models.combined import load_ensembles, recalculations
from umlip_gate.models.registry import load_models

pytestmark = pytest.mark.selftest

MODELS = load_models()
DATASETS = load_registry(ROOT / "fixtures" / "datasets.toml")
KNOWN = {
    *MODELS,
    *load_ensembles(ROOT / "fixtures" / "ensembles.toml", set(MODELS)),
    *recalculations(DATASETS),
}


def test_they_compare_models_that_differ_in_training_data_alone() -> None:
    thresholds = load_thresholds(ROOT / "thresholds", KNOWN, DATASETS)
    named = {
        model
        for item, assertion in thresholds.assertions().items()
        if item.startswith(BEYOND)
        for model in assertion.named_models
    }
    assert named == {"Nequix-MP-1", "Nequix-OMat-1", "Nequix-OAM-1"}
    assert len({MODELS[name].parameters for name in named}) == 1
    assert len({MODELS[name].training_data for name in named}) == len(named)
    assert not any(claim.startswith(BEYOND) for claim in thresholds.ids)


def test_an_id_without_the_mark_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "thresholds", tmp_path / "thresholds")
    path = tmp_path / "thresholds" / "beyond" / "training-data.toml"
    path.write_text(path.read_text("utf-8").replace('"beyond-mptrj-soft"', '"mptrj-soft"'), "utf-8")
    with pytest.raises(InputError, match="mptrj-soft: a claim that is not the paper's is beyond-"):
        load_thresholds(tmp_path / "thresholds", KNOWN, DATASETS)
