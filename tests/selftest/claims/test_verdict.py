"""How a check ends, by the interval of a difference and by its parts."""

from typing import Literal

import pytest

from umlip_gate.claims.verdict import NotPassed, Outcome, Verdict

pytestmark = pytest.mark.selftest


@pytest.mark.parametrize(
    ("interval", "below", "above"),
    [
        ((-2.0, -1.0), Outcome.PASSED, Outcome.FAILED),
        ((1.0, 2.0), Outcome.FAILED, Outcome.PASSED),
        ((-1.0, 1.0), Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE),
        ((-1.0, 0.0), Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE),
        ((0.0, 1.0), Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE),
        ((0.0, 0.0), Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE),
        ((-0.5, -0.25), Outcome.PASSED, Outcome.FAILED),
        ((0.25, 0.5), Outcome.FAILED, Outcome.PASSED),
        (None, Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE),
    ],
)
def test_a_difference_is_decided_by_all_of_its_interval(
    interval: tuple[float, float] | None, below: Outcome, above: Outcome
) -> None:
    assert Outcome.of_difference(interval) is below
    signs: dict[Literal[1, -1], Outcome] = {1: below, -1: above}
    for sign, outcome in signs.items():
        assert Outcome.of_difference(interval, sign) is outcome


def test_parts_must_all_pass() -> None:
    passed, failed, open_ = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
    assert Outcome.of_all([passed, passed]) is passed
    assert Outcome.of_all([]) is passed
    assert Outcome.of_all([passed, open_]) is open_
    assert Outcome.of_all([open_, failed]) is failed
    assert Outcome.of_all([failed, passed]) is failed


def test_a_verdict_says_over_how_many_models_it_is() -> None:
    verdict = Verdict(Outcome.PASSED, "W-g", "all do", details={"more": 1})
    over = verdict.over(3, 5)
    assert over.details == {"more": 1, "n_models_judged": 3, "n_models_meant": 5}
    assert verdict.details == {"more": 1}
    assert (over.outcome, over.dataset, over.reason) == (Outcome.PASSED, "W-g", "all do")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_a_pass_is_one(outcome: Outcome) -> None:
    verdict = Verdict(outcome, "W-g", "why")
    if outcome is Outcome.PASSED:
        verdict.require()
        return
    with pytest.raises(NotPassed, match=r"^why$") as raised:
        verdict.require()
    assert raised.value.verdict is verdict
