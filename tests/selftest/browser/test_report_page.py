"""The report in a real browser: nothing is fetched, and everything can be reached."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.selftest.builders.results import made_configurations, made_results
from tests.selftest.cli import CommandLineRun
from umlip_gate.report.configurations import companion
from umlip_gate.report.files import write_html
from umlip_gate.report.html import page
from umlip_gate.report.run import Run

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: tox run -e browser")

pytestmark = [pytest.mark.selftest, pytest.mark.browser]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
HOSTILE = "<img src=http://localhost/x onerror=alert(1)></script><script>alert(2)</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: install Debian's chromium and fonts-dejavu-core")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=["failing", "passing", "two releases", "hostile"])
def opened(browser: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:  # noqa: ANN401
    model = HOSTILE if request.param == "hostile" else "mine"
    results = made_results(model, model, exit_code=0 if request.param == "passing" else 1)
    run = Run("new.json", results, made_configurations(model))
    runs = [Run("old.json", made_results(energy=9.0), made_configurations()), run]
    report = tmp_path / "report.html"
    report.write_text(page(runs if request.param == "two releases" else [run]), encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    opened = context.new_page()
    told: list[str] = []
    opened.on("request", lambda asked: told.append(asked.url))
    opened.on("pageerror", lambda error: told.append(str(error)))
    opened.on("console", lambda message: told.append(message.text))
    opened.on("dialog", lambda dialog: told.append(dialog.message))
    opened.goto(report.as_uri())
    yield opened
    assert [text for text in told if not text.startswith("data:")] == [report.as_uri()]
    context.close()


REAL = ("failing", "two releases", "main job")
MAIN_JOB = "UMLIP_GATE_REPORT_RESULTS"
"""The variable that names the results file of the README's main job."""


