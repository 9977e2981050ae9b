"""The HTML report shows what the results file says, whatever that is."""

import gzip
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.selftest.builders.results import ENERGY, made_configurations, made_results
from tests.selftest.cli import CommandLineRun
from umlip_gate.errors import InputError
from umlip_gate.report.__main__ import main
from umlip_gate.report.charts import groups_of_ties
from umlip_gate.report.configurations import companion
from umlip_gate.report.drawings import thinned
from umlip_gate.report.figures import figures
from umlip_gate.report.html import page
from umlip_gate.report.plain import plain_data
from umlip_gate.report.run import Run
from umlip_gate.report.summary import markdown
from umlip_gate.report.tables import reasons, verdict_table

pytestmark = pytest.mark.selftest

SCHEMA = Path(__file__).parents[3] / "umlip_gate" / "report" / "results.schema.json"


def run_of(results: dict[str, Any], name: str = "results.json") -> Run:
    model = results["measurements"][0]["model"]
    return Run(name, plain_data(results), plain_data(made_configurations(model)))


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") for name, _ in attrs)
        self.tags.append(tag)


def test_the_answer_comes_first() -> None:
    text = page([run_of(made_results())])
    assert text.index("mine fails the gate quick") < text.index('id="verdicts"')
    assert "exit code 1 · 1 failed, 1 skipped, 2 passed" in text
    stopped = made_results(exit_code=2) | {"interrupted": {"by": "SIGTERM", "kept": ["64 rows"]}}
    assert "mine: interrupted by SIGTERM, no verdict" in page([run_of(stopped)])


def test_every_verdict_and_every_claim_has_a_row() -> None:
    results = made_results()
    text = page([run_of(results)])
    assert len(re.findall(r'<tr data-outcome="', text)) == len(results["verdicts"])
    assert 'data-value="4.5">4.50 meV/atom' in text
    assert "Claims of the paper (1)" in text
    assert 'class="outcome passed">reproduced</td>' in text
    assert "measured:\n  because" in text
    options = re.search(r"<select data-filter=claim>(.*?)</select>", text)
    assert options
    claims = ["", *(f"item-{k}" for k in (1, 2, 0, 3))]
    assert re.findall(r"<option[^>]*>(.*?)</option>", options[1])[1:] == claims[1:]


def test_no_configuration_is_missing_and_failed_ones_are_kept() -> None:
    text = page([run_of(made_results())])
    points = json.loads(re.search(r'id="points">(.*?)</script>', text)[1])  # type: ignore[index]
    plot = points["plots"]["mine | W-g | live"]
    assert plot["n"] == len(plot["points"]) == 6
    assert plot["points"][5] == [5, None, None, None, None, "W6"]


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\x00\x1b[31m"


def test_hostile_names_stay_text() -> None:
    harmless, hostile = made_results(), made_results(HOSTILE, HOSTILE)
    for number, verdict in enumerate(hostile["verdicts"]):
        verdict["id"] = f"{HOSTILE}:W-g:item-{number}"
    tags = [Tags(page([run_of(each)])).tags for each in (harmless, hostile)]
    # names are broken after their points and underscores, of which one has more than the other
    named = [sorted(tag for tag in each if tag != "wbr") for each in tags]
    assert named[0] == named[1]
    assert "onerror=alert(1)" in unescape(page([run_of(hostile)]))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(st.characters(exclude_categories=()), min_size=1),
    energy=st.none() | st.floats(min_value=0) | st.sampled_from([1e300, -0.0, 5e-324]),
    limit=st.floats() | st.tuples(st.floats(), st.floats()).map(list),
)
def test_every_report_comes_out_of_any_numbers_and_texts(
    text: str, energy: float | None, limit: float | list[float]
) -> None:
    results = made_results("mine", text, energy)
    for verdict in results["verdicts"]:
        verdict["limit"] = limit
    run = run_of(results)
    assert page([run, run]).endswith("</html>")
    assert markdown(run.results)
    assert verdict_table(results["verdicts"])
    assert reasons(results["verdicts"])
    assert figures(run)


def test_two_runs_side_by_side() -> None:
    before, after = made_results(energy=4.5), made_results(energy=9.5)
    after["verdicts"][0]["outcome"] = "failed"
    text = page([run_of(before, "old.json"), run_of(after, "new.json")])
    assert "Verdicts that changed, or are of one run alone: 1" in text
    assert "Numbers that moved: 2" in text
    assert "+111.1%, beyond the intervals" in text
    del after["verdicts"][1]
    after["verdicts"][2]["id"] = "mine:W-g:new"
    text = page([run_of(before, "old.json"), run_of(after, "new.json")])
    assert "Verdicts that changed, or are of one run alone: 4" in text
    assert "<td>mine:W-g:new</td><td>-</td><td>passed</td>" in text
    assert "<td>mine:W-g:item-1</td><td>failed</td><td>-</td>" in text
    assert "Numbers that moved: 0" in page([run_of(before), run_of(before)])


