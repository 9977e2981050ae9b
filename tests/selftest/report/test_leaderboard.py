"""The table that tells which model to take: nothing unmeasured has a place in it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from umlip_gate.models.registry import load_models
from umlip_gate.report.claims import committed_thresholds
from umlip_gate.report.leaderboard import (
    Row,
    criteria_of,
    leaderboard,
    markdown,
    write_csv,
)

pytestmark = pytest.mark.selftest

THRESHOLDS = committed_thresholds()
CRITERIA = criteria_of(THRESHOLDS.gates["release"], "W-g")
KEYS = ("energy_rmse_mev_per_atom", "force_rmse_mev_per_ang")


def measured(model: str, energy: float, half: float | None, **changed: object) -> dict[str, Any]:
    energies = dict.fromkeys(("per_atom", "per_configuration"), energy)
    ends = None if half is None else [energy - half, energy + half]
    return {
        "model": model,
        "dataset": "W-g",
        "source": "published",
        "sample_of": None,
        "n_failed": 0,
        KEYS[0]: energies,
        KEYS[1]: {"component": 100.0},
        "intervals": {KEYS[0]: dict.fromkeys(energies, ends), KEYS[1]: {"component": None}},
        **changed,
    }


def rows_of(*entries: dict[str, Any]) -> list[Row]:
    return leaderboard([{"measurements": list(entries)}], THRESHOLDS, "release", "W-g")


def named(rows: list[Row]) -> dict[str, Row]:
    return {row.model: row for row in rows}


def test_every_registered_model_has_one_row() -> None:
    assert sorted(row.model for row in rows_of()) == sorted(load_models())


def test_models_are_sorted_and_tied_by_their_intervals() -> None:
    rows = rows_of(
        measured("eqV2-31M-omat", 2.0, 0.5),
        measured("MACE-omat-0", 2.4, 0.1),
        measured("GRACE-2L-OAM", 3.0, 0.2),
    )
    assert [row.model for row in rows[:3]] == ["eqV2-31M-omat", "MACE-omat-0", "GRACE-2L-OAM"]
    assert [row.group for row in rows[:3]] == [1, 1, 2]


def test_a_number_without_interval_tells_nothing_apart() -> None:
    rows = named(rows_of(measured("eqV2-31M-omat", 0.1, None)))
    assert rows["eqV2-31M-omat"].group is None
    assert rows["Nequix-OMat-1"].source == "reference"
    assert rows["Nequix-OMat-1"].group is None


@pytest.mark.parametrize(
    "changed",
    [
        {"sample_of": 1026},
        {"n_failed": 1},
        {"source": "random"},
        {"source": "brought"},
        {"dataset": "W-s"},
        {KEYS[1]: {"component": None}},
    ],
)
def test_what_is_no_whole_measurement_has_no_number(changed: dict[str, object]) -> None:
    row = named(rows_of(measured("MACE-MP-0", 0.1, 0.01, **changed)))["MACE-MP-0"]
    assert (row.source, row.numbers) == ("none", {})
    assert row.note


def test_csv_and_markdown_have_the_same_rows(tmp_path: Path) -> None:
    rows = rows_of(measured("eqV2-31M-omat", 2.0, 0.5))
    write_csv(rows, CRITERIA, tmp_path / "models.csv")
    with (tmp_path / "models.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [line["model"] for line in read] == [row.model for row in rows]
    assert (read[0]["energy_rmse per_atom low"], read[0]["energy_rmse per_atom high"]) == (
        "1.5",
        "2.5",
    )
    text = markdown(rows, CRITERIA)
    assert all(f"| {row.model} |" in text for row in rows)
    assert "2.0 (1.5…2.5)" in text


def test_the_page_is_of_registered_models() -> None:
    """docs/results/models.* are made of a run; which models there are must not be out of date."""
    page = Path(__file__).parents[3] / "docs" / "results"
    listed = {row["model"] for row in json.loads((page / "models.json").read_text())}
    assert listed == set(load_models())
    text = (page / "models.md").read_text()
    assert all(f"| {name} |" in text for name in listed)
