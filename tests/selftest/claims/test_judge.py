import json
import math
from dataclasses import asdict, replace

import pytest

from tests.selftest.builders.evidence import ENERGY, limit, result
from umlip_gate.claims.assertions import Limit
from umlip_gate.claims.bounds import ReferenceValue
from umlip_gate.claims.judge import NEAR, judge_limit, judge_reference
from umlip_gate.claims.result import Result
from umlip_gate.claims.schema import ResultLimit
from umlip_gate.claims.verdict import NotPassed, Outcome
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.quantities import EQUALLY_WEIGHTED, QUANTITIES

pytestmark = pytest.mark.selftest


@pytest.mark.parametrize(
    ("ends", "value", "inside"),
    [
        ({"max": 5}, 4.0, True),
        ({"max": 5}, 5.0, True),
        ({"max": 5}, math.nextafter(5.0, 6.0), False),
        ({"max": 5}, 1e9, False),
        ({"max": 5, "strict": True}, math.nextafter(5.0, 4.0), True),
        ({"max": 5, "strict": True}, 5.0, False),
        ({"min": 3}, 3.0, True),
        ({"min": 3}, 2.9, False),
        ({"min": 3, "strict": True}, 3.0, False),
        ({"min": 3, "max": 6}, 2.9, False),
        ({"min": 3, "max": 6}, 4.0, True),
        ({"min": 3, "max": 6}, 6.1, False),
    ],
)
def test_limit(ends: dict[str, float], value: float, *, inside: bool) -> None:
    verdict = judge_limit(limit(**ends), result("a", value))
    assert verdict.outcome is Outcome.of(inside)
    assert verdict.value == value
    if inside:
        verdict.require()
    else:
        with pytest.raises(NotPassed, match="failed: the limit is") as caught:
            verdict.require()
        assert caught.value.verdict is verdict


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("ends", [{"max": 5}, {"min": 3}, {"min": 3, "max": 6}])
def test_what_has_no_value_is_never_judged(value: float | None, ends: dict[str, float]) -> None:
    with pytest.raises(MeasurementError, match="a on W-g: energy_rmse per_atom has no value"):
        judge_limit(limit(**ends), result("a", value))


def test_bound_of_nan() -> None:
    assert not limit(max=5).inside(math.nan)
    assert not limit(min=3, strict=True).inside(math.nan)


def test_failed_configurations_are_named() -> None:
    failures = {40: "late", 17: "ValueError: singular", 18: "x", 19: "y"}
    with pytest.raises(MeasurementError) as caught:
        judge_limit(limit(max=5), result("a", None, n_failed=4, failures=failures))
    assert "4 of 1026 configurations failed" in str(caught.value)
    assert "row 17: ValueError: singular; row 18: x; row 19: y" in str(caught.value)
    assert "late" not in str(caught.value)


@pytest.mark.parametrize(("n_failed", "inside"), [(0, True), (1, False)])
def test_failed_configurations_are_judged_themselves(n_failed: int, *, inside: bool) -> None:
    count = {"quantity": "failed_configurations", "convention": "count", "unit": "configurations"}
    bound = Limit.model_validate({**limit(max=0).model_dump(exclude_none=True), **count})
    assert judge_limit(bound, result("a", None, n_failed=n_failed)).outcome is Outcome.of(inside)


def test_text_of_a_limit() -> None:
    verdict = judge_limit(limit(max=5), result("a", 4.5833, per_configuration=5.996))
    assert verdict.reason == (
        "a on W-g (published): energy_rmse per_atom 4.58 meV/atom (95 %: 4.08 to 4.83), "
        "passed: the limit is ≤ 5; other conventions: per_configuration 6.00"
    )
    assert (verdict.relation, verdict.limit) == ("≤", 5)


