"""Deviations from laws of physics, judged by a limit for the model's declared kind and dtype."""

import math
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms

from umlip_gate.claims.physics_verdicts import NOT_CONSERVATIVE, PhysicsResult, judge_physics
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError
from umlip_gate.physics.limits import ByDtype, ByKind, PhysicsLimit
from umlip_gate.physics.study import Deviation

pytestmark = pytest.mark.selftest

MOST = ByKind(
    conservative=ByDtype(float32=4.0, float64=3.0), direct=ByDtype(float32=2.0, float64=1.0)
)


def limit(quantity: str = "gradient", unit: str = "1") -> PhysicsLimit:
    return PhysicsLimit(
        quantity=quantity,
        unit=unit,
        law="Forces are the gradient.",
        source="a self-test's",
        rationale="a self-test's",
        max=MOST,
    )


def judged(value: float, of: PhysicsLimit, **keys: Any) -> Verdict:  # noqa: ANN401 - any field
    declared = {name: keys.pop(name) for name in ("conservative", "dtype") if name in keys}
    found = Deviation(value, "bcc W, row 3", 20, (Atoms("W"), Atoms("W2")), **keys)
    identity = {"dataset": "the structures'"}
    about = {"conservative": True, "dtype": "float32", **declared}
    result = PhysicsResult(
        "mine", "W-g", "live", **about, deviations={of.quantity: found}, identity=identity
    )
    return judge_physics(of, result)


@pytest.mark.parametrize(
    ("conservative", "dtype", "largest"),
    [
        (True, "float32", 4.0),
        (True, "float64", 3.0),
        (False, "float32", 2.0),
        (False, "float64", 1.0),
    ],
)
def test_the_limit_is_that_of_the_declared_kind_and_dtype(
    *, conservative: bool, dtype: str, largest: float
) -> None:
    """The limit itself is inside."""
    above = math.nextafter(largest, 9)
    for value, outcome in ((largest, Outcome.PASSED), (above, Outcome.FAILED)):
        verdict = judged(value, limit(), conservative=conservative, dtype=dtype)
        assert verdict.outcome is outcome
        assert verdict.limit == largest
        assert verdict.details["kind"] == ("conservative" if conservative else "direct")
        assert verdict.details["dtype"] == dtype


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_has_no_verdict(value: float) -> None:
    with pytest.raises(
        MeasurementError, match=f"^mine on W-g: gradient is {value} on bcc W, row 3$"
    ):
        judged(value, limit())


def test_a_pass_carries_everything() -> None:
    assert judged(1.234, limit()) == Verdict(
        outcome=Outcome.PASSED,
        model="mine",
        dataset="W-g",
        source="live",
        value=1.234,
        relation="≤",
        limit=4.0,
        unit="1",
        reason="mine on W-g (live): gradient 1.2, passed: the limit is ≤ 4 for conservative models "
        "in float32; the largest of 20 trials, on bcc W, row 3",
        details={
            "law": "Forces are the gradient.",
            "kind": "conservative",
            "dtype": "float32",
            "origin": "bcc W, row 3",
            "counterexample": None,
            "n_trials": 20,
            "structures": "the structures'",
        },
    )


def test_a_gradient_that_is_none_says_what_a_direct_model_declares() -> None:
    verdict = judged(5.0, limit(), saved=Path("worst.xyz"), smallest="2 atoms of W")
    assert verdict.reason == (
        "mine on W-g (live): gradient 5, failed: the limit is ≤ 4 for conservative models in "
        "float32; the largest of 20 trials, on bcc W, row 3; the smallest crystal beyond the "
        "limit is 2 atoms of W (2 structures saved in worst.xyz). Forces are the gradient. A model "
        "that predicts its forces beside its energy is declared with conservative = false in its "
        "file, and judged as such"
    )
    assert verdict.details["counterexample"] == "worst.xyz"


@pytest.mark.parametrize("value", [1.0, 5.0])
def test_a_direct_model_is_told_what_it_declared(value: float) -> None:
    assert judged(value, limit(), conservative=False).reason.endswith(
        f"; the largest of 20 trials, on bcc W, row 3. It is {NOT_CONSERVATIVE}"
    )


def test_another_law_is_named_where_it_is_broken() -> None:
    rotation = limit("rotation_force", "meV/Å")
    broken = judged(5.0, rotation, saved=Path("worst.xyz"))
    assert broken.unit == "meV/Å"
    assert broken.reason == (
        "mine on W-g (live): rotation_force 5 meV/Å, failed: the limit is ≤ 4 meV/Å for "
        "conservative models in float32; the largest of 20 trials, on bcc W, row 3 (2 structures "
        "saved in worst.xyz). Forces are the gradient."
    )
    assert judged(1.0, rotation).reason.endswith("trials, on bcc W, row 3")
