"""Folders that a marker expression selects nothing of are not read; all others are."""

import pytest

from umlip_gate.plugin.marker_expression import can_select

pytestmark = pytest.mark.selftest

OTHERS = frozenset({"accuracy", "physics", "cost"})


@pytest.mark.parametrize(
    ("expression", "selects"),
    [
        ("accuracy", False),
        ("accuracy and not slow", False),
        ("accuracy or cost", False),
        ("cost and slow", False),
        ("selftest", True),
        ("selftest and not slow", True),
        ("not selftest", False),
        ("not accuracy", True),
        ("slow", True),
        ("accuracy or slow", True),
        ("(accuracy or selftest) and not network", True),
        ("accuracy or", True),
        ("mark(key=1)", True),
    ],
)
def test_a_folder_is_left_out_only_if_nothing_of_it_can_be_selected(
    expression: str, *, selects: bool
) -> None:
    assert can_select(expression, "selftest", OTHERS) is selects