@pytest.mark.parametrize(
    ("value", "outcome", "is_near"),
    [
        (4.7, Outcome.PASSED, False),
        (4.8, Outcome.PASSED, True),
        (5.3, Outcome.FAILED, False),
    ],
)
def test_a_pass_by_less_than_the_intervals_half_width_says_so(
    value: float, outcome: Outcome, *, is_near: bool
) -> None:
    """The interval goes from 0.5 below the value to 0.25 above it."""
    verdict = judge_limit(limit(max=5), result("a", value))
    assert verdict.outcome is outcome
    margin = "the limit is ≤ 5, inside by less than its interval's half-width"
    assert (margin in verdict.reason) is is_near
    assert verdict.details.get(NEAR) is (True if is_near else None)


def test_the_reason_begins_and_ends_as_is_asked() -> None:
    verdict = judge_limit(limit(max=5), result("a", 4.0, per_configuration=6.0), "who", "; end")
    assert verdict.reason.startswith("who (published): energy_rmse")
    assert verdict.reason.endswith("the limit is ≤ 5; end")
    assert judge_limit(limit(max=5), result("a", 4.0), others="").reason.endswith("limit is ≤ 5")


def test_text_tells_a_value_from_its_limit() -> None:
    verdict = judge_limit(limit(max=5, strict=True), result("a", 4.99571))
    assert "per_atom 4.996 meV/atom" in verdict.reason
    assert "passed: the limit is < 5" in verdict.reason


@pytest.mark.parametrize(
    ("value", "inside"), [(4.5, True), (4.0, True), (3.99, False), (5.0, True), (5.01, False)]
)
def test_reference(value: float, *, inside: bool) -> None:
    reference = ReferenceValue.model_validate({**ENERGY, "value": 4.5, "absolute_tolerance": 0.5})
    verdict = judge_reference(reference, result("a", value))
    assert verdict.outcome is Outcome.of(inside)
    assert (verdict.relation, verdict.limit) == ("within", (4.0, 5.0))


def test_text_of_a_reference() -> None:
    reference = ReferenceValue.model_validate({**ENERGY, "value": 4.5, "absolute_tolerance": 0.5})
    assert judge_reference(reference, result("a", 5.001)).reason == (
        "a on W-g (published): energy_rmse per_atom 5.001 meV/atom (95 %: 4.50 to 5.25), failed: "
        "the reference is 4.5 ± 0.5"
    )


def test_reference_with_relative_tolerance_of_a_negative_value() -> None:
    reference = ReferenceValue.model_validate({**ENERGY, "value": -8, "relative_tolerance": 0.25})
    assert judge_reference(reference, result("a", -9.0)).limit == (-10, -6)


def test_reference_without_a_value() -> None:
    reference = ReferenceValue.model_validate({**ENERGY, "value": 4.5, "absolute_tolerance": 0.5})
    with pytest.raises(MeasurementError):
        judge_reference(reference, result("a", None, n_failed=1))


def test_verdict_is_plain_json() -> None:
    verdict = judge_limit(limit(min=3, max=6), result("a", 4.5))
    assert json.loads(json.dumps(asdict(verdict))) == {
        "details": {},
        "model": "a",
        "dataset": "W-g",
        "outcome": "passed",
        "reason": verdict.reason,
        "value": 4.5,
        "interval": [4.0, 4.75],
        "relation": "within",
        "limit": [3.0, 6.0],
        "unit": "meV/atom",
        "source": "published",
    }


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [
        ((4.0, 4.9), Outcome.PASSED),
        ((4.0, 5.0), Outcome.PASSED),
        ((4.0, 5.1), Outcome.INCONCLUSIVE),
        ((5.1, 6.0), Outcome.FAILED),
        (None, Outcome.INCONCLUSIVE),
    ],
)
def test_of_a_sample_the_interval_is_judged(
    interval: tuple[float, float] | None, outcome: Outcome
) -> None:
    sampled = of_sample(result("a", 4.5))
    sampled.metrics.intervals["energy_rmse"]["per_atom"] = interval
    verdict = judge_limit(limit(max=5), sampled)
    assert verdict.outcome is outcome
    assert "on a sample of 128 of 1026" in verdict.reason


