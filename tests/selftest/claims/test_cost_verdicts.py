"""Costs, judged by a baseline and beside another model: from times that a test sets."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from umlip_gate.claims import cost_verdicts
from umlip_gate.claims.cost_verdicts import (
    judge_baseline,
    judge_comparison,
    judge_step,
    outcome_of,
)
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.cost.baseline import Baseline
from umlip_gate.cost.costs import Cost, ModelCosts
from umlip_gate.cost.paired import Block, PairedComparison, Ratio
from umlip_gate.errors import MeasurementError

pytestmark = pytest.mark.selftest

PROTOCOL = PairedComparison(
    blocks=4,
    pairs=2,
    level=0.95,
    resamples=1000,
    seed=1,
    n_atoms=54,
    max_ratio=1.05,
    rationale="a self-test's",
)


OURS = "mine: the baseline ours is of float32 and real weights, this is"


def cost(step_s: float) -> Cost:
    """Wall time is twice the CPU time, which is the record."""
    cpu = (step_s * 10,) * 2
    return Cost(54, 10, tuple(2 * each for each in cpu), cpu, (0.0,) * 2, "cpu", 2**20, 58)


def costs(step_s: float = 1e-3, **keys: Any) -> ModelCosts:  # noqa: ANN401 - any field
    about = {"model": "mine", "device": "cpu", "dtype": "float32", "weights": "real"}
    host = {"cpu": "a CPU", "gpu": "a GPU"}
    return ModelCosts(
        family="f",
        n_parameters=1,
        packages={},
        host=host,
        costs={54: cost(step_s)},
        **{**about, **keys},
    )


def baseline(**keys: Any) -> Baseline:  # noqa: ANN401 - any TOML value
    entry = {
        "model": "mine",
        "n_atoms": 54,
        "step_s": 2e-3,
        "us_per_step_per_atom": 37.0,
        "dtype": "float32",
        "weights": "real",
        "clock": "cpu",
    }
    about = {"name": "ours", "device": "a CPU", "kind": "cpu", "max_ratio": 1.5}
    known = {**about, "date": dt.date(2026, 1, 1), "commit": "0" * 40, "rationale": "a self-test's"}
    fields = {**known, "host": {}, **keys}
    return Baseline.model_construct(
        **fields, costs=[type("Entry", (), {**entry, **keys.get("entry", {})})()]
    )


def test_a_step_that_was_measured_is_passed() -> None:
    measured = costs()
    assert judge_step(measured, measured.costs[54]) == Verdict(
        outcome=Outcome.PASSED,
        model="mine",
        dataset="bcc-W-54",
        source="live",
        value=measured.costs[54].us_per_step_per_atom,
        unit="µs/step/atom",
        reason="mine, 54 atoms: 18.52 µs/step/atom, 2 rounds of 10 steps",
    )


@pytest.mark.parametrize(("step_s", "outcome"), [(3e-3, Outcome.PASSED), (3.1e-3, Outcome.FAILED)])
def test_a_step_is_judged_by_its_ratio_to_the_baseline(step_s: float, outcome: Outcome) -> None:
    measured, kept = costs(step_s), baseline()
    ratio = step_s / 2e-3
    assert judge_baseline(measured, measured.costs[54], kept, kept.costs[0]) == Verdict(
        outcome=outcome,
        model="mine",
        dataset="bcc-W-54",
        source="live",
        value=measured.costs[54].step_s / 2e-3,
        relation="≤",
        limit=1.5,
        unit="1",
        reason=f"mine, 54 atoms: {1e3 * step_s:.4g} ms per step, {ratio:.3f} times the 2 ms of "
        f"ours, {outcome}: the limit is ≤ 1.5",
    )


@pytest.mark.parametrize(
    ("measured", "kept", "message"),
    [
        (
            costs(device="cuda"),
            baseline(),
            "another device: the baseline ours is of a CPU (cpu), this is a GPU (cuda)",
        ),
        (
            costs(),
            baseline(device="another CPU"),
            "another device: the baseline ours is of another CPU (cpu), this is a CPU (cpu)",
        ),
        (
            costs(dtype="float64"),
            baseline(),
            f"{OURS} float64 with real ones",
        ),
        (
            costs(weights="random"),
            baseline(),
            f"{OURS} float32 with random ones",
        ),
    ],
)
def test_a_baseline_of_something_else_is_no_baseline(
    measured: ModelCosts, kept: Baseline, message: str
) -> None:
    with pytest.raises(MeasurementError, match=f"^{re.escape(message)}$"):
        judge_baseline(measured, measured.costs[54], kept, kept.costs[0])


def test_a_gpus_baseline_is_compared_by_the_gpu() -> None:
    kept = baseline(kind="cuda", device="a GPU")
    measured = costs(device="cuda")
    assert judge_baseline(measured, measured.costs[54], kept, kept.costs[0]).outcome


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [
        ((0.9, 1.04), Outcome.PASSED),
        ((1.06, 1.2), Outcome.FAILED),
        ((1.0, 1.1), Outcome.INCONCLUSIVE),
    ],
)
def test_both_ends_of_a_ratios_interval_decide(
    interval: tuple[float, float], outcome: Outcome
) -> None:
    assert outcome_of(Ratio(1.0, interval), PROTOCOL) is outcome


@pytest.mark.parametrize(("ours", "outcome"), [(1e-3, Outcome.PASSED), (2.2e-3, Outcome.FAILED)])
def test_two_models_side_by_side(
    ours: float, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every block has two starts, and the record is CPU time."""
    asked: list[tuple[object, ...]] = []

    def block(*arguments: object) -> tuple[Block, Block]:
        asked.append(arguments)
        pair = costs(), costs(model="other", weights="random")
        n = len(asked)
        return Block(*pair, cost(9e-3), cost(9e-3)), Block(*pair, cost(n * ours), cost(n * 2e-3))

    def ratio(blocks: list[list[list[float]]], how: PairedComparison) -> Ratio:
        assert np.array(blocks) == pytest.approx(np.array([[[1.0] * 2, [ours / 2e-3] * 2]] * 4))
        assert how is PROTOCOL
        return Ratio(ours / 2e-3, (ours / 2e-3 - 0.01, ours / 2e-3 + 0.02))

    monkeypatch.setattr(cost_verdicts, "block", block)
    monkeypatch.setattr(cost_verdicts, "ratio", ratio)
    first: Callable[[], Any] = lambda: None  # noqa: E731 - never called
    second: Callable[[], Any] = lambda: None  # noqa: E731 - never called
    verdict = judge_comparison(first, second, PROTOCOL)
    assert asked == [(first, second, PROTOCOL)] * 4
    value = ours / 2e-3
    assert verdict == Verdict(
        outcome=outcome,
        model="mine",
        dataset="bcc-W-54",
        source="live",
        value=value,
        interval=(value - 0.01, value + 0.02),
        relation="≤",
        limit=1.05,
        unit="1",
        reason=f"mine costs {value:.3f} times (95 %: {value - 0.01:.3f} to {value + 0.02:.3f}) "
        f"what other does ({4e3 * ours:.4g} and 8 ms per step of 54 atoms, cpu time, 4 blocks of "
        f"two starts of 2 pairs), {outcome}: the limit is ≤ 1.05",
    )
