import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace

import pytest

from umlip_gate.claims.evidence import Cell, Evidence
from umlip_gate.claims.judge import judge_best_in, judge_best_of, judge_limit, judge_reference
from umlip_gate.claims.schema import BestIn, BestOf, Limit, ReferenceValue
from umlip_gate.claims.verdict import Outcome, OutsideLimit, Verdict
from umlip_gate.faults import NotMeasured, NotObtainable
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.metrics.quantities import QUANTITIES

pytestmark = pytest.mark.selftest

ENERGY = {"quantity": "energy_rmse", "convention": "per_atom", "unit": "meV/atom"}


def cell(
    model: str,
    value: float | None,
    n_failed: int = 0,
    failures: Mapping[int, str] | None = None,
    **others: float,
) -> Cell:
    values: dict[str, dict[str, float | None]] = {
        name: dict.fromkeys(quantity.conventions) for name, quantity in QUANTITIES.items()
    }
    values["energy_rmse"] |= {"per_atom": value, **others}
    values["failed_configurations"]["count"] = n_failed
    intervals: dict[str, dict[str, tuple[float, float] | None]] = {
        name: dict.fromkeys(quantity.conventions) for name, quantity in QUANTITIES.items()
    }
    if value is not None:
        intervals["energy_rmse"]["per_atom"] = (value - 0.5, value + 0.25)
    metrics = Metrics(
        n_configurations=1026,
        n_failed=n_failed,
        values=values,
        intervals=intervals,
        survivors=None,
        n_resamples=2000,
        seed=0,
    )
    return Cell(model, "W-g", "published", metrics, failures or {})


def limit(**ends: float) -> Limit:
    entry = {"kind": "limit", "name": "energy", "models": ["a"], "datasets": ["W-g"]}
    return Limit.model_validate({**entry, **ENERGY, **ends})


def best_of(decisive: str = "ab", maximum: float = 5.0) -> BestOf:
    entry = {"kind": "best-of", "name": "energy", "datasets": ["W-g"], "max": maximum}
    return BestOf.model_validate({**entry, **ENERGY, "decisive": list(decisive)})


def best_in(group: str = "ab") -> BestIn:
    entry = {"kind": "best-in", "name": "energy", "datasets": ["W-g"], "group": list(group)}
    return BestIn.model_validate({**entry, **ENERGY})


def evidence(
    values: Mapping[str, float | None],
    errors: Mapping[str, str] | None = None,
    absent: Mapping[str, str] | None = None,
) -> Evidence:
    cells = [cell(model, value) for model, value in values.items()]
    return Evidence("W-g", cells, errors or {}, absent or {})


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
    judgement = judge_limit(limit(**ends), cell("a", value))
    assert judgement.inside is inside
    assert judgement.value == value
    if inside:
        judgement.require()
    else:
        with pytest.raises(OutsideLimit, match="outside the limit") as caught:
            judgement.require()
        assert caught.value.judgement is judgement


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("ends", [{"max": 5}, {"min": 3}, {"min": 3, "max": 6}])
def test_what_has_no_value_is_never_judged(value: float | None, ends: dict[str, float]) -> None:
    with pytest.raises(NotMeasured, match="a on W-g: energy_rmse per_atom has no value"):
        judge_limit(limit(**ends), cell("a", value))


def test_bound_of_nan() -> None:
    assert not limit(max=5).inside(math.nan)
    assert not limit(min=3, strict=True).inside(math.nan)


def test_failed_configurations_are_named() -> None:
    failures = {40: "late", 17: "ValueError: singular", 18: "x", 19: "y"}
    with pytest.raises(NotMeasured) as caught:
        judge_limit(limit(max=5), cell("a", None, n_failed=4, failures=failures))
    assert "4 of 1026 configurations failed" in str(caught.value)
    assert "row 17: ValueError: singular; row 18: x; row 19: y" in str(caught.value)
    assert "late" not in str(caught.value)


@pytest.mark.parametrize(("n_failed", "inside"), [(0, True), (1, False)])
def test_failed_configurations_are_judged_themselves(n_failed: int, *, inside: bool) -> None:
    count = {"quantity": "failed_configurations", "convention": "count", "unit": "configurations"}
    bound = Limit.model_validate({**limit(max=0).model_dump(exclude_none=True), **count})
    assert judge_limit(bound, cell("a", None, n_failed=n_failed)).inside is inside


