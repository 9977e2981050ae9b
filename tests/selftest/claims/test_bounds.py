"""Ends of intervals, and numbers that are told from them."""

import math

import pytest

from umlip_gate.claims.bounds import Ends, show_beside

pytestmark = pytest.mark.selftest


@pytest.mark.parametrize(
    ("ends", "interval", "straddled"),
    [
        ({"max": 5}, (4, 5), False),
        ({"max": 5}, (4, 5.1), True),
        ({"max": 5}, (5, 6), True),
        ({"max": 5}, (5.1, 6), False),
        ({"max": 5, "strict": True}, (4, 5), True),
        ({"max": 5, "strict": True}, (5, 6), False),
        ({"min": 3}, (3, 4), False),
        ({"min": 3}, (2, 3), True),
        ({"min": 3, "strict": True}, (3, 4), True),
        ({"min": 3, "strict": True}, (2, 3), False),
        ({"min": 3, "max": 5}, (3, 5), False),
        ({"min": 3, "max": 5}, (2, 6), True),
        ({"min": 3, "max": 5}, (1, 2), False),
        ({"min": 3, "max": 3}, (2, 4), True),
        ({"min": 0, "max": 5}, (-1, 6), True),
        ({"min": -5, "max": 0}, (-6, 1), True),
    ],
)
def test_an_interval_straddles_what_it_has_values_on_both_sides_of(
    ends: dict[str, float], interval: tuple[float, float], *, straddled: bool
) -> None:
    assert Ends.model_validate(ends).straddled_by(interval) is straddled


@pytest.mark.parametrize(
    ("ends", "relation", "limit"),
    [
        ({"max": 0}, "≤", 0),
        ({"max": 5, "strict": True}, "<", 5),
        ({"min": 0}, "≥", 0),
        ({"min": 3, "strict": True}, ">", 3),
        ({"min": 0, "max": 5}, "within", (0, 5)),
        ({"min": -5, "max": 0, "strict": True}, "within", (-5, 0)),
    ],
)
def test_relation_and_limit(ends: dict[str, float], relation: str, limit: object) -> None:
    found = Ends.model_validate(ends)
    assert (found.relation, found.limit) == (relation, limit)


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        (4.0, 5.0, "4"),
        (-4.0, 5.0, "-4"),
        (4.123, 5.0, "4.12"),
        (4.999, 5.0, "4.999"),
        (5.001, (1.0, 5.0), "5.001"),
        (1.001, (1.0, 5.0), "1.001"),
        (1.001, [1.0, 5.0], "1.001"),
        (5.001, 4.0, "5.00"),
        (2.625, 2.625, "2.62"),
        (5 + 2e-11, 5.0, "5.00000000002"),
        (5 + 4.4e-12, 5.0, "5.0000000000044"),
        (999_999_999.5, 1.0, "999999999.50"),
        (1e9, 1.0, "1000000000.0"),
        (-2.5e9, 1.0, "-2500000000.0"),
        (math.inf, 1.0, "inf"),
        (math.nan, 1.0, "nan"),
    ],
)
def test_a_value_is_shown_apart_from_its_limit(value: float, limit: float, shown: str) -> None:
    assert show_beside(value, limit) == shown
