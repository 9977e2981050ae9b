"""The paper's claims about costs, judged on costs that a test makes up."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.selftest.made_evidence import MadeBench, cell
from umlip_gate.claims.kinds import (
    CostCorrelation,
    CostLine,
    CostOrder,
    CostOverDft,
    CostRatio,
    CostSpeedup,
    CostSteps,
    ParetoFront,
)
from umlip_gate.claims.kinds.base import Kind
from umlip_gate.claims.verdict import Finding, Judgement, Origin
from umlip_gate.cost.evidence import KnownCost, KnownCosts
from umlip_gate.faults import NotMeasured, NotObtainable

pytestmark = pytest.mark.selftest

SIZES = (16, 54, 125, 250, 432)
ERROR = {"quantity": "energy_rmse", "convention": "per_atom", "unit": "meV/atom"}


def known(
    source: Origin = "random",
    power: float = 1.0,
    problems: Mapping[str, str] | None = None,
    **us: float,
) -> KnownCosts:
    """Costs of models in µs per step and atom at 125 atoms."""
    models = {
        name: KnownCost(
            name,
            source,
            {n: 1e-6 * value * 125 * (n / 125) ** power for n in SIZES},
            {} if source == "stored" else {125: 30},
        )
        for name, value in us.items()
    }
    return KnownCosts("a machine", models, problems or {})


def judged(asked: type[Kind], bench: MadeBench, /, **keys: Any) -> Judgement:  # noqa: ANN401 - any TOML value
    assertion = asked.model_validate({"name": "x", **keys})
    (subject,) = assertion.subjects()
    return assertion.judge(subject, bench)


def bench(
    cpu: KnownCosts | None = None, cuda: KnownCosts | None = None, **rmse: float
) -> MadeBench:
    costs = {device: costs for device, costs in (("cpu", cpu), ("cuda", cuda)) if costs}
    return MadeBench([cell(name, value) for name, value in rmse.items()], costs=costs)


@pytest.mark.parametrize(
    ("a_us", "finding"),
    [
        (900, Finding.OUTSIDE),
        (1000, Finding.INSIDE),
        (4999, Finding.INSIDE),
        (5100, Finding.OUTSIDE),
    ],
)
def test_a_ratio_is_held_against_both_ends(a_us: float, finding: Finding) -> None:
    keys = {"kind": "cost-ratio", "device": "cpu", "models": ["a"], "over": ["b"]}
    found = judged(CostRatio, bench(known(a=a_us, b=100)), **keys, min=10, max=50)
    assert found.finding is finding
    assert found.value == pytest.approx(a_us / 100)
    assert found.source == "random"


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        (CostSteps, {"kind": "cost-steps", "device": "cpu", "min": 3}),
        (
            CostOrder,
            {
                "kind": "cost-order",
                "device": "cpu",
                "groups": [["a"]],
                "rest": True,
                "told_apart": 1.5,
            },
        ),
        (CostSpeedup, {"kind": "cost-speedup", "min": 2}),
    ],
)
def test_a_model_that_broke_decides_nothing(asked: type[Kind], keys: dict[str, Any]) -> None:
    costs = known(a=10, b=100, problems={"c": "crashed"})
    with pytest.raises(NotMeasured, match="c: crashed"):
        judged(asked, bench(costs, known(a=1, b=2)), **keys)


def test_a_ratio_without_one_of_its_models() -> None:
    keys = {"kind": "cost-ratio", "device": "cpu", "models": ["a"], "over": ["b"], "min": 2}
    with pytest.raises(NotObtainable, match="what b costs on a machine is unknown"):
        judged(CostRatio, bench(known(a=1)), **keys)
    with pytest.raises(NotMeasured, match="b: it crashed"):
        judged(CostRatio, bench(known(a=1, problems={"b": "it crashed"})), **keys)
    with pytest.raises(NotObtainable):
        judged(CostRatio, bench(), **keys)


ORDER = {"kind": "cost-order", "device": "cuda", "told_apart": 1.1}


@pytest.mark.parametrize(
    ("b_us", "finding", "tau"),
    [(12, Finding.INSIDE, 1), (10.5, Finding.UNDECIDED, 1), (9, Finding.OUTSIDE, -1)],
)
def test_an_order_of_two(b_us: float, finding: Finding, tau: float) -> None:
    made = bench(cuda=known(a=10, b=b_us))
    found = judged(CostOrder, made, **ORDER, groups=[["a"], ["b"]])
    assert (found.finding, found.value) == (finding, tau)


def test_families_stand_for_their_geometric_mean() -> None:
    made = bench(cuda=known(a=5, b=20, c=15, d=16))
    groups = [["a", "b"], ["c", "d"]]
    assert judged(CostOrder, made, **ORDER, groups=groups).finding is Finding.INSIDE
    every = judged(CostOrder, made, **ORDER, groups=groups, every=True)
    assert every.finding is Finding.OUTSIDE


def test_the_fastest_of_all_that_were_measured() -> None:
    keys = {**ORDER, "groups": [["a"]], "rest": True, "every": True}
    assert judged(CostOrder, bench(cuda=known(a=1, b=2, c=3)), **keys).finding is Finding.INSIDE
    assert judged(CostOrder, bench(cuda=known(a=2.5, b=2, c=3)), **keys).finding is Finding.OUTSIDE
    with pytest.raises(NotObtainable, match="known of"):
        judged(CostOrder, bench(cuda=known(b=2, c=3)), **keys)


def test_an_order_of_one_group_is_none() -> None:
    with pytest.raises(NotObtainable, match="known of"):
        judged(CostOrder, bench(cuda=known(a=1)), **ORDER, groups=[["a"], ["b"]])


@pytest.mark.parametrize(
    ("power", "finding"), [(1, Finding.INSIDE), (1.1, Finding.INSIDE), (2, Finding.OUTSIDE)]
)
def test_a_line(power: float, finding: Finding) -> None:
    keys = {"kind": "cost-line", "devices": ["cpu", "cuda"], "models": ["a"], "max": 0.17}
    assert judged(CostLine, bench(known(a=1, power=power)), **keys).finding is finding


def test_a_line_on_the_device_that_the_model_is_known_on() -> None:
    keys = {"kind": "cost-line", "devices": ["cpu", "cuda"], "models": ["a"], "max": 0.17}
    made = bench(known(b=1), known("stored", a=1))
    assert judged(CostLine, made, **keys).source == "stored"


def test_the_largest_speedup_of_models_known_on_both() -> None:
    made = bench(known(a=100, b=900, c=9), known("stored", a=10, b=10))
    found = judged(CostSpeedup, made, kind="cost-speedup", min=33, max=300)
    assert (found.model, found.finding) == ("b", Finding.INSIDE)
    assert found.value == pytest.approx(90)
    with pytest.raises(NotObtainable, match="both on a core and on a GPU"):
        judged(CostSpeedup, bench(known(a=1), known(b=1)), kind="cost-speedup", min=33)


def test_steps_are_counted_of_what_this_run_timed() -> None:
    keys = {"kind": "cost-steps", "device": "cpu", "min": 3}
    assert judged(CostSteps, bench(known(a=1)), **keys).value == 30
    with pytest.raises(NotObtainable, match="in this run"):
        judged(CostSteps, bench(known("stored", a=1)), **keys)


def test_dft_needs_a_time_that_a_user_brings() -> None:
    keys = {"kind": "cost-over-dft", "device": "cpu", "models": ["a"], "min": 1000}
    with pytest.raises(NotObtainable, match="dft_core_s_per_atom"):
        judged(CostOverDft, bench(known(a=1000)), **keys)
    found = judged(CostOverDft, bench(known(a=1000)), **keys, dft_core_s_per_atom=3.0)
    assert found.finding is Finding.INSIDE
    assert found.value == pytest.approx(3000)
    found = judged(CostOverDft, bench(known(a=1000)), **keys, dft_core_s_per_atom=0.5)
    assert found.finding is Finding.OUTSIDE


def pareto(model: str, **more: Any) -> Judgement:  # noqa: ANN401 - any TOML value
    made = bench(known(a=10, b=20, c=40, d=50), a=9.0, b=5.0, c=3.0, d=20.0)
    keys = {"kind": "pareto", "device": "cpu", "models": [model], "dataset": "W-g", **ERROR}
    return judged(ParetoFront, made, **keys, **more)


@pytest.mark.parametrize(
    ("model", "finding"), [("a", Finding.INSIDE), ("c", Finding.INSIDE), ("d", Finding.OUTSIDE)]
)
def test_the_pareto_front(model: str, finding: Finding) -> None:
    assert pareto(model).finding is finding


def test_far_from_the_pareto_front() -> None:
    assert pareto("d", far=2.0).finding is Finding.INSIDE
    assert pareto("a", far=2.0).finding is Finding.OUTSIDE
    assert pareto("d", far=50.0).finding is Finding.OUTSIDE


def test_a_front_of_too_few_is_none() -> None:
    keys = {"kind": "pareto", "device": "cpu", "models": ["a"], "dataset": "W-g", **ERROR}
    with pytest.raises(NotObtainable, match="at least 4 models are needed"):
        judged(ParetoFront, bench(known(a=1, b=2), a=1.0, b=2.0), **keys)


def test_cost_buys_accuracy_or_not() -> None:
    keys = {"kind": "cost-correlation", "device": "cpu", "dataset": "W-g", "max": 0, **ERROR}
    names = "abcdefgh"
    costs = known("random", 1.0, None, **{name: 2.0**place for place, name in enumerate(names)})
    falling = {name: 9.0 - place for place, name in enumerate(names)}
    rising = {name: 1.0 + place for place, name in enumerate(names)}
    found = judged(CostCorrelation, bench(costs, None, **falling), **keys)
    assert found.finding is Finding.INSIDE
    assert found.value == pytest.approx(-1)
    assert (
        judged(CostCorrelation, bench(costs, None, **rising), **keys).finding is not Finding.INSIDE
    )