def test_text_of_a_limit() -> None:
    judgement = judge_limit(limit(max=5), cell("a", 4.5833, per_configuration=5.996))
    assert judgement.text == (
        "a on W-g (published): energy_rmse per_atom 4.58 meV/atom (95 %: 4.08 to 4.83), "
        "inside the limit ≤ 5; other conventions: per_configuration 6.00"
    )
    assert (judgement.relation, judgement.limit) == ("≤", 5)


def test_text_tells_a_value_from_its_limit() -> None:
    judgement = judge_limit(limit(max=5, strict=True), cell("a", 4.99571))
    assert "per_atom 4.996 meV/atom" in judgement.text
    assert "inside the limit < 5" in judgement.text


@pytest.mark.parametrize(
    ("value", "inside"), [(4.5, True), (4.0, True), (3.99, False), (5.0, True), (5.01, False)]
)
def test_reference(value: float, *, inside: bool) -> None:
    reference = ReferenceValue.model_validate({**ENERGY, "value": 4.5, "absolute_tolerance": 0.5})
    judgement = judge_reference(reference, cell("a", value))
    assert judgement.inside is inside
    assert (judgement.relation, judgement.limit) == ("within", (4.0, 5.0))


def test_reference_with_relative_tolerance_of_a_negative_value() -> None:
    reference = ReferenceValue.model_validate({**ENERGY, "value": -8, "relative_tolerance": 0.25})
    assert judge_reference(reference, cell("a", -9.0)).limit == (-10, -6)


def test_reference_without_a_value() -> None:
    reference = ReferenceValue.model_validate({**ENERGY, "value": 4.5, "absolute_tolerance": 0.5})
    with pytest.raises(NotMeasured):
        judge_reference(reference, cell("a", None, n_failed=1))


def test_best_of_is_decided_by_one_model_inside() -> None:
    judgement = judge_best_of(
        best_of(),
        evidence({"a": 9.0, "c": 4.0, "d": None}, errors={"b": "crashed"}, absent={"e": "gated"}),
    )
    assert judgement.inside
    assert (judgement.model, judgement.value) == ("c", 4.0)
    assert "c, best of 2 of 5 models on W-g" in judgement.text


def test_best_of_exactly_at_the_limit() -> None:
    assert judge_best_of(best_of(), evidence({"a": 5.0})).inside


def test_best_of_is_outside_once_the_decisive_models_are() -> None:
    judgement = judge_best_of(best_of("ab"), evidence({"a": 6.0, "b": 5.5}, absent={"c": "gated"}))
    assert not judgement.inside
    assert (judgement.model, judgement.value) == ("b", 5.5)


def test_best_of_is_not_decided_without_a_decisive_model() -> None:
    with pytest.raises(NotObtainable, match=r"not decided without b \(accept the licence\)"):
        judge_best_of(
            best_of("ab"), evidence({"a": 6.0, "c": 7.0}, absent={"b": "accept the licence"})
        )
    with pytest.raises(NotObtainable, match=r"a \(not at hand\); b \(not at hand\)"):
        judge_best_of(best_of("ab"), evidence({}))


@pytest.mark.parametrize("broken", ["b", "c"])
def test_best_of_is_an_error_if_a_broken_model_could_be_inside(broken: str) -> None:
    with pytest.raises(NotMeasured, match=rf"{broken} \(not measured: SIGSEGV\)"):
        judge_best_of(
            best_of("a"), evidence({"a": 6.0}, errors={broken: "SIGSEGV"}, absent={"e": "gated"})
        )


@pytest.mark.parametrize("value", [None, math.nan])
def test_best_of_with_a_model_without_a_value_is_an_error(value: float | None) -> None:
    with pytest.raises(NotMeasured, match="b on W-g"):
        judge_best_of(best_of("ab"), evidence({"a": 6.0, "b": value}))


def test_best_in() -> None:
    judgement = judge_best_in(
        best_in("ab"), evidence({"a": 4.0, "c": 5.0, "d": 6.0}, absent={"b": "gated"})
    )
    assert judgement.inside
    assert (judgement.model, judgement.value, judgement.limit) == ("a", 4.0, 5.0)
    assert "judged over 3 of 4 models" in judgement.text
    assert "c (published) 5" in judgement.text


