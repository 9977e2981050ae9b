"""The tables of the terminal: short, whatever the number of items and groups."""

from typing import Any

import pytest

from umlip_gate.report.tables import ENERGY_CONVENTIONS, GROUPS_SHOWN, group_table, verdict_table

pytestmark = pytest.mark.selftest


def grouped(sizes: list[int]) -> dict[str, Any]:
    group = {
        "n_failed": 0,
        "energy_rmse_mev_per_atom": dict.fromkeys(ENERGY_CONVENTIONS, 1.0),
        "energy_slope": {"per_configuration_composition_removed": 1.0},
        "force_rmse_mev_per_ang": {"component": 1.0},
    }
    groups = {f"g{i:04}": {**group, "n_configurations": size} for i, size in enumerate(sizes)}
    return {"model": "mine", "dataset": "general", "groups": groups}


def test_of_thousands_of_groups_the_largest_are_shown_in_their_order() -> None:
    sizes = [1] * 990 + list(range(2, 32)) + [1] * 980
    lines = group_table([grouped(sizes)])
    names = [line.split()[2] for line in lines[1:-1]]
    assert names == [f"g{i:04}" for i in range(1000, 1020)]
    assert lines[-1].split() == [
        "mine",
        "general",
        "1980",
        "more,",
        "in",
        "the",
        "results",
        "file",
        "2035",
    ]


def test_every_one_of_a_few_groups_is_shown() -> None:
    lines = group_table([grouped([1] * GROUPS_SHOWN)])
    assert len(lines) == GROUPS_SHOWN + 1
    assert "more" not in lines[-1]


@pytest.mark.parametrize("outcome", ["passed", "skipped"])
def test_many_items_share_a_line_that_reads_with_either_outcome(outcome: str) -> None:
    blank = dict.fromkeys(("value", "limit", "unit", "interval", "relation", "source"))
    verdicts = [
        {**blank, "id": f"mine:bcc-W-{n}:step.cpu", "outcome": outcome, "model": "mine"}
        for n in (2, 16, 54, 128)
    ]
    (line,) = verdict_table(verdicts)[1:]
    assert line.split() == f"mine bcc-W 4 sizes of the crystal {outcome} -".split()
