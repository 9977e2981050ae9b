from typing import Any

import pytest

from tests.selftest.builders.evidence import limit
from tests.selftest.checkout import ROOT
from umlip_gate.claims.level_of_theory import check_claims, check_gate, check_members
from umlip_gate.claims.schema import Gate, Reference
from umlip_gate.claims.thresholds import load_thresholds
from umlip_gate.datasets.registry import load_registry
from umlip_gate.errors import InputError
from umlip_gate.models.combined import Ensemble, load_ensembles, recalculations
from umlip_gate.models.registry import Model, load_models

pytestmark = pytest.mark.selftest

MODELS = load_models()
DATASETS = load_registry(ROOT / "fixtures" / "datasets.toml")
ENSEMBLES = load_ensembles(ROOT / "fixtures" / "ensembles.toml", set(MODELS))
THRESHOLDS = load_thresholds(
    ROOT / "thresholds", {*MODELS, *ENSEMBLES, *recalculations(DATASETS)}, DATASETS
)


def as_r2scan(name: str) -> dict[str, Model]:
    return {**MODELS, name: MODELS[name].model_copy(update={"level_of_theory": "r2SCAN"})}


def test_what_is_shipped_compares_one_functional() -> None:
    check_claims(THRESHOLDS, MODELS, DATASETS)
    for gate in THRESHOLDS.gates.values():
        check_gate({"CHGNet_0.3.0": MODELS["CHGNet_0.3.0"]}, gate, DATASETS)
    for ensemble in ENSEMBLES.values():
        check_members(ensemble, MODELS)


def test_a_claim_refuses_a_model_of_another_functional() -> None:
    with pytest.raises(InputError, match=r"GRACE-2L-OAM predicts r2SCAN, and .* is PBE: a claim"):
        check_claims(THRESHOLDS, as_r2scan("GRACE-2L-OAM"), DATASETS)


@pytest.mark.parametrize(
    ("model", "convention", "difference"),
    [
        ("CHGNet_r2scan", "per_atom", "per_atom: it predicts r2SCAN"),
        ("CHGNet_r2scan", "per_configuration_composition_removed", None),
        ("Orb-d3-v2", "per_atom", "per_atom: it predicts energies with a D3 correction"),
        ("Orb-d3-v2", "per_configuration_composition_removed", None),
        ("CHGNet_0.3.0", "per_atom", None),
    ],
)
def test_a_reference_has_no_raw_energy_of_another_level_of_theory(
    model: str, convention: str, difference: str | None
) -> None:
    value = {
        "quantity": "energy_rmse",
        "convention": convention,
        "unit": "meV/atom",
        "value": 1.0,
        "relative_tolerance": 0.1,
    }
    reference = Reference.model_validate(
        {
            "model": model,
            "dataset": "refractory-mini",
            "source": "live",
            "rationale": "a self-test's",
            "values": [value],
        }
    )
    thresholds: Any = type("T", (), {"assertions": dict, "references": [reference], "pools": {}})()
    if difference:
        with pytest.raises(InputError, match=difference) as caught:
            check_claims(thresholds, MODELS, DATASETS)
        assert str(caught.value).endswith("; use a convention with …_composition_removed")
    else:
        check_claims(thresholds, MODELS, DATASETS)


def test_a_gate_refuses_a_candidate_of_another_functional() -> None:
    gate: Gate = THRESHOLDS.gates["quick"]
    with pytest.raises(
        InputError, match=r"gate quick: limit 'energy-slope': CHGNet_r2scan predi"
    ) as caught:
        check_gate({"CHGNet_r2scan": MODELS["CHGNet_r2scan"]}, gate, DATASETS)
    assert str(caught.value).endswith(
        ". Judge it by a gate on data of its own functional (--umlip-gate, --umlip-datasets)"
    )


def test_a_gate_refuses_a_candidate_with_dispersion() -> None:
    gate: Gate = THRESHOLDS.gates["quick"]
    with pytest.raises(InputError, match=r"gate quick: .*: Orb-d3-v2 predicts energies with a D3"):
        check_gate({"Orb-d3-v2": MODELS["Orb-d3-v2"]}, gate, DATASETS)


def test_an_ensemble_is_with_or_without_dispersion() -> None:
    mixed = Ensemble(name="mixed", members=("Orb-MPtraj-only-v2", "Orb-d3-v2"))
    with pytest.raises(InputError) as caught:
        check_members(mixed, MODELS)
    assert str(caught.value) == (
        "ensemble 'mixed': some of its members predict a D3 correction, and others do not"
    )
    check_members(Ensemble(name="same", members=("Orb-d3-sm-v2", "Orb-d3-v2")), MODELS)


def test_an_ensemble_is_of_one_functional() -> None:
    mixed = Ensemble(name="mixed", members=("CHGNet_0.3.0", "CHGNet_r2scan"))
    with pytest.raises(InputError, match="'mixed': its members predict PBE and r2SCAN"):
        check_members(mixed, MODELS)
    check_members(Ensemble(name="same", members=("CHGNet_0.3.0", "EAM-Zhou")), MODELS)


def test_the_assertion_is_looked_at_with_its_pools() -> None:
    assertion = limit(models=["CHGNet_r2scan"], datasets=["both"], max=1)
    pool = type("P", (), {"datasets": ("W-g", "Mo-g")})
    thresholds: Any = type(
        "T",
        (),
        {"assertions": lambda _: {"a.b": assertion}, "references": [], "pools": {"both": pool}},
    )()
    with pytest.raises(InputError, match=r"a\.b: CHGNet_r2scan predicts r2SCAN, and W-g is PBE"):
        check_claims(thresholds, MODELS, DATASETS)
