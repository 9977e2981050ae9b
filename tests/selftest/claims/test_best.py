import math
from dataclasses import replace

import numpy as np
import pytest

from tests.selftest.builders.evidence import (
    SPREAD,
    STATISTICS,
    FakeContext,
    N,
    best_in,
    best_of,
    evidence,
    result,
    worst_in,
)
from umlip_gate.claims.assertions.base import Subject
from umlip_gate.claims.evidence import Evidence
from umlip_gate.claims.verdict import NotPassed, Outcome
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.errors import FloatArray

pytestmark = pytest.mark.selftest


def test_best_of_is_decided_by_one_model_inside() -> None:
    verdict = best_of().weigh(
        evidence({"a": 9.0, "c": 4.0, "d": None}, errors={"b": "crashed"}, absent={"e": "gated"}),
    )
    assert verdict.outcome is Outcome.PASSED
    assert (verdict.model, verdict.value) == ("c", 4.0)
    assert "c, best of 2 of 5 models on W-g" in verdict.reason


def test_best_of_exactly_at_the_limit() -> None:
    assert best_of().weigh(evidence({"a": 5.0})).outcome is Outcome.PASSED


def test_best_of_is_outside_once_the_decisive_models_are() -> None:
    verdict = best_of("ab").weigh(evidence({"a": 6.0, "b": 5.5}, absent={"c": "gated"}))
    assert verdict.outcome is Outcome.FAILED
    assert (verdict.model, verdict.value) == ("b", 5.5)


def test_best_of_is_not_decided_without_a_decisive_model() -> None:
    with pytest.raises(Unavailable, match=r"not decided without b \(accept the licence\)"):
        best_of("ab").weigh(evidence({"a": 6.0, "c": 7.0}, absent={"b": "accept the licence"}))
    with pytest.raises(Unavailable, match=r"a \(not available here\); b \(not available here\)"):
        best_of("ab").weigh(evidence({}))


@pytest.mark.parametrize("broken", ["b", "c"])
def test_best_of_is_an_error_if_a_broken_model_could_be_inside(broken: str) -> None:
    with pytest.raises(MeasurementError, match=rf"{broken} \(not measured: SIGSEGV\)"):
        best_of("a").weigh(evidence({"a": 6.0}, errors={broken: "SIGSEGV"}, absent={"e": "gated"}))


@pytest.mark.parametrize("value", [None, math.nan])
def test_best_of_with_a_model_without_a_value_is_an_error(value: float | None) -> None:
    with pytest.raises(MeasurementError, match="b on W-g"):
        best_of("ab").weigh(evidence({"a": 6.0, "b": value}))


def test_best_in() -> None:
    verdict = best_in("ab").weigh(evidence({"a": 4.0, "c": 5.0, "d": 6.0}, absent={"b": "gated"}))
    assert verdict.outcome is Outcome.PASSED
    assert (verdict.model, verdict.value, verdict.limit) == ("a", 4.0, 5.0)
    assert "judged over 3 of 4 models" in verdict.reason
    assert verdict.details == {"n_models_judged": 3, "n_models_meant": 4}
    assert "c (published) 5" in verdict.reason


def test_best_in_is_outside_if_it_is_behind() -> None:
    verdict = best_in("ab").weigh(evidence({"a": 4.0, "b": 9.0, "c": 3.0}))
    assert verdict.outcome is Outcome.FAILED
    with pytest.raises(NotPassed, match=r"lower than the best outside of the group.*failed"):
        verdict.require()


@pytest.mark.parametrize(
    ("rival", "spread"),
    [
        (4.0, SPREAD),  # equal in every resample
        (4.05, SPREAD[::-1]),  # ahead by less than the difference may vary
        (3.95, SPREAD[::-1]),
    ],
)
def test_best_in_is_undecided_if_it_is_tied(rival: float, spread: FloatArray) -> None:
    verdict = best_in("ab").weigh(evidence({"a": 4.0, "b": 9.0, "c": rival}, c=spread))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    with pytest.raises(NotPassed, match="inconclusive, difference"):
        verdict.require()


def test_best_in_is_judged_by_pairs() -> None:
    """Intervals that overlap do not tie models that err on the same configurations."""
    verdict = best_in("a").weigh(evidence({"a": 14.0, "c": 14.1}))
    assert verdict.outcome is Outcome.PASSED
    assert "difference -0.10 meV/atom (97 %: -0.10 to -0.10)" in verdict.reason


def test_best_in_is_separated_by_whichever_of_the_group_is_ahead() -> None:
    """Each other model is behind one of the group, though not all are behind the same."""
    other = np.random.default_rng(0).uniform(-0.9, 0.9, size=N)
    made = evidence({"a": 4.0, "b": 4.01, "c": 4.05, "d": 4.05}, b=other, d=other)
    assert best_in("ab").weigh(made).outcome is Outcome.PASSED
    assert best_in("a").weigh(made).outcome is Outcome.INCONCLUSIVE