@pytest.mark.parametrize(
    ("ends", "interval", "outcome"),
    [
        ({"min": 3, "max": 6}, (4.0, 5.0), Outcome.PASSED),
        ({"min": 3, "max": 6}, (2.0, 7.0), Outcome.INCONCLUSIVE),
        ({"min": 3, "max": 6}, (2.0, 2.5), Outcome.FAILED),
        ({"max": 5, "strict": True}, (4.0, 5.0), Outcome.INCONCLUSIVE),
        ({"min": 5, "strict": True}, (5.0, 6.0), Outcome.INCONCLUSIVE),
    ],
)
def test_both_ends_of_a_bound_count(
    ends: dict[str, float], interval: tuple[float, float], outcome: Outcome
) -> None:
    sampled = of_sample(result("a", 4.5))
    sampled.metrics.intervals["energy_rmse"]["per_atom"] = interval
    assert judge_limit(limit(**ends), sampled).outcome is outcome


@pytest.mark.parametrize(
    ("n_failed", "maximum", "outcome"),
    [
        (0, 0, Outcome.PASSED),
        (1, 0, Outcome.FAILED),
        (2, 5, Outcome.INCONCLUSIVE),
        (6, 5, Outcome.FAILED),
    ],
)
def test_failures_of_a_sample_are_outside_once_too_many(
    n_failed: int, maximum: float, outcome: Outcome
) -> None:
    bound = ResultLimit(
        quantity="failed_configurations",
        convention="count",
        unit="configurations",
        max=float(maximum),
        rationale="a self-test's",
    )
    sampled = of_sample(result("a", None, n_failed=n_failed))
    verdict = judge_limit(bound, sampled)
    assert verdict.outcome is outcome
    assert "on the 128 of 1026 configurations that were evaluated" in verdict.reason
    assert "interval" not in verdict.reason


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [
        ((4.0, 4.9), Outcome.INCONCLUSIVE),
        ((4.0, 5.1), Outcome.INCONCLUSIVE),
        ((5.1, 6.0), Outcome.FAILED),
    ],
)
@pytest.mark.parametrize("removed", ["", "_offset_removed", "_composition_removed"])
def test_a_sample_passes_nothing_where_every_configuration_weighs_1(
    removed: str, interval: tuple[float, float], outcome: Outcome
) -> None:
    convention = f"per_configuration{removed}"
    whole = result("a", 4.5)
    whole.metrics.values["energy_rmse"][convention] = sum(interval) / 2
    whole.metrics.intervals["energy_rmse"][convention] = interval
    bound = limit(max=5, convention=convention)
    verdict = judge_limit(bound, of_sample(whole))
    assert verdict.outcome is outcome
    why = "this limit: where every configuration weighs 1"
    assert (why in verdict.reason) is (outcome is Outcome.INCONCLUSIVE)
    # of the whole dataset the value is judged
    assert judge_limit(bound, whole).outcome is Outcome.of(sum(interval) / 2 <= 5)


def test_every_convention_by_configuration_is_doubted_on_samples() -> None:
    known = {name for quantity in QUANTITIES.values() for name in quantity.conventions}
    assert {name for name in known if name.startswith("per_conf")} == EQUALLY_WEIGHTED


def of_sample(whole: Result) -> Result:
    return replace(whole, metrics=replace(whole.metrics, n_configurations=128, n_whole=1026))


def test_a_worst_share_of_a_sample_passes_nothing() -> None:
    shares = [quantity for name, quantity in QUANTITIES.items() if name.endswith("_worst_share")]
    assert len(shares) == 2
    for quantity in shares:
        for convention in quantity.conventions:
            assert "too few to be found" in (quantity.doubt_on_samples(convention) or "")
    bound = ResultLimit.model_validate(
        {
            "quantity": "force_worst_share",
            "convention": "component",
            "unit": "1",
            "max": 0.5,
            "rationale": "a self-test's",
        }
    )
    sampled = of_sample(result("a", 4.5))
    sampled.metrics.values["force_worst_share"]["component"] = 0.1
    sampled.metrics.intervals["force_worst_share"]["component"] = (0.05, 0.2)
    assert judge_limit(bound, sampled).outcome is Outcome.INCONCLUSIVE
    sampled.metrics.intervals["force_worst_share"]["component"] = (0.6, 0.7)
    assert judge_limit(bound, sampled).outcome is Outcome.FAILED