@pytest.fixture(scope="module")
def real_reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the reports of real runs: a candidate that fails, and the same one mended."""
    folder = tmp_path_factory.mktemp("runs")
    cli = CommandLineRun(folder)
    results = folder / "results.json"
    reports = {}
    for name, calculator in (("failing", "fakes:raises"), ("mended", "fakes:honest")):
        cli.candidate(calculator)
        assert cli.judge(f"--umlip-report={folder / name}.html").code == (name == "failing")
        for path in (results, companion(results)):
            path.rename(folder / f"{name}{path.name.removeprefix('results')}")
        reports[name] = folder / f"{name}.html"
    both = folder / "two.html"
    write_html([folder / "failing.json", folder / "mended.json"], both)
    reports["two releases"] = both
    if MAIN_JOB in os.environ:
        reports["main job"] = folder / "main.html"
        write_html([Path(os.environ[MAIN_JOB])], reports["main job"])
    return reports


@pytest.mark.parametrize("name", REAL)
def test_the_report_of_a_real_run(
    browser: Any,  # noqa: ANN401
    real_reports: dict[str, Path],
    name: str,
) -> None:
    if name not in real_reports:
        pytest.skip(f"{MAIN_JOB} names no results file of `tox run -e chgnet`")
    report = real_reports[name]
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    shown = context.new_page()
    told: list[str] = []
    shown.on("request", lambda asked: told.append(asked.url))
    shown.on("pageerror", lambda error: told.append(str(error)))
    shown.on("console", lambda message: told.append(message.text))
    shown.goto(report.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    rows = shown.locator("#verdict-rows > tr:visible")
    n_passed = shown.locator('#verdict-rows > tr[data-outcome="passed"]').count()
    if n_passed:
        shown.get_by_label("outcome").select_option("passed")
        sync_api.expect(rows).to_have_count(n_passed)
    shown.locator("#parity").focus()
    shown.keyboard.press("ArrowRight")
    sync_api.expect(shown.locator("#told")).to_contain_text("energy error")
    sync_api.expect(shown.locator("#structure-told")).to_contain_text("atoms")
    assert [text for text in told if not text.startswith("data:")] == [report.as_uri()]
    context.close()


def test_a_phone_needs_no_sideways_scrolling(opened: Any) -> None:  # noqa: ANN401
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_filter_and_the_order(opened: Any) -> None:  # noqa: ANN401
    rows = opened.locator("#verdict-rows > tr:visible")
    sync_api.expect(rows).to_have_count(4)
    opened.get_by_label("outcome").select_option("failed")
    sync_api.expect(rows).to_have_count(1)
    sync_api.expect(opened.locator("#n-shown")).to_have_text("1 shown")
    opened.get_by_label("outcome").select_option("")
    claims = opened.locator("[data-filter=claim] option")
    third = claims.filter(has_text="item-2").text_content()
    opened.get_by_label("claim or gate").select_option(third)
    sync_api.expect(rows).to_have_count(1)
    sync_api.expect(rows.first).to_contain_text("skipped")
    opened.get_by_label("claim or gate").select_option("")
    opened.get_by_role("button", name="item", exact=True).click()
    opened.get_by_role("button", name="item", exact=True).click()
    sync_api.expect(rows.first).to_contain_text("item-3")


def test_a_hover_names_the_configuration(opened: Any) -> None:  # noqa: ANN401
    canvas = opened.locator("#parity")
    opened.get_by_label("quantity").select_option("energy error")
    assert canvas.get_attribute("data-points") == "6"
    sync_api.expect(opened.locator("#n-points")).to_contain_text("1 failed: rows 5")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    # the worst row, 4, has the greatest energy and the greatest error: the upper right corner
    opened.mouse.move(box["x"] + box["width"] * 0.96, box["y"] + box["height"] * 0.06)
    sync_api.expect(opened.locator("#told")).to_contain_text("row 4, W5: energy error")
    sync_api.expect(opened.locator("#told")).to_contain_text("meV/atom 16;")


def test_parity_shows_predicted_against_reference(opened: Any) -> None:  # noqa: ANN401
    opened.locator("#parity").focus()
    opened.keyboard.press("ArrowRight")
    told = opened.locator("#told")
    sync_api.expect(told).to_contain_text("predicted energy, eV/atom -7.584; reference")
    sync_api.expect(told).to_contain_text("eV/atom -7.6;")
    opened.get_by_label("quantity").select_option("force parity")
    counted = "30 force components, thinned by density"
    sync_api.expect(opened.locator("#n-points")).to_contain_text(counted)
    assert opened.locator("#parity").get_attribute("data-points") == "30"


def test_the_worst_structures_turn_by_keyboard(opened: Any) -> None:  # noqa: ANN401
    told, canvas = opened.locator("#structure-told"), opened.locator("#structure")
    sync_api.expect(told).to_have_text(
        "row 5: 2 atoms (W 2); no predicted forces: the configuration failed"
    )
    opened.locator("#structure-row").select_option("4")
    sync_api.expect(told).to_have_text("row 4: 2 atoms (W 2); longest force 0.300 eV/Å")
    drawn = "document.getElementById('structure').toDataURL()"
    before = opened.evaluate(drawn)
    canvas.focus()
    opened.keyboard.press("ArrowRight")
    assert opened.evaluate(drawn) != before


def test_the_keyboard_reaches_every_control(opened: Any) -> None:  # noqa: ANN401
    selector = "a[href], button, select, input, summary, canvas"
    n = opened.locator(f":is({selector}):visible").count()
    opened.evaluate("window.reached = new Set()")
    for _ in range(3 * n):
        opened.keyboard.press("Tab")
        opened.evaluate("reached.add(document.activeElement)")
    reached = f"[...reached].filter((each) => each.matches('{selector}')).length"
    assert opened.evaluate(reached) == n
    opened.locator("#parity").focus()
    opened.keyboard.press("ArrowRight")
    sync_api.expect(opened.locator("#told")).to_contain_text("row 4, W5")
    opened.keyboard.press("ArrowRight")
    sync_api.expect(opened.locator("#told")).to_contain_text("row 3, W4")


def test_axe_finds_no_serious_violation(opened: Any) -> None:  # noqa: ANN401
    axe = os.environ.get("UMLIP_GATE_AXE", "node_modules/axe-core/axe.min.js")
    if not Path(axe).is_file():
        pytest.skip("no axe-core: npm install axe-core, or UMLIP_GATE_AXE=…/axe.min.js")
    opened.add_script_tag(path=axe)
    found = opened.evaluate(
        "async () => (await axe.run()).violations"
        ".map(v => [v.id, v.impact, v.nodes[0].html.slice(0, 200)])"
    )
    serious = [each for each in found if each[1] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1)
