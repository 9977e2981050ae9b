import math
from dataclasses import replace
from typing import Any

import pytest

from tests.selftest.builders.evidence import ENERGY, SPREAD, STATISTICS, FakeContext, result
from umlip_gate.claims.assertions import EachElement, ElementsStandOut, ExtremeElement
from umlip_gate.claims.assertions.base import Subject
from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.comparison import differences
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError

pytestmark = pytest.mark.selftest

ENERGY_RMSE = Measured.model_validate(ENERGY)

ENTRY = {"name": "energy", "models": ["a"], "datasets": ["W-g"], **ENERGY}

VALUES = {"Nb": 2.0, "Ta": 4.0, "Cr": 9.0, "Mo": 3.0, "W": 6.0, "MoNb": 99.0}
"""By system; groups 5 and 6 of the periodic table, and an alloy."""


def made(values: dict[str, float | None] | dict[str, float]) -> Result:
    groups = {
        name: replace(result("a", value), dataset=f"W-g ({name})") for name, value in values.items()
    }
    return replace(result("a", 5.0), groups=groups)


def judged(assertion: EachElement | ExtremeElement | ElementsStandOut, own: Result) -> Verdict:
    return assertion.judge(Subject("a", "W-g"), FakeContext([own]))


def each(**keys: Any) -> EachElement:  # noqa: ANN401 - any TOML value
    return EachElement.model_validate({"kind": "each-element", **ENTRY, **keys})


def test_each_element_of_the_groups_keeps_to_the_bound() -> None:
    verdict = judged(each(groups=["5"], max=4), made(VALUES))
    assert verdict.outcome is Outcome.PASSED
    assert (verdict.value, verdict.dataset) == (4.0, "W-g")
    assert "Ta of 2 elements" in verdict.reason
    assert "outside:" not in verdict.reason


def test_the_element_farthest_outside_decides_and_all_of_them_are_named() -> None:
    verdict = judged(each(groups=["5", "6"], max=3.5), made(VALUES))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.value == 9.0
    assert verdict.reason.endswith("; outside: Ta 4.00, Cr 9.00, W 6.00")
    below = judged(each(groups=["5", "6"], min=2.5, max=100), made(VALUES))
    assert (below.outcome, below.value) == (Outcome.FAILED, 2.0)


def test_alloys_are_no_element_and_exceptions_are_left_out() -> None:
    every = judged(each(exceptions=["Cr", "W"], max=4), made(VALUES))
    assert every.outcome is Outcome.PASSED
    assert "of 3 elements" in every.reason
    assert judged(each(elements=["Cr", "W"], min=5), made(VALUES)).outcome is Outcome.PASSED


@pytest.mark.parametrize("keys", [{"elements": ["H"]}, {"groups": ["5"], "elements": ["H"]}])
def test_an_element_that_the_dataset_does_not_have_is_not_measured(keys: dict[str, Any]) -> None:
    with pytest.raises(MeasurementError, match="W-g has no configurations of H alone"):
        judged(each(max=5, **keys), made(VALUES))


def test_a_dataset_without_such_elements_is_not_measured() -> None:
    with pytest.raises(MeasurementError, match="W-g has no configurations of 5 alone"):
        judged(each(max=5, groups=["5"]), made({"W": 1.0}))
    with pytest.raises(MeasurementError, match="W-g has no configurations of element alone"):
        judged(each(max=5), result("a", 5.0))


@pytest.mark.parametrize("value", [None, math.nan])
def test_an_element_without_a_value_is_never_inside(value: float | None) -> None:
    with pytest.raises(MeasurementError, match="energy_rmse per_atom has no value"):
        judged(each(groups=["5"], max=5), made({**VALUES, "Nb": value}))


def test_the_highest_element() -> None:
    highest = ExtremeElement.model_validate(
        {"kind": "highest-element", **ENTRY, "min": 8.95, "max": 9.05}
    )
    verdict = judged(highest, made(VALUES))
    assert verdict.outcome is Outcome.PASSED
    assert "Cr, highest of 5 elements" in verdict.reason
    assert judged(highest, made({**VALUES, "W": 10.0})).outcome is Outcome.FAILED


def stand_out(*these: str) -> ElementsStandOut:
    entry = {"kind": "elements-stand-out", **ENTRY, "groups": ["5", "6"], "these": these}
    return ElementsStandOut.model_validate(entry)


def test_elements_that_stand_out() -> None:
    verdict = judged(stand_out("Cr", "W"), made(VALUES))
    assert verdict.outcome is Outcome.PASSED
    assert (verdict.value, verdict.limit) == (-2, 0)
    assert "the highest of which is Ta, 4.00: passed" in verdict.reason
    assert judged(stand_out("Cr", "Mo"), made(VALUES)).outcome is Outcome.FAILED


def test_elements_that_are_tied() -> None:
    tied = made(VALUES)
    groups = {**tied.groups, "W": replace(result("a", 4.1), dataset="W-g (W)")}
    assert (
        judged(stand_out("Cr", "W"), replace(tied, groups=groups)).outcome is Outcome.INCONCLUSIVE
    )


def test_elements_that_stand_out_from_nothing_are_not_measured() -> None:
    with pytest.raises(MeasurementError, match="W-g has no other element"):
        judged(stand_out("Cr"), made({"Cr": 9.0}))
    with pytest.raises(MeasurementError, match="W-g has no Ta"):
        judged(stand_out("Ta"), made({"Cr": 9.0}))


def test_elements_are_drawn_independently() -> None:
    """As many rows for every element must not draw them alike."""
    alike = differences([(result("a", 4.1), result("b", 4.0))], ENERGY_RMSE, STATISTICS)[0]
    made_of = made({"Cr": 4.1, "W": 4.0}).groups
    apart = differences([(made_of["Cr"], made_of["W"])], ENERGY_RMSE, STATISTICS)[0]
    assert alike is not None
    assert apart is not None
    assert alike[0] > 0 > apart[0]


def test_elements_of_few_configurations_do_not_stand_out() -> None:
    few = made(VALUES)
    short = replace(result("a", 60.0, spread=SPREAD[:99]), dataset="W-g (W)")
    verdict = judged(stand_out("W"), replace(few, groups={**few.groups, "W": short}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "(99 independent groups of configurations, 100 needed)" in verdict.reason
