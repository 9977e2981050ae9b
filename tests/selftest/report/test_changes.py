"""Differences from another model as tables, the cost's ratio among them."""

from typing import Any

import pytest

from umlip_gate.report.changes import change_table, moved_table

pytestmark = pytest.mark.selftest

CHANGES: dict[str, Any] = {
    "against": "old.v1",
    "numbers": [
        {
            "quantity": "force_rmse",
            "convention": "component",
            "unit": "meV/Å",
            "candidate": 78.2,
            "against": 72.0,
            "difference": 6.2,
            "interval": [4.0, 8.4],
            "change": "worse",
        }
    ],
    "moved": {
        "energy": [{"row": 7, "n_atoms": 54, "candidate": 9.5, "against": -1.25}],
        "force": [],
    },
}


def verdict(item: str, **keys: Any) -> dict[str, Any]:  # noqa: ANN401 - any plain data
    base = {"id": f"new:W-g:{item}", "dataset": "W-g", "value": 1026.0, "details": {}}
    return {**base, "outcome": "passed", "interval": None, **keys}


VERDICTS = [
    verdict("gate.own.energy"),
    verdict("against.old.v1", details={"changes": CHANGES}),
    verdict("against.lost", value=None),
    verdict(
        "against.old.v1.cpu.float32",
        id="new:bcc-W:against.old.v1.cpu.float32",
        value=1.034,
        interval=[1.01, 1.06],
        outcome="inconclusive",
    ),
]


@pytest.mark.parametrize("whole", [True, False])
def test_accuracy_and_cost_share_a_table(*, whole: bool) -> None:
    lines = change_table(VERDICTS, whole=whole)
    accuracy, _, force, costs, _, cost = lines
    assert accuracy == "new against old.v1 on W-g"
    assert force.split() == (
        ["force_rmse", "component", "78.2", "72", "+6.2", "4.00", "…", "8.40", "worse"]
    )
    assert costs == "new against old.v1 on bcc-W"
    assert cost.split()[-6:] == ["x", "1.034", "1.01", "…", "1.06", "inconclusive"]
    assert max(map(len, lines)) <= 100


def test_every_number_is_shown_where_all_are_asked_for() -> None:
    (slope,) = ({**CHANGES["numbers"][0], "quantity": "force_slope"},)
    more = [verdict("against.old.v1", details={"changes": {**CHANGES, "numbers": [slope]}})]
    assert any("force_slope" in line for line in change_table(more, whole=True))
    assert not any("force_slope" in line for line in change_table(more, whole=False))


def test_rows_that_moved_are_listed_with_both_errors() -> None:
    _, row = (line.split() for line in moved_table(VERDICTS))
    assert row == ["W-g", "7", "54", "energy", "9.50", "-1.25"]


def test_without_a_comparison_there_is_no_table() -> None:
    assert change_table(VERDICTS[:1], whole=True) == []
    assert len(moved_table(VERDICTS[:1])) == 1