def test_a_number_without_an_interval_is_not_within_one() -> None:
    before, after = made_results(energy=4.5), made_results(energy=9.5)
    for entry in after["measurements"]:
        entry["intervals"][ENERGY] = dict.fromkeys(entry["intervals"][ENERGY])
    text = page([run_of(before, "old.json"), run_of(after, "new.json")])
    assert "+111.1%, without an interval" in text


def test_models_whose_intervals_overlap_are_one_group() -> None:
    bars = [("a", 1.0, [0.9, 1.1]), ("b", 1.05, [1.0, 1.2]), ("c", 2.0, [1.9, 2.1])]
    assert groups_of_ties(bars) == [1, 1, 2]


def test_thinning_keeps_the_failed_and_the_worst() -> None:
    columns: dict[str, list[Any]] = {
        "row": list(range(1000)),
        "energy_error_mev_per_atom": [None, *[1.0] * 998, 50.0],
        "force_rmse_mev_per_ang": [None, *[1.0] * 998, 90.0],
    }
    kept = thinned(columns, 100)
    assert {0, 999} <= set(kept)
    assert len(kept) <= 101
    assert thinned(columns, 1000) == list(range(1000))


def test_the_command_writes_html_figures_and_a_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps(made_results()))
    with gzip.open(companion(results), "wt") as file:
        json.dump(made_configurations(), file)
    main([str(results), "-o", str(tmp_path / "r.html"), "--figures", str(tmp_path), "--summary"])
    assert "mine | W-g | live" in (tmp_path / "r.html").read_text()
    assert (tmp_path / "fig1-W-g-energy.svg").read_text().startswith("<svg")
    assert len(capsys.readouterr().out.splitlines()) <= 60


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[]")
    with pytest.raises(InputError, match="not a file that --umlip-results wrote"):
        Run.read(tmp_path / "notes.json")


def test_a_runs_results_fit_the_schema_and_its_report_shows_them(tmp_path: Path) -> None:
    cli = CommandLineRun(tmp_path)
    cli.candidate("fakes:raises")
    report, drawn = tmp_path / "report.html", tmp_path / "figures"
    outcome = cli.judge(f"--umlip-report={report}", f"--umlip-figures={drawn}")
    assert outcome.code == 1, outcome.output
    validator = pytest.importorskip("fastjsonschema", reason="tox run -e browser has it")
    validator.compile(json.loads(SCHEMA.read_text()))(outcome.results)
    run = Run.read(tmp_path / "results.json")
    (columns,) = run.configurations["measurements"].values()
    assert columns["row"] == list(range(12))
    assert columns["force_rmse_mev_per_ang"].count(None) == 1
    text = report.read_text()
    assert "mine fails the gate own-gate" in text
    assert {path.name.partition("-")[0] for path in drawn.iterdir()} >= {"fig1", "fig4"}
    points = json.loads(re.search(r'id="points">(.*?)</script>', text)[1])  # type: ignore[index]
    (plot,) = points["plots"].values()
    assert plot["structures"][0]["predicted_forces_ev_per_ang"] is None, "the failed one"
    atoms = sum(columns["n_atoms"])
    assert plot["forces"]["n_components"] + plot["forces"]["n_failed"] == 3 * atoms


def test_the_numbers_of_a_runs_report_are_those_of_its_results(tmp_path: Path) -> None:
    cli = CommandLineRun(tmp_path)
    cli.candidate()
    report = tmp_path / "report.html"
    outcome = cli.judge(f"--umlip-report={report}")
    text = report.read_text().replace("<wbr>", "")
    body = text[text.index('id="verdict-rows"') : text.index('id="figures"')]
    rows = re.findall(
        r'data-outcome="(\w+)".*?<summary>(.*?)</summary>.*?data-value="(.*?)"', body, re.DOTALL
    )
    verdicts = outcome.results["verdicts"]
    assert len(rows) == len(verdicts)
    assert {(ended, item, float(value)) for ended, item, value in rows} == {
        (v["outcome"], v["id"].split(":", 2)[2], v["value"]) for v in verdicts
    }
    (measurement,) = outcome.results["measurements"]
    table = text[text.index('id="measured-rows"') :]
    values = [float(each) for each in re.findall(r'data-value="([^"]+)"', table)[:2]]
    assert values == [
        measurement["energy_rmse_mev_per_atom"]["per_atom"],
        measurement["force_rmse_mev_per_ang"]["component"],
    ]


def test_a_file_of_costs_alone_is_not_compared() -> None:
    costs = made_results() | {"measurements": [], "verdicts": []}
    assert 'id="changes"' not in page([run_of_costs(costs), run_of(made_results())])


def run_of_costs(results: dict[str, Any]) -> Run:
    return Run("costs.json", plain_data(results), {"formulas": {}, "measurements": {}})
