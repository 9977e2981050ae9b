"""The paper's claims about costs, judged on costs that a test makes up."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.selftest.builders.evidence import FakeContext, result
from tests.selftest.checkout import ROOT
from umlip_gate.claims.assertions import (
    CostCorrelation,
    CostLine,
    CostOrder,
    CostOverDft,
    CostRatio,
    CostSpeedup,
    ParetoFront,
)
from umlip_gate.claims.assertions.base import Kind
from umlip_gate.claims.thresholds import load_thresholds
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.cost.evidence import KnownCost, KnownCosts
from umlip_gate.datasets.registry import Dataset, load_registry
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.models.combined import load_ensembles, recalculations
from umlip_gate.models.registry import load_models
from umlip_gate.provenance import Provenance

pytestmark = pytest.mark.selftest

SIZES = (8, 16, 54, 125, 250, 432)
ERROR = {"quantity": "energy_rmse", "convention": "per_atom", "unit": "meV/atom"}
BOTH = {**ERROR, "device": "cpu", "n_atoms": 125, "dataset": "W-g", "fewest_models": 4}


def known(
    source: Provenance = "random",
    power: float = 1.0,
    problems: Mapping[str, str] | None = None,
    sizes: Sequence[int] = SIZES,
    **us: float,
) -> KnownCosts:
    """Costs of models in µs per step and atom at 125 atoms."""
    models = {
        name: KnownCost(
            name,
            source,
            {n: 1e-6 * value * 125 * (n / 125) ** power for n in sizes},
            dict.fromkeys(sizes, 30),
        )
        for name, value in us.items()
    }
    return KnownCosts("a machine", models, problems or {})


def judged(asked: type[Kind], context: FakeContext, /, **keys: Any) -> Verdict:  # noqa: ANN401 - any TOML value
    size = {"n_atoms": 125} if "n_atoms" in asked.model_fields else {}
    assertion = asked.model_validate({"name": "x", **size, **keys})
    (subject,) = assertion.subjects()
    return assertion.judge(subject, context)


def counts(verdict: Verdict) -> tuple[int, int]:
    """Over how many models of how many."""
    details = verdict.details
    return details["n_models_judged"], details["n_models_meant"]


def context(
    cpu: KnownCosts | None = None, cuda: KnownCosts | None = None, **rmse: float
) -> FakeContext:
    costs = {device: costs for device, costs in (("cpu", cpu), ("cuda", cuda)) if costs}
    return FakeContext([result(name, value) for name, value in rmse.items()], costs=costs)


@pytest.mark.parametrize(
    ("a_us", "outcome"),
    [
        (900, Outcome.FAILED),
        (1000, Outcome.PASSED),
        (4999, Outcome.PASSED),
        (5100, Outcome.FAILED),
    ],
)
def test_a_ratio_is_compared_with_both_ends(a_us: float, outcome: Outcome) -> None:
    keys = {"kind": "cost-ratio", "device": "cpu", "models": ["a"], "over": ["b"]}
    found = judged(CostRatio, context(known(a=a_us, b=100)), **keys, min=10, max=50)
    assert found.outcome is outcome
    assert found.value == pytest.approx(a_us / 100)
    assert found.source == "random"


RATIO = {"kind": "cost-ratio", "name": "x", "device": "cpu", "n_atoms": 125}


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ({}, "a bound needs min, max or both"),
        ({"min": 3, "max": 2}, "max is below min = 3"),
        ({"min": 0}, "greater than 0"),
    ],
)
def test_ends_are_checked_as_those_of_every_bound(ends: dict[str, float], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        CostRatio.model_validate({**RATIO, "models": ["a"], "over": ["b"], **ends})


def test_the_size_that_is_compared_is_written_out() -> None:
    keys = {"kind": "cost-ratio", "name": "x", "device": "cpu", "min": 1}
    with pytest.raises(ValidationError, match=r"n_atoms\n  Field required"):
        CostRatio.model_validate({**keys, "models": ["a"], "over": ["b"]})


def test_the_known_failure_of_a_cost_must_be_outside(tmp_path: Path) -> None:
    folder = tmp_path / "thresholds"
    shutil.copytree(ROOT / "thresholds", folder)
    known = folder / "known_failures.toml"
    known.write_text(known.read_text().replace("value = 2.73", "value = 5.0"))
    with pytest.raises(InputError, match=r"fig7-smlip-slower.smlip on bcc-W: value = 5 passes"):
        load_thresholds(folder, *known_names())


def known_names() -> tuple[set[str], Mapping[str, Dataset]]:
    """Everything that the thresholds may name."""
    models = load_models()
    datasets = load_registry(ROOT / "fixtures" / "datasets.toml")
    ensembles = load_ensembles(ROOT / "fixtures" / "ensembles.toml", set(models))
    return {*models, *ensembles, *recalculations(datasets)}, datasets


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        (
            CostOrder,
            {
                "kind": "cost-order",
                "device": "cpu",
                "faster": ["a"],
                "told_apart": 1.5,
            },
        ),
        (CostSpeedup, {"kind": "cost-speedup", "min": 2}),
    ],
)
def test_a_model_that_broke_decides_nothing(asked: type[Kind], keys: dict[str, Any]) -> None:
    costs = known(a=10, b=100, problems={"c": "crashed"})
    with pytest.raises(MeasurementError, match="c: crashed"):
        judged(asked, context(costs, known(a=1, b=2)), **keys)


def test_a_ratio_without_one_of_its_models() -> None:
    keys = {"kind": "cost-ratio", "device": "cpu", "models": ["a"], "over": ["b"], "min": 2}
    with pytest.raises(Unavailable, match="what b costs on a machine is unknown"):
        judged(CostRatio, context(known(a=1)), **keys)
    with pytest.raises(MeasurementError, match="b: it crashed"):
        judged(CostRatio, context(known(a=1, problems={"b": "it crashed"})), **keys)
    with pytest.raises(Unavailable):
        judged(CostRatio, context(), **keys)


ORDER = {"kind": "cost-order", "device": "cuda", "told_apart": 1.1}


@pytest.mark.parametrize(
    ("b_us", "outcome"),
    [
        (12, Outcome.PASSED),
        (10.5, Outcome.INCONCLUSIVE),
        (9.5, Outcome.INCONCLUSIVE),
        (9, Outcome.FAILED),
    ],
)
def test_an_order_of_two(b_us: float, outcome: Outcome) -> None:
    made = context(cuda=known(a=10, b=b_us))
    found = judged(CostOrder, made, **ORDER, faster=["a"], slower=["b"])
    assert found.outcome is outcome
    assert found.value == pytest.approx(b_us / 10)
    assert counts(found) == (2, 2)


def test_families_stand_for_their_geometric_mean() -> None:
    made = context(cuda=known(a=5, b=20, c=15, d=16))
    sides = {"faster": ["a", "b"], "slower": ["c", "d", "e"]}
    mean = judged(CostOrder, made, **ORDER, **sides)
    assert mean.outcome is Outcome.PASSED
    assert mean.value == pytest.approx(240**0.5 / 10)
    assert counts(mean) == (4, 5)
    every = judged(CostOrder, made, **ORDER, **sides, every=True)
    assert every.outcome is Outcome.FAILED
    assert every.value == pytest.approx(15 / 20)


def test_the_fastest_of_all_that_are_known() -> None:
    keys = {**ORDER, "faster": ["a"], "every": True}
    found = judged(CostOrder, context(cuda=known(a=1, b=2, c=3), z=1.0), **keys)
    assert found.outcome is Outcome.PASSED
    assert counts(found) == (3, 4)  # z is of Table 1, and its cost is not known
    assert judged(CostOrder, context(cuda=known(a=2.5, b=2, c=3)), **keys).outcome is Outcome.FAILED
    with pytest.raises(Unavailable, match="known of b, c only, and of none of a"):
        judged(CostOrder, context(cuda=known(b=2, c=3)), **keys)


def test_an_order_of_one_side_is_none() -> None:
    with pytest.raises(Unavailable, match="known of a only, and of none of b"):
        judged(CostOrder, context(cuda=known(a=1)), **ORDER, faster=["a"], slower=["b"])


LINE: dict[str, Any] = {
    "kind": "cost-line",
    "devices": ["cpu", "cuda"],
    "models": ["a"],
    "max": 0.17,
}


@pytest.mark.parametrize(
    ("power", "outcome"), [(1, Outcome.PASSED), (1.1, Outcome.PASSED), (2, Outcome.FAILED)]
)
def test_a_line(power: float, outcome: Outcome) -> None:
    made = context(known(a=1, power=power))
    assert judged(CostLine, made, **LINE, fewest_sizes=4).outcome is outcome


@pytest.mark.parametrize("power", [1, 1.5])
def test_few_sizes_decide_no_line(power: float) -> None:
    """N^1.5 leaves less than the limit over three sizes, and more over the four smallest."""
    three = judged(
        CostLine, context(known(a=1, power=power, sizes=SIZES[:3])), **LINE, fewest_sizes=4
    )
    assert three.outcome is Outcome.INCONCLUSIVE
    assert three.value < LINE["max"]
    assert "not decided by fewer than 4 sizes" in three.reason
    four = judged(
        CostLine, context(known(a=1, power=power, sizes=SIZES[:4])), **LINE, fewest_sizes=4
    )
    assert four.outcome is Outcome.of(power == 1)


def test_a_line_on_the_device_that_the_model_is_known_on() -> None:
    made = context(known(b=1), known("stored", a=1))
    assert judged(CostLine, made, **LINE, fewest_sizes=4).source == "stored"


def test_the_largest_speedup_of_models_known_on_both() -> None:
    made = context(known(a=100, b=900, c=9), known("stored", a=10, b=10))
    found = judged(CostSpeedup, made, kind="cost-speedup", min=33, max=300)
    assert (found.model, found.outcome) == ("b", Outcome.PASSED)
    assert found.value == pytest.approx(90)
    assert counts(found) == (2, 3)
    with pytest.raises(Unavailable, match="both on a core and on a GPU"):
        judged(CostSpeedup, context(known(a=1), known(b=1)), kind="cost-speedup", min=33)


def test_dft_needs_a_time_that_a_user_brings() -> None:
    keys = {"kind": "cost-over-dft", "device": "cpu", "models": ["a"], "min": 1000}
    with pytest.raises(Unavailable, match="dft_core_s_per_atom"):
        judged(CostOverDft, context(known(a=1000)), **keys)
    found = judged(CostOverDft, context(known(a=1000)), **keys, dft_core_s_per_atom=3.0)
    assert found.outcome is Outcome.PASSED
    assert found.value == pytest.approx(3000)
    found = judged(CostOverDft, context(known(a=1000)), **keys, dft_core_s_per_atom=0.5)
    assert found.outcome is Outcome.FAILED


def pareto(model: str, **more: Any) -> Verdict:  # noqa: ANN401 - any TOML value
    made = context(known(a=10, b=20, c=40, d=50), a=9.0, b=5.0, c=3.0, d=20.0, z=1.0)
    return judged(ParetoFront, made, kind="pareto", models=[model], **BOTH, **more)


@pytest.mark.parametrize(
    ("model", "outcome"), [("a", Outcome.PASSED), ("c", Outcome.PASSED), ("d", Outcome.FAILED)]
)
def test_the_pareto_front(model: str, outcome: Outcome) -> None:
    found = pareto(model)
    assert found.outcome is outcome
    assert counts(found) == (4, 5)  # the cost of one is not known
    assert "of 4 of 5 models" in found.reason


def test_far_from_the_pareto_front() -> None:
    assert pareto("d", far=2.0).outcome is Outcome.PASSED
    assert pareto("a", far=2.0).outcome is Outcome.FAILED
    assert pareto("d", far=50.0).outcome is Outcome.FAILED


def test_another_dataset_stands_beside_the_front() -> None:
    found = pareto("d", beside="W-g")
    assert found.outcome is Outcome.FAILED
    assert found.reason.count("behind c by a factor of 6.67") == 2
    assert "; beside it, on W-g: d (random cost): behind c" in found.reason
    with pytest.raises(Unavailable, match="4 models are needed; beside it, on W-g: cost on"):
        judged(
            ParetoFront,
            context(known(a=1, b=2), a=1.0, b=2.0),
            kind="pareto",
            models=["a"],
            beside="W-g",
            **BOTH,
        )


def test_a_front_of_too_few_is_none() -> None:
    with pytest.raises(Unavailable, match="at least 4 models are needed"):
        judged(
            ParetoFront, context(known(a=1, b=2), a=1.0, b=2.0), kind="pareto", models=["a"], **BOTH
        )


@pytest.mark.parametrize(
    ("n_models", "outcome"), [(4, Outcome.INCONCLUSIVE), (6, Outcome.PASSED), (8, Outcome.PASSED)]
)
def test_cost_buys_accuracy(n_models: int, outcome: Outcome) -> None:
    """Four models have no interval: one of a bootstrap's samples has a single model only."""
    costs, falling, _ = costlier(n_models)
    found = judged(CostCorrelation, context(costs, None, **falling), **CORRELATION)
    assert found.value == pytest.approx(-1)
    assert found.outcome is outcome
    assert counts(found) == (n_models, n_models)


def test_cost_buys_nothing() -> None:
    costs, _, rising = costlier(8)
    found = judged(CostCorrelation, context(costs, None, **rising), **CORRELATION)
    assert found.outcome is Outcome.FAILED


CORRELATION = {"kind": "cost-correlation", "max": 0, "strict": True, **BOTH}


def costlier(n_models: int) -> tuple[KnownCosts, dict[str, float], dict[str, float]]:
    """Return models, each twice as costly as the one before; falling and rising errors."""
    names = "abcdefgh"[:n_models]
    costs = known(
        "random", 1.0, None, SIZES, **{name: 2.0**place for place, name in enumerate(names)}
    )
    falling = {name: 9.0 - place for place, name in enumerate(names)}
    return costs, falling, {name: 10.0 - error for name, error in falling.items()}