@pytest.mark.parametrize("rival", [4.0, 3.0])
def test_best_in_is_outside_behind_or_tied(rival: float) -> None:
    judgement = judge_best_in(best_in("ab"), evidence({"a": 4.0, "b": 9.0, "c": rival}))
    assert not judgement.inside
    with pytest.raises(OutsideLimit, match="not lower than the best outside"):
        judgement.require()


def test_best_in_says_what_other_conventions_give() -> None:
    cells = [cell("a", 4.0, per_configuration=8.0), cell("c", 5.0, per_configuration=7.5)]
    text = judge_best_in(best_in("a"), Evidence("W-g", cells)).text
    assert text.endswith("other conventions: per_configuration 8.00 against 7.50")


def test_best_in_behind_is_not_decided_without_the_whole_group() -> None:
    with pytest.raises(NotObtainable, match=r"not decided without b \(gated\)"):
        judge_best_in(best_in("ab"), evidence({"a": 4.0, "c": 3.0}, absent={"b": "gated"}))


def test_best_in_needs_both_sides() -> None:
    with pytest.raises(NotObtainable, match=r"without a model outside of the group"):
        judge_best_in(best_in("ab"), evidence({"a": 4.0, "b": 5.0}, absent={"c": "gated"}))
    with pytest.raises(NotObtainable, match=r"a \(gated\); b \(gated\)"):
        judge_best_in(best_in("ab"), evidence({"c": 4.0}, absent={"a": "gated", "b": "gated"}))
    with pytest.raises(NotObtainable):
        judge_best_in(best_in("ab"), evidence({}))


@pytest.mark.parametrize(
    ("values", "broken"),
    [
        ({"a": 4.0, "c": 5.0}, "d"),  # d may be better than the group
        ({"a": 5.0, "c": 4.0}, "b"),  # b may be better than c
        ({"a": 4.0, "c": 4.0}, "b"),  # b may break the tie
        ({"a": 4.0, "b": 4.5}, "c"),  # c is the only other
        ({"c": 4.0}, "a"),  # a is the only one of the group at hand
    ],
)
def test_best_in_is_an_error_if_a_broken_model_could_change_it(
    values: dict[str, float], broken: str
) -> None:
    with pytest.raises(NotMeasured, match=rf"{broken} \(not measured: hung\)"):
        judge_best_in(best_in("ab"), evidence(values, errors={broken: "hung"}))
    with pytest.raises(NotMeasured, match=f"{broken} on W-g"):
        judge_best_in(best_in("ab"), evidence({**values, broken: None}))


@pytest.mark.parametrize(
    ("values", "broken", "inside"),
    [
        ({"a": 4.0, "c": 5.0}, "b", True),
        ({"a": 5.0, "b": 6.0, "c": 4.0}, "d", False),
        ({"a": 4.0, "b": 6.0, "c": 4.0}, "d", False),
    ],
)
def test_best_in_stands_if_a_broken_model_could_not_change_it(
    values: dict[str, float], broken: str, *, inside: bool
) -> None:
    judgement = judge_best_in(best_in("ab"), evidence(values, errors={broken: "hung"}))
    assert judgement.inside is inside


def test_verdict_is_plain_json() -> None:
    judgement = judge_limit(limit(min=3, max=6), cell("a", 4.5))
    verdict = Verdict.judged("claim.energy", Outcome.PASSED, judgement)
    assert json.loads(json.dumps(asdict(verdict))) == {
        "id": "claim.energy",
        "model": "a",
        "dataset": "W-g",
        "outcome": "passed",
        "reason": judgement.text,
        "value": 4.5,
        "interval": [4.0, 4.75],
        "relation": "within",
        "limit": [3.0, 6.0],
        "unit": "meV/atom",
        "source": "published",
    }


def test_verdict_keeps_the_source_of_the_deciding_model() -> None:
    live = replace(cell("a", 4.0), source="live")
    judgement = judge_best_of(best_of("ab"), Evidence("W-g", [cell("b", 4.5), live]))
    assert (judgement.model, judgement.source) == ("a", "live")
