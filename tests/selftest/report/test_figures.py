"""The figures of the paper: drawn from what was measured, and else what is missing."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from tests.selftest.builders.results import (
    ENERGY,
    FORCE,
    made_configurations,
    made_measurement,
    made_results,
)
from umlip_gate.errors import InputError
from umlip_gate.report.axes import Axis, linear_ticks, logarithmic_ticks, tick_text
from umlip_gate.report.charts import clouds, density, interval_chart, pareto_front
from umlip_gate.report.elements import SYMBOLS, by_element, tiles
from umlip_gate.report.figures import TITLES, figures, missing
from umlip_gate.report.html import page
from umlip_gate.report.run import Run, read_runs

pytestmark = pytest.mark.selftest


def run_with(**more: Any) -> Run:  # noqa: ANN401 - any part of a results file
    return Run("results.json", made_results() | more, made_configurations())


def test_what_is_not_drawn_says_what_is_missing() -> None:
    run = run_with()
    drawn = figures(run)
    kinds = {name.partition("-")[0] for name in drawn}
    assert kinds == {"fig1", "fig3", "fig4", "fig5"}
    absent = missing(run, drawn)
    assert list(absent) == ["fig2", "fig6", "fig7", "fig8", "fig9", "fig10"]
    text = page([run])
    for figure in TITLES:
        _, _, after = text.partition(f'<h3 id="{figure}">')
        told = after.partition("<h3")[0].partition("</section>")[0]
        assert ("Not drawn: " in told) == (figure in absent), figure
        assert ("<svg" in told or "<canvas" in told) == (figure not in absent), figure
    assert "run `pytest --benchmark-only --umlip-results=costs.json`" in text
    bare = Run(
        "results.json", made_results(), {"formulas": {}, "measurements": {}, "illustrations": {}}
    )
    assert "fig4" in missing(bare, figures(bare))


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
    assert interval_chart("t", bars).count("h8V") == 1
    assert interval_chart("t", bars, ties=False).count("h8V") == 0


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
    assert "fig7" not in missing(run, drawn)
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


COVERAGE = {
    "first": "W-g",
    "second": "W-mp",
    "share_of_second_covered_by_first": 0.989,
    "share_of_first_covered_by_second": 0.476,
    "principal_components": {"first": [[0.0, 0.0], [2.0, 1.0]], "second": [[1.0, 0.5]]},
}


def test_coverage_is_drawn_from_the_claim_and_from_a_file_of_the_command(tmp_path: Path) -> None:
    results = made_results()
    results["verdicts"][0]["details"] = COVERAGE
    drawn = figures(Run("results.json", results, made_configurations()))
    chart = drawn["fig10-W-g-W-mp"]
    assert "W-g covers 98.9% of W-mp, which covers 47.6% of W-g" in chart
    assert "W-g: 2 environments" in chart
    assert "W-mp: 1 environments" in chart
    assert sum(d.count("h0") for d in re.findall(r'class="cloud set\d" d="([^"]*)"', chart)) == 3
    (tmp_path / "coverage.json").write_text(json.dumps(COVERAGE))
    (tmp_path / "results.json").write_text(json.dumps(made_results()))
    (run,) = read_runs([tmp_path / "coverage.json", tmp_path / "results.json"])
    assert "fig10-W-g-W-mp" in figures(run)
    with pytest.raises(InputError, match="no file that --umlip-results wrote"):
        read_runs([tmp_path / "coverage.json"])


def test_the_front_has_classical_potentials_on_a_core_and_on_a_gpu() -> None:
    names = ("uMLIP", "EAM-Zhou", "ACE-W-0")
    entries = [
        made_measurement(name, "W-g", energy)
        for name, energy in zip(names, (4.5, 60.0, 6.0), strict=True)
    ]
    costs = [
        {
            "model": name,
            "device": device,
            "costs": [{"n_atoms": 125, "us_per_step_per_atom": cost}],
        }
        for device in ("cpu", "cuda")
        for name, cost in zip(names, (4000.0, 2.0, 300.0), strict=True)
    ]
    drawn = figures(run_with(measurements=entries, costs=costs))
    for name, where in (("fig7-cpu-W-g-energy", "core"), ("fig7-cuda-W-g-energy", "GPU")):
        assert f"on a {where}, 125 atoms" in drawn[name]
        assert all(f"<title>{model}: " in drawn[name] for model in names)
        front = re.search(r'stroke-dasharray="4" d="([^"]*)"', drawn[name])
        assert front
        assert front[1].count("L") == 2, "none of the three beats another in both"


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-12.96, -11.8, [-12.8, -12.6, -12.4, -12.2, -12.0, -11.8]),
        (0, 1277, [0, 500, 1000]),
        (3, 3, [3]),
        (-1e308, 1e308, [-1e308]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert linear_ticks(low, high) == pytest.approx(ticks)


def test_logarithmic_ticks_are_powers_of_ten_or_between_them() -> None:
    assert logarithmic_ticks(0.02, 900) == pytest.approx([0.1, 1, 10, 100])
    assert logarithmic_ticks(3, 60) == pytest.approx([5, 10, 20, 50])
    assert logarithmic_ticks(3.1, 3.2) == [3.1]
    assert [tick_text(value) for value in (15000, 0.30000000000000004, -0.0, 1e9)] == [
        "15000",
        "0.3",
        "0",
        "1e9",
    ]


def test_an_axis_ends_where_it_should() -> None:
    for axis in (
        Axis(0, 4, 10, 110),
        Axis(1, 10, 10, 110, logarithmic=True),
        Axis(-1e308, 1e308, 10, 110),
    ):
        assert (axis(axis.low), axis(axis.high)) == pytest.approx((10, 110))
        assert axis(math.inf) == 110
    assert Axis(1, 100, 0, 100, logarithmic=True)(10) == pytest.approx(50)
    assert Axis(2, 2, 0, 100)(2) == 50


def test_values_of_several_sizes_stand_on_a_logarithmic_axis() -> None:
    linear = interval_chart("t", [("a", 2.0, None), ("b", 4.0, None)])
    assert ">0</text>" in linear
    both = interval_chart("t", [("a", 2.0, [1.0, 3.0]), ("b", 400.0, None)])
    assert ">0</text>" not in both
    places = [float(x) for x in re.findall(r'cx="([\d.]+)"', both)]
    decade = (places[1] - places[0]) / math.log10(200)
    axis = [float(x) for x in re.findall(r'class="tick" x="([\d.]+)"', both)]
    assert axis[1] - axis[0] == pytest.approx(decade, abs=0.2)


def test_names_in_a_cloud_stay_text() -> None:
    chart = clouds("t", ("x", "y"), [("<b>", [[0.0, 0.0]]), ("&", [[1.0, 1.0]])])
    assert "<b>" not in chart
