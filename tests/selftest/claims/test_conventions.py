"""A claim under the group's averaging convention, with the other beside it."""

from typing import Any, cast

import pytest

from tests.selftest.builders.evidence import ENERGY, SPREAD, FakeContext, result
from umlip_gate.claims.assertions import Limit, Order
from umlip_gate.claims.assertions.base import Subject
from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.conventions import BESIDE, judge_claim
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.metrics.quantities import QUANTITIES

pytestmark = pytest.mark.selftest


def judged(per_configuration: float, per_atom: float, **ends: Any) -> Verdict:  # noqa: ANN401 - any TOML value
    keys = {"kind": "limit", "name": "energy", "models": ["a"], "datasets": ["W-g"]}
    number = {"quantity": "energy_rmse", "convention": "per_configuration", "unit": "meV/atom"}
    limit = Limit.model_validate({**keys, **number, **ends})
    context = FakeContext([result("a", per_atom, per_configuration=per_configuration)])
    return judge_claim(limit, Subject("a", "W-g"), context)


@pytest.mark.parametrize(
    ("per_configuration", "per_atom", "outcome", "depends"),
    [
        (6.00, 4.58, Outcome.FAILED, True),
        (4.58, 6.00, Outcome.PASSED, True),
        (7.00, 6.29, Outcome.FAILED, False),
        (3.00, 2.00, Outcome.PASSED, False),
    ],
)
def test_a_verdict_that_the_other_convention_does_not_share_depends_on_it(
    per_configuration: float,
    per_atom: float,
    outcome: Outcome,
    depends: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    found = judged(per_configuration, per_atom, max=5.0)
    assert found.outcome is outcome
    assert found.value == per_configuration
    beside = found.details[BESIDE]
    assert (beside["convention"], beside["value"]) == ("per_atom", per_atom)
    assert beside == {
        "convention": "per_atom",
        "value": per_atom,
        "interval": (per_atom - 0.5, per_atom + 0.25),
        "outcome": "passed" if per_atom <= 5 else "failed",
        "depends": depends,
    }
    word = "depends on the convention" if depends else "the other convention"
    assert found.reason.endswith(f"; {word}: per_atom {per_atom:.4g}, {beside['outcome']}")


def test_a_printed_number_says_by_itself_how_it_was_computed() -> None:
    ends = {"min": 52.45, "max": 52.55}
    assert not judged(52.51, 52.07, printed=True, **ends).details[BESIDE]["depends"]
    assert judged(52.07, 52.51, printed=True, **ends).details[BESIDE]["depends"]
    assert judged(52.51, 52.07, **ends).details[BESIDE]["depends"]


class ByConvention(Measured):
    """Holds under one convention; nothing of it is printed in the paper."""

    def judge(self, *_: object) -> Verdict:
        holds = self.convention == "per_configuration"
        return Verdict(Outcome.of(holds), "W-g", "judged", value=1.0)


def test_what_is_not_printed_depends_on_the_convention() -> None:
    number = {"quantity": "energy_rmse", "convention": "per_configuration", "unit": "meV/atom"}
    found = judge_claim(
        cast("Limit", ByConvention.model_validate(number)), Subject("a", "W-g"), FakeContext([])
    )
    assert found.outcome is Outcome.PASSED
    assert found.details[BESIDE]["depends"]


def test_what_has_one_convention_only_is_judged_as_before() -> None:
    assert QUANTITIES["force_rmse"].other_averaging("component") is None
    assert QUANTITIES["energy_offset"].other_averaging("per_atom") == "per_configuration"
    removed = "per_configuration_offset_removed"
    assert QUANTITIES["energy_rmse"].other_averaging(removed) == "per_atom_offset_removed"
    spread = QUANTITIES["energy_deviation_spearman"]
    assert spread.other_averaging("per_atom") == "total"
    assert spread.other_averaging("total") == "per_atom"


@pytest.mark.parametrize(
    ("or_tied", "outcomes"),
    [
        (False, [Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.FAILED]),
        (True, [Outcome.PASSED, Outcome.PASSED, Outcome.FAILED]),
    ],
)
def test_a_tie_is_enough_where_comparable_is_claimed(
    or_tied: bool,  # noqa: FBT001 - a parameter of the test
    outcomes: list[Outcome],
) -> None:
    keys = {"kind": "order", "name": "energy", "datasets": ["W-g"], "tiers": [["a"], ["b"]]}
    order = Order.model_validate({**keys, **ENERGY, "or_tied": or_tied})
    contexts = [
        FakeContext([result("a", value), result("b", 5.0, spread=SPREAD[::-1])])
        for value in (3.0, 5.0, 7.0)
    ]
    assert [order.judge(Subject(None, "W-g"), context).outcome for context in contexts] == outcomes


def test_what_cannot_be_told_at_all_is_no_tie() -> None:
    """Two models that differ by the same amount in every configuration have no interval."""
    keys = {"kind": "order", "name": "energy", "datasets": ["W-g"], "tiers": [["a"], ["b"]]}
    order = Order.model_validate({**keys, **ENERGY, "or_tied": True})
    context = FakeContext([result("a", 5.0), result("b", 5.0)])
    assert order.judge(Subject(None, "W-g"), context).outcome is Outcome.INCONCLUSIVE
