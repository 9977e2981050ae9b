"""The figures of the paper: drawn from what was measured, and else what is missing."""

import re
from typing import Any

import pytest

from tests.selftest.builders.results import (
    ENERGY,
    FORCE,
    made_configurations,
    made_measurement,
    made_results,
)
from umlip_gate.report.charts import bar_chart, density, pareto_front
from umlip_gate.report.elements import SYMBOLS, by_element, tiles
from umlip_gate.report.figures import figures, missing
from umlip_gate.report.html import page
from umlip_gate.report.run import Run

pytestmark = pytest.mark.selftest


def run_with(**more: Any) -> Run:  # noqa: ANN401 - any part of a results file
    return Run("results.json", made_results() | more, made_configurations())


def test_what_is_not_drawn_says_what_is_missing() -> None:
    run = run_with()
    drawn = figures(run)
    kinds = {name.partition("-")[0] for name in drawn}
    assert kinds == {"fig1", "fig3", "fig4", "fig5"}
    absent = missing(run, drawn)
    assert [title.partition(",")[0] for title in absent] == [
        "Fig. 2",
        "Fig. 6",
        "Fig. 7",
        "Fig. 8",
        "Fig. 9",
        "Fig. 10",
    ]
    text = page([run])
    assert "run `pytest --benchmark-only --umlip-results=costs.json`" in text
    bare = Run(
        "results.json", made_results(), {"formulas": {}, "measurements": {}, "illustrations": {}}
    )
    assert "Fig. 4, parity" in missing(bare, figures(bare))


def test_elements_come_from_groups_and_from_datasets_of_one_element() -> None:
    mixed = made_measurement("mine", "mini", 9.0)
    numbers = {"n_configurations": 3, ENERGY: {"per_atom": 7.0}, FORCE: {"component": 70.0}}
    mixed["groups"] = {"Mo": numbers, "W": numbers | {"n_configurations": 2}, "MoW": numbers}
    systems = {"mini": {"Mo": 3, "W": 2, "MoW": 3}, "W-g": {"W": 6}}
    found = by_element([mixed, made_measurement("mine", "W-g", 4.5)], systems)["mine"]
    assert sorted(found) == ["Mo", "W"]
    assert (found["W"].dataset, found["W"].energy) == ("W-g", 4.5)
    table = tiles("<mine>", found)
    assert table.count('class="tile') == len(SYMBOLS) == 118
    assert "<b>Mo</b><br>7.0<br>70.0" in table
    assert "<mine>" not in table


def test_the_best_model_of_each_dataset() -> None:
    entries = [made_measurement("a", "W-g", 4.5), made_measurement("b", "W-g", 3.5)]
    chart = figures(run_with(measurements=entries))["fig3-energy"]
    assert "W-g: b: 3.50" in chart
    assert "W-g: a" not in chart


def test_ties_are_bracketed() -> None:
    bars = [("a", 1.0, [0.9, 1.1]), ("b", 1.05, [1.0, 1.2]), ("c", 2.0, [1.9, 2.1])]
    assert bar_chart("t", bars).count("h8V") == 1
    assert bar_chart("t", bars, ties=False).count("h8V") == 0


def test_parity_counts_every_configuration_that_did_not_fail() -> None:
    drawn = figures(run_with())
    energy, force = drawn["fig4-mine-W-g-energy"], drawn["fig4-mine-W-g-force"]
    assert "5 of 6 configurations" in energy
    assert sum(map(int, re.findall(r"<title>(\d+)</title>", energy))) == 5
    assert sum(map(int, re.findall(r"<title>(\d+)</title>", force))) == 30


def test_interaction_energies_are_ranked_by_system() -> None:
    system = {"system": "W-Re", "n_points": 4, "n_failed": 0, "interval_mev": [1.0, 3.0]}
    entries = [
        made_measurement(name, "solutes", None) | {"interactions": [system | {"rmse_mev": rmse}]}
        for name, rmse in (("a", 5.0), ("b", 2.0), ("failed", None))
    ]
    chart = figures(run_with(measurements=entries))["fig6-solutes-W-Re"]
    assert chart.index("b: 2.00 (95 %: 1.00 to 3.00)") < chart.index("a: 5.00")
    assert "failed" not in chart


def test_cost_against_accuracy_has_a_pareto_front() -> None:
    points = [("slow", 9.0, 1.0), ("both", 8.0, 0.5), ("cheap", 1.0, 5.0), ("bad", 2.0, 6.0)]
    assert [name for name, *_ in pareto_front(points)] == ["cheap", "both"]
    cost = {
        "model": "mine",
        "device": "cpu",
        "costs": [{"n_atoms": 125, "us_per_step_per_atom": 40.0}],
    }
    run = run_with()
    timed = Run("costs.json", made_results() | {"costs": [cost], "measurements": []}, {})
    drawn = figures(run.with_costs_of([timed]))
    assert "mine: 40, 4.5" in drawn["fig7-cpu-W-g-energy"]
    assert "Fig. 7" not in str(missing(run, drawn))
    assert not any(name.startswith("fig7") for name in figures(run))


def test_deviations_of_an_ensemble() -> None:
    plot = {"deviation_edges": [1.0, 10.0, 100.0], "error_edges": [2.0, 20.0, 200.0]}
    plots = {"energy_mev_per_atom": plot | {"counts": [[0, 0, 4], [1, 1, 2]]}}
    entry = made_measurement("both", "W-g", 4.5) | {"uncertainty": {"error_deviation_plot": plots}}
    chart = figures(run_with(measurements=[entry]))["fig8-both-W-g-energy"]
    assert re.findall(r"<title>(\d+)</title>", chart) == ["4", "2"]


def test_specialised_potentials_stand_beside_universal_ones() -> None:
    entries = [made_measurement("mine", "W-g", 4.5), made_measurement("EAM", "W-g", 50.0)]
    assert not any(name.startswith("fig9") for name in figures(run_with(measurements=entries)))
    entries[1]["identity"] = {"family": "eam"}
    chart = figures(run_with(measurements=entries))["fig9-W-g-energy"]
    assert "EAM (specialised): 50.00" in chart


def test_counts_of_one_bin_are_drawn() -> None:
    chart = density("t", ("x", "y"), ([0.0, 1.0], [0.0, 1.0]), [(0, 0, 1)])
    assert 'opacity="1.00"' in chart
