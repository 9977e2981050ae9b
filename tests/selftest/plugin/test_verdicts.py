"""From a test's report to its verdict, and from verdicts to the exit code."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest

from umlip_gate.claims.schema import GateLimit
from umlip_gate.claims.verdict import NotPassed, Outcome, Verdict
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.plugin.checks import Check
from umlip_gate.plugin.timing import COSTS
from umlip_gate.plugin.verdicts import (
    LISTED,
    NOT_MEASURED,
    RECORDER,
    RESULTS,
    VERDICT,
    WORST_FIRST,
    Collector,
    Results,
    _asks_no_accuracy,
    pytest_runtest_makereport,
    pytest_sessionfinish,
)

pytestmark = pytest.mark.selftest

When = Literal["setup", "call", "teardown"]
ID = "mine:crystals:gate.own.energy"
LIMIT = GateLimit(
    name="energy",
    dataset="crystals",
    quantity="energy_rmse",
    convention="per_atom",
    unit="meV/atom",
    max=5.0,
    rationale="a self-test's",
)
CHECK = Check("gate.own.energy", "mine", "crystals", LIMIT)


def verdict_of(outcome: Outcome, value: float | None = 4.0) -> Verdict:
    return Verdict(outcome, "crystals", f"it {outcome}", "mine", "live", value, unit="meV/atom")


def item_of(check: object = CHECK, **stashed: Any) -> SimpleNamespace:  # noqa: ANN401 - of any key
    stash = pytest.Stash()
    keys: dict[str, pytest.StashKey[Any]] = {
        "listed": LISTED,
        "verdict": VERDICT,
        "recorder": RECORDER,
        "costs": COSTS,
    }
    for name, value in stashed.items():
        stash[keys[name]] = value
    callspec = SimpleNamespace(params={"check": check})
    return SimpleNamespace(callspec=callspec, stash=stash, user_properties=[])


def report_of(
    outcome: Literal["passed", "failed", "skipped"],
    when: When = "call",
    longrepr: Any = None,  # noqa: ANN401 - as pytest's
    nodeid: str = "test",
) -> pytest.TestReport:
    return pytest.TestReport(nodeid, ("file", 1, "test"), {}, outcome, longrepr, when)


def made(
    item: SimpleNamespace,
    report: pytest.TestReport,
    raised: BaseException | None = None,
) -> dict[str, Any]:
    """Return what is attached to a report; nothing if nothing is."""

    def body() -> None:
        if raised is not None:
            raise raised

    call = pytest.CallInfo.from_call(body, report.when)
    hook = pytest_runtest_makereport(item, call)  # type: ignore[arg-type]
    next(hook)
    with pytest.raises(StopIteration) as end:
        hook.send(report)
    assert end.value.value is report
    return cast("dict[str, Any]", getattr(report, "umlip_gate", {}))


def test_a_pass_carries_what_was_measured() -> None:
    item = item_of(verdict=verdict_of(Outcome.PASSED), costs={"model": "mine"})
    found = made(item, report_of("passed"))
    assert found["verdict"] == {
        "outcome": "passed",
        "dataset": "crystals",
        "reason": "it passed",
        "model": "mine",
        "source": "live",
        "value": 4.0,
        "interval": None,
        "relation": None,
        "limit": None,
        "unit": "meV/atom",
        "details": {},
        "id": ID,
        "rationale": "a self-test's",
        "judged": "passed",
    }
    assert (found["costs"], found["measurements"], found["datasets"]) == ({"model": "mine"}, [], {})
    assert item.user_properties == [
        ("outcome", "passed"),
        ("value", 4.0),
        ("unit", "meV/atom"),
        ("source", "live"),
    ]


def test_what_was_asked_for_is_carried() -> None:
    asked = {"measurements": [{"model": "mine"}], "datasets": {"crystals": {}}}
    recorder = SimpleNamespace(to_json=lambda: asked)
    found = made(item_of(recorder=recorder), report_of("passed"))
    assert {key: found[key] for key in asked} == asked
    assert found["costs"] is None


@pytest.mark.parametrize(
    ("report", "raised", "stashed", "outcome", "value"),
    [
        (report_of("passed"), None, Outcome.PASSED, "passed", 4.0),
        (
            report_of("failed"),
            NotPassed(verdict_of(Outcome.FAILED)),
            Outcome.FAILED,
            "failed",
            4.0,
        ),
        (
            report_of("failed"),
            NotPassed(verdict_of(Outcome.INCONCLUSIVE)),
            Outcome.INCONCLUSIVE,
            "inconclusive",
            4.0,
        ),
        (report_of("failed"), MeasurementError("crash"), None, "error", None),
        (report_of("failed"), MeasurementError("crash"), Outcome.PASSED, "error", None),
        (report_of("failed", "setup"), MeasurementError("crash"), None, "error", None),
        (report_of("failed", "teardown"), RuntimeError("late"), Outcome.PASSED, "error", None),
        (report_of("failed", "teardown"), None, Outcome.PASSED, "error", None),
        (
            report_of("failed", "setup"),
            NotPassed(verdict_of(Outcome.FAILED)),
            None,
            "error",
            None,
        ),
        (report_of("failed", longrepr="[XPASS(strict)]"), None, None, "failed", None),
        (report_of("skipped", longrepr=("f", 1, "Skipped: away")), None, None, "skipped", None),
        (report_of("skipped", longrepr=("f", 1, "x")), None, Outcome.PASSED, "skipped", None),
    ],
)
def test_an_outcome_is_that_of_the_phase_that_decided(
    report: pytest.TestReport,
    raised: BaseException | None,
    stashed: Outcome | None,
    outcome: str,
    value: float | None,
) -> None:
    item = item_of(**({} if stashed is None else {"verdict": verdict_of(stashed)}))
    verdict = made(item, report, raised)["verdict"]
    assert (verdict["outcome"], verdict["value"]) == (outcome, value)
    assert verdict["judged"] == stashed
    assert verdict["unit"] == "meV/atom"
    if value is None:
        assert (verdict["relation"], verdict["limit"]) == ("≤", 5.0)
        assert (verdict["dataset"], verdict["model"]) == ("crystals", "mine")
        assert ("limit", 5.0) in item.user_properties


@pytest.mark.parametrize(
    ("listed", "raised", "outcome"),
    [
        (True, NotPassed(verdict_of(Outcome.FAILED)), "known_failure"),
        (True, MeasurementError("crash"), "error"),
        (False, NotPassed(verdict_of(Outcome.FAILED)), "error"),
    ],
)
def test_only_a_listed_failure_is_a_known_one(
    *, listed: bool, raised: BaseException, outcome: str
) -> None:
    report = report_of("skipped", longrepr=("f", 1, "x"))
    report.wasxfail = "listed"
    item = item_of(verdict=verdict_of(Outcome.FAILED), listed=listed)
    assert made(item, report, raised)["verdict"]["outcome"] == outcome


def test_a_listed_failure_that_passes_fails() -> None:
    item = item_of(verdict=verdict_of(Outcome.PASSED), listed=True)
    verdict = made(item, report_of("failed", longrepr="[XPASS(strict)]"))["verdict"]
    assert (verdict["outcome"], verdict["judged"], verdict["value"]) == ("failed", "passed", 4.0)
    reason = "listed as a known failure, and passes: remove the entry; it passed"
    assert verdict["reason"] == reason


@pytest.mark.parametrize(
    ("report", "raised", "reason"),
    [
        (report_of("failed"), MeasurementError("it \x1b[1mcrashed"), "it crashed"),
        (report_of("failed"), MeasurementError(), "MeasurementError"),
        (report_of("failed"), ZeroDivisionError(), "ZeroDivisionError"),
        (report_of("failed", longrepr="XPASS\x07"), None, "XPASS\\x07"),
        (report_of("skipped", longrepr=("f", 1, "Skipped: not \x00 here")), None, "not \\x00 here"),
        (report_of("skipped", longrepr="Skipped: away"), None, "away"),
    ],
)
def test_the_reason_is_plain_text(
    report: pytest.TestReport, raised: BaseException | None, reason: str
) -> None:
    assert made(item_of(), report, raised)["verdict"]["reason"] == reason


def test_what_is_written_for_a_person_is_shown_without_a_traceback() -> None:
    for raised in (Unavailable("not \x1b[1mhere"), NotPassed(verdict_of(Outcome.FAILED))):
        report = report_of("failed", longrepr="Traceback …")
        made(item_of(), report, raised)
        assert report.longrepr == str(raised).replace("\x1b[1m", "")
    report = report_of("failed", longrepr="Traceback …")
    made(item_of(), report, ZeroDivisionError("oh"))
    assert report.longrepr == "Traceback …"
    skipped = report_of("skipped", longrepr=("f", 7, "Skipped: \x1b[1maway"))
    made(item_of(), skipped)
    assert skipped.longrepr == ("f", 7, "Skipped: away")


@pytest.mark.parametrize(
    ("threshold", "report"),
    [
        (None, report_of("failed")),
        (CHECK, report_of("passed", "setup")),
        (CHECK, report_of("passed", "teardown")),
    ],
)
def test_nothing_is_attached_to_what_decides_nothing(
    threshold: object, report: pytest.TestReport
) -> None:
    item = item_of(threshold)
    assert made(item, report) == {}
    assert item.user_properties == []


def carrying(
    outcome: Outcome,
    nodeid: str = "test",
    when: When = "call",
    value: float | None = 4.0,
    name: str = ID,
    **more: Any,  # noqa: ANN401 - plain data
) -> pytest.TestReport:
    passed = outcome is Outcome.PASSED
    report = report_of("passed" if passed else "failed", when, nodeid=nodeid)
    verdict = {"id": name, "model": "mine", "outcome": str(outcome), "value": value}
    carried = {"measurements": [], "datasets": {}, "costs": None, **more, "verdict": verdict}
    report.umlip_gate = carried  # type: ignore[attr-defined]
    return report


def results_of(*reports: pytest.TestReport, **known: Any) -> Results:  # noqa: ANN401 - of any field
    results = Results(**known)
    for report in reports:
        Collector(results).pytest_runtest_logreport(report)
    return results


@pytest.mark.parametrize("first", WORST_FIRST)
@pytest.mark.parametrize("second", WORST_FIRST)
def test_of_an_items_phases_the_worst_counts(first: Outcome, second: Outcome) -> None:
    results = results_of(carrying(first), carrying(second, when="teardown"))
    (verdict,) = results.verdicts.values()
    assert verdict["outcome"] == min(first, second, key=WORST_FIRST.index)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.PASSED, 0),
        (Outcome.KNOWN_FAILURE, 0),
        (Outcome.SKIPPED, 0),
        (Outcome.FAILED, 1),
        (Outcome.ERROR, NOT_MEASURED),
        (Outcome.INCONCLUSIVE, NOT_MEASURED),
    ],
)
def test_the_exit_code_is_that_of_the_worst(outcome: Outcome, code: int) -> None:
    results = results_of(carrying(Outcome.PASSED, "a"), carrying(outcome, "b", name="other"))
    assert results.exit_code() == code
    assert type(results.exit_code()) is int
    if outcome is Outcome.ERROR:
        assert results.unmeasured() == ["could not be measured: other"]
    elif outcome is Outcome.INCONCLUSIVE:
        assert results.unmeasured() == ["measured, and not decided: other"]
    else:
        assert results.unmeasured() == []


def test_of_phases_that_ended_alike_the_first_counts() -> None:
    first, last = (carrying(Outcome.PASSED, value=value) for value in (1.0, 2.0))
    assert results_of(first, last).verdicts["test"]["value"] == 1


def test_every_item_without_a_verdict_is_named() -> None:
    outcomes = {"a": Outcome.ERROR, "b": Outcome.INCONCLUSIVE, "c": Outcome.ERROR}
    outcomes |= {"d": Outcome.INCONCLUSIVE, "e": Outcome.PASSED}
    results = results_of(
        *(carrying(outcome, name, name=name) for name, outcome in outcomes.items())
    )
    assert results.unmeasured() == [
        "could not be measured: a, c",
        "measured, and not decided: b, d",
    ]


def test_a_failure_comes_before_what_is_not_measured() -> None:
    reports = carrying(Outcome.FAILED, "a"), carrying(Outcome.ERROR, "b")
    assert results_of(*reports).exit_code() == 1
    plain = report_of("failed", "setup", nodeid="c")
    results = results_of(carrying(Outcome.PASSED, "a"), plain)
    assert (results.other_failures, results.exit_code()) == (1, 1)
    assert results_of(plain, plain).other_failures == 2


def test_what_is_required_must_be_measured() -> None:
    required = frozenset({ID, "b", "a"})
    results = results_of(carrying(Outcome.PASSED), required=required)
    assert results.unmeasured() == ["required, and not measured: a, b"]
    assert results.exit_code() == NOT_MEASURED
    skipped = carrying(Outcome.SKIPPED, "other", value=None, name="a")
    results = results_of(carrying(Outcome.PASSED), skipped, required=frozenset({ID, "a"}))
    assert results.unmeasured() == ["required, and not measured: a"]
    assert results_of(carrying(Outcome.PASSED), required=frozenset({ID})).exit_code() == 0


def test_a_model_that_is_named_must_be_measured() -> None:
    named = frozenset({"mine", "z", "y"})
    results = results_of(carrying(Outcome.PASSED), named_models=named)
    assert results.unmeasured() == ["named with --umlip-model, and not measured: y, z"]
    absent = carrying(Outcome.SKIPPED, value=None)
    results = results_of(
        absent, carrying(Outcome.PASSED, "b", name="b"), named_models=frozenset({"mine"})
    )
    assert results.exit_code() == 0
    assert results_of(report_of("passed"), named_models=named).unmeasured() == []


def test_nothing_measured_is_no_pass() -> None:
    nothing = ["nothing at all was measured"]
    assert results_of().unmeasured() == nothing
    assert results_of().exit_code() == NOT_MEASURED
    assert results_of(carrying(Outcome.SKIPPED, value=None)).unmeasured() == nothing
    assert results_of(report_of("skipped", longrepr="x")).unmeasured() == nothing
    assert results_of(report_of("passed", "setup")).unmeasured() == nothing
    assert results_of(report_of("passed")).unmeasured() == []


def test_tests_that_came_to_an_end_are_counted() -> None:
    xfailed = report_of("skipped", longrepr="x")
    xfailed.wasxfail = "listed"
    reports = [report_of("passed", when) for when in ("setup", "call", "teardown")]
    skipped = report_of("skipped", longrepr="x")
    assert results_of(*reports, skipped, xfailed, report_of("failed")).n_ran == 3


def test_measurements_are_kept_once() -> None:
    def of(model: str, dataset: str, source: str, value: int) -> dict[str, Any]:
        return {"model": model, "dataset": dataset, "source": source, "value": value}

    first = [of("a", "x", "live", 1), of("b", "x", "live", 2)]
    second = [of("a", "x", "live", 3), of("a", "y", "live", 4), of("a", "x", "published", 5)]
    results = results_of(
        carrying(Outcome.PASSED, "1", measurements=first, datasets={"x": {"n": 1}}),
        carrying(Outcome.PASSED, "2", measurements=second, datasets={"y": {"n": 2}}),
        carrying(Outcome.PASSED, "3", costs={"model": "a", "steps": 1}),
        carrying(Outcome.PASSED, "4", costs={"model": "b"}),
    )
    assert sorted(entry["value"] for entry in results.measurements.values()) == [2, 3, 4, 5]
    assert results.datasets == {"x": {"n": 1}, "y": {"n": 2}}
    assert results.costs == {"a": {"model": "a", "steps": 1}, "b": {"model": "b"}}


@pytest.mark.parametrize(
    ("expression", "asks_none"),
    [
        ("", False),
        ("accuracy", False),
        ("accuracy or physics", False),
        ("not physics", False),
        ("not cost", False),
        ("not accuracy", False),
        ("slow", False),
        ("selftest", False),
        ("cost", True),
        (" cost ", True),
        ("physics", True),
        ("cost or physics", True),
        ("physics and not slow", True),
    ],
)
def test_the_default_gate_is_meant_unless_only_costs_or_laws_are_asked_for(
    expression: str, *, asks_none: bool
) -> None:
    option = SimpleNamespace(markexpr=expression)
    assert _asks_no_accuracy(cast("pytest.Config", SimpleNamespace(option=option))) is asks_none
    option.benchmark_only = True
    assert _asks_no_accuracy(cast("pytest.Config", SimpleNamespace(option=option))) is True
    option.benchmark_only = False
    assert _asks_no_accuracy(cast("pytest.Config", SimpleNamespace(option=option))) is asks_none


def finished(
    status: int, results: Results, change: Callable[[SimpleNamespace], None] = lambda _: None
) -> int:
    """Return the exit code of a session that pytest ended with a status."""
    stash = pytest.Stash()
    stash[RESULTS] = results
    config = SimpleNamespace(option=SimpleNamespace(collectonly=False), stash=stash)
    change(config)
    session = SimpleNamespace(config=config, exitstatus=status)
    pytest_sessionfinish(cast("pytest.Session", session))
    return int(session.exitstatus)


def test_pytests_own_codes_keep_precedence() -> None:
    passing = results_of(carrying(Outcome.PASSED))
    unmeasured = results_of(carrying(Outcome.ERROR))
    assert finished(0, passing) == 0
    assert finished(0, unmeasured) == finished(1, unmeasured) == NOT_MEASURED
    assert finished(1, passing) == 1
    assert [finished(code, unmeasured) for code in (2, 3, 4, 5)] == [2, 3, 4, 5]


def test_a_process_that_judges_nothing_keeps_its_code() -> None:
    unmeasured = results_of(carrying(Outcome.ERROR))

    def is_of_xdist(config: SimpleNamespace) -> None:
        config.workerinput = {}

    def only_collects(config: SimpleNamespace) -> None:
        config.option.collectonly = True

    assert finished(0, unmeasured, is_of_xdist) == finished(0, unmeasured, only_collects) == 0