def test_tied_is_not_decided_without_the_whole_group() -> None:
    with pytest.raises(Unavailable, match=r"not decided without b \(gated\)"):
        best_in("ab").weigh(evidence({"a": 4.0, "c": 4.0}, absent={"b": "gated"}))


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({"a": 9.0, "b": 1.0, "c": 5.0}, Outcome.PASSED),
        ({"a": 4.0, "b": 1.0, "c": 5.0}, Outcome.FAILED),
        ({"a": 5.0, "b": 1.0, "c": 5.0}, Outcome.INCONCLUSIVE),
    ],
)
def test_worst_in(values: dict[str, float], outcome: Outcome) -> None:
    verdict = worst_in("ab").weigh(evidence(values))
    assert verdict.outcome is outcome
    assert (verdict.model, verdict.relation, verdict.limit) == ("a", ">", 5.0)
    assert verdict.value == values["a"]


def test_worst_in_is_an_error_if_a_broken_model_could_be_worse() -> None:
    with pytest.raises(MeasurementError, match=r"d \(not measured: hung\)"):
        worst_in("a").weigh(evidence({"a": 9.0, "c": 5.0}, errors={"d": "hung"}))


def test_all_models_of_table_1_are_asked_for() -> None:
    context = FakeContext(
        [result("a", 4.0), result("c", 5.0)], errors={"b": "hung"}, absent={"d": "gated"}
    )
    verdict = best_in("ab").judge(Subject(None, "W-g"), context)
    assert verdict.outcome is Outcome.PASSED
    assert "judged over 2 of 4 models" in verdict.reason
    with pytest.raises(Unavailable, match="nobody has it"):
        best_in("ab").judge(Subject(None, "Mo-g"), context)


def test_best_in_says_what_other_conventions_give() -> None:
    results = [result("a", 4.0, per_configuration=8.0), result("c", 5.0, per_configuration=7.5)]
    text = best_in("a").weigh(Evidence("W-g", STATISTICS, results)).reason
    assert text.endswith("other conventions: per_configuration 8.00 against 7.50")


def test_best_in_behind_is_not_decided_without_the_whole_group() -> None:
    with pytest.raises(Unavailable, match=r"not decided without b \(gated\)"):
        best_in("ab").weigh(evidence({"a": 4.0, "c": 3.0}, absent={"b": "gated"}))


def test_best_in_needs_both_sides() -> None:
    with pytest.raises(Unavailable, match=r"without a model outside of the group"):
        best_in("ab").weigh(evidence({"a": 4.0, "b": 5.0}, absent={"c": "gated"}))
    with pytest.raises(Unavailable, match=r"a \(gated\); b \(gated\)"):
        best_in("ab").weigh(evidence({"c": 4.0}, absent={"a": "gated", "b": "gated"}))
    with pytest.raises(Unavailable):
        best_in("ab").weigh(evidence({}))


@pytest.mark.parametrize(
    ("values", "broken"),
    [
        ({"a": 4.0, "c": 5.0}, "d"),  # d may be better than the group
        ({"a": 5.0, "c": 4.0}, "b"),  # b may be better than c
        ({"a": 4.0, "c": 4.0}, "b"),  # b may break the tie
        ({"a": 4.0, "b": 4.5}, "c"),  # c is the only other
        ({"a": 4.0, "b": 6.0, "c": 4.0}, "d"),  # d may be better than c
        ({"c": 4.0}, "a"),  # a is the only available one of the group
    ],
)
def test_best_in_is_an_error_if_a_broken_model_could_change_it(
    values: dict[str, float], broken: str
) -> None:
    with pytest.raises(MeasurementError, match=rf"{broken} \(not measured: hung\)"):
        best_in("ab").weigh(evidence(values, errors={broken: "hung"}))
    with pytest.raises(MeasurementError, match=f"{broken} on W-g"):
        best_in("ab").weigh(evidence({**values, broken: None}))


@pytest.mark.parametrize(
    ("values", "broken", "inside"),
    [
        ({"a": 4.0, "c": 5.0}, "b", True),
        ({"a": 5.0, "b": 6.0, "c": 4.0}, "d", False),
    ],
)
def test_best_in_stands_if_a_broken_model_could_not_change_it(
    values: dict[str, float], broken: str, *, inside: bool
) -> None:
    verdict = best_in("ab").weigh(evidence(values, errors={broken: "hung"}))
    assert verdict.outcome is Outcome.of(inside)


def test_verdict_keeps_the_source_of_the_deciding_model() -> None:
    live = replace(result("a", 4.0), source="live")
    verdict = best_of("ab").weigh(Evidence("W-g", STATISTICS, [result("b", 4.5), live]))
    assert (verdict.model, verdict.source) == ("a", "live")
