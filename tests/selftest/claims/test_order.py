import numpy as np
import pytest
from pydantic import ValidationError

from tests.selftest.builders.evidence import SPREAD, FakeContext, N, order, result
from umlip_gate.claims.assertions import Order
from umlip_gate.claims.assertions.base import Subject
from umlip_gate.claims.verdict import NotPassed, Outcome, Verdict
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.errors import FloatArray

pytestmark = pytest.mark.selftest

WG = Subject(None, "W-g")


def judged(
    assertion: Order,
    values: dict[str, float],
    spreads: dict[str, FloatArray] | None = None,
    absent: str = "",
) -> Verdict:
    results = [result(m, value, spread=(spreads or {}).get(m)) for m, value in values.items()]
    return assertion.judge(WG, FakeContext(results, absent=dict.fromkeys(absent, "gated")))


def test_a_better_than_b() -> None:
    verdict = judged(order("a", "b"), {"a": 4.0, "b": 5.0})
    assert verdict.outcome is Outcome.PASSED
    assert (verdict.value, verdict.relation, verdict.limit) == (-1, "<", 0)
    assert verdict.interval == pytest.approx((-1.0175, -0.9825), abs=1e-3)
    assert (verdict.model, verdict.source, verdict.unit) == (None, "published", "meV/atom")
    assert verdict.reason == (
        "order by energy_rmse per_atom on W-g, passed: highest of a minus lowest of b "
        "-1 meV/atom (97 %: -1.02 to -0.98); judged over 2 of 2 models: a 4.00 < b 5.00"
    )


def test_reversed_is_outside_and_tied_is_undecided() -> None:
    behind = judged(order("a", "b"), {"a": 5.0, "b": 4.0})
    with pytest.raises(NotPassed, match=r"failed.*a 5.00 > b 4.00"):
        behind.require()
    tied = judged(order("a", "b"), {"a": 4.0, "b": 4.05}, {"b": SPREAD[::-1]})
    with pytest.raises(NotPassed, match=r"inconclusive.*a 4.00 ~ b 4.05"):
        tied.require()


def test_the_best_three_of_all() -> None:
    values = {"a": 4.0, "b": 3.0, "c": 3.5, "d": 5.0, "e": 9.0}
    verdict = judged(order("abc", rest=True), values)
    assert verdict.outcome is Outcome.PASSED
    assert verdict.value == pytest.approx(-1)  # the highest of a, b, c and the lowest of d, e
    assert "judged over 5 of 5 models" in verdict.reason
    assert judged(order("abc", rest=True), {**values, "e": 3.9}).outcome is Outcome.FAILED


def test_without_the_rest_other_models_do_not_matter() -> None:
    verdict = judged(order("a", "b"), {"a": 4.0, "b": 5.0, "c": 1.0})
    assert verdict.outcome is Outcome.PASSED
    assert "judged over 2 of 2 models" in verdict.reason


def test_a_ranking_reports_kendalls_tau() -> None:
    verdict = judged(order(*"abcd"), {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0})
    assert verdict.outcome is Outcome.PASSED
    assert (verdict.value, verdict.relation, verdict.limit) == (1, "=", 1)
    assert verdict.unit == "1"
    swapped = judged(order(*"abcd"), {"a": 2.0, "b": 1.0, "c": 3.0, "d": 4.0})
    assert swapped.outcome is Outcome.FAILED
    assert swapped.value == pytest.approx((5 - 1) / 6)
    assert "a 2.00 > b 1.00 < c 3.00 < d 4.00" in swapped.reason


def test_tiers_say_nothing_of_the_models_within() -> None:
    values = {"a": 2.0, "b": 1.0, "c": 3.0, "d": 2.5, "e": 9.0}
    verdict = judged(order("ab", "cd", "e"), values)
    assert verdict.outcome is Outcome.PASSED
    assert verdict.value == 1


def test_a_ranking_with_one_tie_is_undecided_and_with_one_reversal_outside() -> None:
    values = {"a": 1.0, "b": 2.0, "c": 2.0, "d": 4.0}
    assert judged(order(*"abcd"), values).outcome is Outcome.INCONCLUSIVE
    assert judged(order(*"abcd"), {**values, "d": 0.5}).outcome is Outcome.FAILED


def test_with_more_links_intervals_are_wider_since_all_hold_together() -> None:
    rng = np.random.default_rng(0)
    values = {name: 4.0 + 0.1 * place for place, name in enumerate("abcdefghij")}
    spreads = {name: rng.uniform(-0.9, 0.9, size=N) for name in values}
    one = judged(order("a", "b"), values, spreads)
    assert one.outcome is Outcome.PASSED
    # b - a is told from 0 by itself, and not among nine differences
    assert judged(order(*"abcdefghij"), values, spreads).outcome is Outcome.INCONCLUSIVE


def test_models_that_err_alike_on_every_configuration_are_tied() -> None:
    same = judged(order("a", "b"), {"a": 4.0, "b": 4.0})
    assert same.outcome is Outcome.INCONCLUSIVE
    assert "0 meV/atom (without an interval)" in same.reason
    flat = dict.fromkeys("ab", np.zeros(N))
    assert judged(order("a", "b"), {"a": 4.0, "b": 5.0}, flat).outcome is Outcome.INCONCLUSIVE


def test_few_configurations_tell_nothing() -> None:
    few = dict.fromkeys("ab", SPREAD[:99])
    verdict = judged(order("a", "b"), {"a": 4.0, "b": 9.0}, few)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "-5 meV/atom (99 independent groups of configurations, 100 needed)" in verdict.reason


def test_models_that_were_measured_on_different_configurations_are_not_compared() -> None:
    with pytest.raises(
        MeasurementError, match=r"W-g was measured on .* another on .*: they cannot be compared"
    ):
        judged(order("a", "b"), {"a": 4.0, "b": 9.0}, {"b": SPREAD[:1000]})


def test_models_that_are_not_at_hand_are_left_out_and_counted() -> None:
    verdict = judged(order(*"abcd"), {"a": 1.0, "d": 4.0}, absent="bc")
    assert verdict.details == {"n_models_judged": 2, "n_models_meant": 4}
    assert verdict.outcome is Outcome.PASSED
    assert "judged over 2 of 4 models: a 1.00 < d 4.00" in verdict.reason
    with pytest.raises(Unavailable, match=r"not decided without b \(gated\)"):
        judged(order("a", "b"), {"a": 1.0}, absent="b")
    with pytest.raises(Unavailable, match="nobody has it"):
        order("a", "b").judge(Subject(None, "Mo-g"), FakeContext([result("a", 1.0)]))


def test_a_model_that_could_not_be_measured_is_an_error() -> None:
    context = FakeContext([result("a", 1.0), result("b", 2.0)], errors={"c": "hung"})
    with pytest.raises(MeasurementError, match=r"c \(not measured: hung\)"):
        order(*"abc").judge(WG, context)
    failed = FakeContext([result("a", 1.0), result("b", None, n_failed=1)])
    with pytest.raises(MeasurementError, match=r"b on W-g: .* 1 of 1026 configurations failed"):
        order("a", "b").judge(WG, failed)


@pytest.mark.parametrize("tiers", [(), ("",), ("a",), ("ab", "a")])
def test_what_is_no_order_is_refused(tiers: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match=r"is empty|needs two tiers|listed twice: a"):
        order(*tiers)
