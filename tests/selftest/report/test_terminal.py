"""The short output: 100 columns, one table, each cause once."""

from typing import Any

import pytest

from tests.selftest.builders.results import ENERGY, FORCE, made_measurement
from umlip_gate.report.causes import causes, distance
from umlip_gate.report.terminal import WIDTH, cause_lines, fill, result_table, shorten

pytestmark = pytest.mark.selftest

INTERVAL = [408.1, 452.04]


def measurement(model: str, dataset: str, source: str = "live") -> dict[str, Any]:
    entry = made_measurement(model, dataset, 124.44) | {"source": source, "n_failed": 0}
    entry[FORCE] = {"component": 429.9}
    entry["intervals"] = {ENERGY: {"per_atom": [4.0, None]}, FORCE: {"component": INTERVAL}}
    return entry | {"sample_of": None}


def verdict(model: str, dataset: str, item: str, outcome: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return {
        "id": f"{model}:{dataset}:{item}",
        "model": model,
        "outcome": outcome,
        "value": None,
        "interval": None,
        "relation": "≤",
        "limit": 5.0,
        "unit": "meV/atom",
        "reason": f"{model} on {dataset}: no predictions are published",
    } | more


def text_of(lines: list[tuple[str, str, str]]) -> list[str]:
    return [line for start, end, _ in lines for line in (start + fill(end)).splitlines()]


def test_a_line_of_the_table() -> None:
    verdicts = [
        verdict("mine", "W-g", "energy", "passed", value=4.0),
        verdict("mine", "W-g", "force", "failed", value=430.0),
        verdict("mine", "Mo-g", "force", "skipped"),
    ]
    lines = result_table([measurement("mine", "W-g", "published")], verdicts, {})
    assert text_of(lines)[1:] == [
        "mine †  W-g      124.4        429.9 (408.1…452.0)  1 failed",
        "† published predictions, not computed here",
    ]
    assert [outcome for _, _, outcome in lines] == ["", "failed", ""]


def test_samples_failures_and_other_dft_are_said() -> None:
    entry = measurement("mine", "W-g") | {"sample_of": 1026, "n_failed": 2}
    floors = {"W-g": {"energy_rmse": {"per_atom": (1.0, 1.95)}}}
    lines = text_of(result_table([entry], [], floors))
    assert lines[1].startswith("mine             W-g, 6 of 1026, 2 failed  124.4")
    assert lines[2].split() == ["DFT", "against", "DFT", "W-g", "1.00", "…", "1.95", "-", "-"]


def test_long_names_and_numbers_fit_the_width() -> None:
    model, dataset = f"begin-{'x' * 80}-end", "d" * 60
    lines = text_of(result_table([measurement(model, dataset)], [], {}))
    assert max(map(len, lines)) <= WIDTH
    assert lines[1].startswith("begin-")
    assert "-end " in lines[1]
    assert "429.9 (408.1…452.0)" in lines[1]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(4.5, "4.50"), (45.678, "45.68"), (429.94, "429.9"), (1062.3, "1062"), (1e300, "1e+300")],
)
def test_numbers_have_four_digits(value: float, shown: str) -> None:
    entry = measurement("mine", "W-g") | {ENERGY: {"per_atom": value}}
    assert text_of(result_table([entry], [], {}))[1].split()[2] == shown


def test_what_was_not_measured_has_no_line() -> None:
    assert result_table([], [verdict("mine", "W-g", "energy", "skipped")], {}) == []


def test_one_cause_is_one_line() -> None:
    verdicts = [verdict(f"m{n}", "W-g", f"item{k}", "skipped") for n in range(2) for k in range(3)]
    verdicts.append(verdict("m0", "Mo-g", "item0", "skipped", reason="Mo-g: not public\nask them"))
    verdicts.append(verdict("m0", "Mo-g", "item1", "error", reason="m0: it crashed"))
    assert text_of(cause_lines(verdicts)) == [
        "1 error: it crashed (m0 on Mo-g)",
        "6 skipped: no predictions are published (m0, m1 on W-g)",
        "1 skipped: not public (m0 on Mo-g)",
    ]


def test_what_a_cause_announces_is_told() -> None:
    """Else the row of a fault in the data would be in `-v` alone."""
    reason = "W-g: the data are not sound:\n  a.xyz row 1: no atoms\n  a.xyz row 7: no atoms"
    assert text_of(cause_lines([verdict("m0", "W-g", "item0", "error", reason=reason)])) == [
        "1 error: the data are not sound: a.xyz row 1: no atoms; a.xyz row 7: no atoms (m0 on W-g)"
    ]


def test_values_outside_one_limit_are_one_cause() -> None:
    failed = [
        verdict(f"m{n}", "W-g", "energy", "failed", value=6.12 + n, interval=[5.5, 8])
        for n in range(5)
    ]
    (line,) = cause_lines(failed)
    assert line[1] == (
        "5 failed: energy, limit ≤ 5: m0 on W-g 6.12 meV/atom (5.50…8.00); m1 on W-g 7.12 "
        "meV/atom (5.50…8.00); m2 on W-g 8.12 meV/atom (5.50…8.00) and 2 others"
    )
    assert max(map(len, text_of([line]))) <= WIDTH
    passed, other = verdict("m9", "W-g", "energy", "passed", value=4.0), dict(failed[0])
    other["limit"] = 3.0
    assert [len(cause.verdicts) for cause in causes([*failed, passed, other])] == [5, 1]


@pytest.mark.parametrize(
    ("relation", "limit", "value", "shown"),
    [
        ("≤", 5.0, 6.0, "1 meV/atom outside (20% of it)"),
        ("<", 5.0, 5.0, "0 meV/atom outside (0% of it)"),
        (">", 5.0, 4.0, "1 meV/atom outside (20% of it)"),
        ("within", [2.0, 4.0], 1.0, "1 meV/atom outside (50% of it)"),
        ("within", [2.0, 4.0], 6.0, "2 meV/atom outside (50% of it)"),
        ("≤", 0.0, 3.0, "3 meV/atom outside"),
        ("≤", 5.0, 5.0, None),
        ("within", [2.0, 4.0], 3.0, None),
        (None, None, 3.0, None),
    ],
)
def test_the_distance_from_a_limit(
    relation: str | None,
    limit: float | list[float] | None,
    value: float,
    shown: str | None,
) -> None:
    numbers: dict[str, Any] = {"relation": relation, "limit": limit, "value": value}
    assert distance(verdict("mine", "W-g", "energy", "failed", **numbers)) == shown


def test_what_else_is_told_of_a_measured_value_is_left_to_the_report() -> None:
    reason = "mine on W-g (live): 4.9 meV/atom, inconclusive: the limit is < 5; other: 4.4"
    open_one = verdict("mine", "W-g", "energy", "inconclusive", value=4.9, reason=reason)
    listed = verdict("mine", "W-g", "who", "known_failure", value=4.9, reason="tied; other: 4.4")
    assert [cause.text for cause in causes([listed, open_one])] == [
        "mine on W-g (live): 4.9 meV/atom, inconclusive: the limit is < 5",
        "tied",
    ]


def test_a_long_line_is_shortened() -> None:
    assert shorten("short") == "short"
    long = shorten("no verdict: " + ", ".join(f"check-{n}" for n in range(40)))
    assert len(long) <= WIDTH
    assert long.endswith(" … (all: -v)")
