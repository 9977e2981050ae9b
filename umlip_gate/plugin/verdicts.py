"""From test reports to verdicts, and from verdicts to the exit code."""

from collections.abc import Generator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pytest

from umlip_gate.claims.verdict import NotPassed, Outcome, Verdict
from umlip_gate.errors import Fault
from umlip_gate.evaluation.recorder import Recorder
from umlip_gate.plugin import MARKERS
from umlip_gate.plugin.accuracy_checks import gate_checks
from umlip_gate.plugin.checks import Check
from umlip_gate.plugin.cost_checks import required_checks
from umlip_gate.plugin.cost_options import EVERY
from umlip_gate.plugin.marker_expression import can_select
from umlip_gate.plugin.run_configuration import run_configuration
from umlip_gate.plugin.selection import check_of
from umlip_gate.plugin.timing import COSTS
from umlip_gate.report.plain import plain_text

NOT_MEASURED = 6
"""Exit code: nothing is outside, but something selected or required was not measured, or not
decided by what was."""

PROPERTIES = ("outcome", "value", "limit", "unit", "source")
"""What JUnit shows of a verdict."""

VERDICT = pytest.StashKey[Verdict]()
LISTED = pytest.StashKey[bool]()
"""Whether the item's failure is a listed known one: any other xfail is no excuse."""

RECORDER = pytest.StashKey[Recorder]()


@dataclass
class Results:
    """What the session's reports said, in their order.

    Attributes
    ----------
    verdicts
        By test item; plain data, as reports cross process borders.
    measurements
        By model, dataset and source; plain data.
    datasets
        What is in the datasets that were read, by id; plain data.
    costs
        By model; plain data.
    named_models
        Registered models that the command line names: each must be measured somewhere.
    required
        Ids of the items without which there is no verdict on the candidate.
    other_failures
        Failed tests that judge nothing.
    n_ran
        Tests that came to an end of their own: passed, failed, or failed as known.
    """

    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    measurements: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)
    costs: dict[str, dict[str, Any]] = field(default_factory=dict)
    named_models: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    other_failures: int = 0
    n_ran: int = 0

    def add(self, report: pytest.TestReport) -> None:
        """Take a report in; of an item's phases the worst verdict stands."""
        carried = getattr(report, "umlip_gate", None)
        if carried:
            verdict = carried["verdict"]
            earlier = self.verdicts.setdefault(report.nodeid, verdict)
            if WORST_FIRST.index(verdict["outcome"]) < WORST_FIRST.index(earlier["outcome"]):
                self.verdicts[report.nodeid] = verdict
            for measurement in carried["measurements"]:
                key = measurement["model"], measurement["dataset"], measurement["source"]
                self.measurements[key] = measurement
            self.datasets.update(carried["datasets"])
            if carried["costs"]:
                self.costs[carried["costs"]["model"]] = carried["costs"]
        elif report.failed:
            self.other_failures += 1
        if report.when == "call" and (not report.skipped or hasattr(report, "wasxfail")):
            self.n_ran += 1

    def exit_code(self) -> int:
        """0, 1 or 6; see design decision 6."""
        outcomes = [verdict["outcome"] for verdict in self.verdicts.values()]
        if self.other_failures or Outcome.FAILED in outcomes:
            return int(pytest.ExitCode.TESTS_FAILED)
        return NOT_MEASURED if self.unmeasured() else int(pytest.ExitCode.OK)

    def unmeasured(self) -> list[str]:
        """Return what keeps the run from a verdict."""
        measured = {v["id"] for v in self.verdicts.values() if v["value"] is not None}
        errors = [v["id"] for v in self.verdicts.values() if v["outcome"] == Outcome.ERROR]
        reasons = []
        if errors:
            reasons.append(f"could not be measured: {', '.join(errors)}")
        open_ones = [
            v["id"] for v in self.verdicts.values() if v["outcome"] == Outcome.INCONCLUSIVE
        ]
        if open_ones:
            reasons.append(f"measured, and not decided: {', '.join(open_ones)}")
        if missing := sorted(self.required - measured):
            reasons.append(f"required, and not measured: {', '.join(missing)}")
        found = {v["model"] for v in self.verdicts.values() if v["value"] is not None}
        if self.verdicts and (lost := sorted(self.named_models - found)):
            reasons.append(f"named with --umlip-model, and not measured: {', '.join(lost)}")
        if not self.n_ran or (self.verdicts and not measured):
            reasons.append("nothing at all was measured")
        return reasons


WORST_FIRST = (
    Outcome.FAILED,
    Outcome.ERROR,
    Outcome.INCONCLUSIVE,
    Outcome.KNOWN_FAILURE,
    Outcome.PASSED,
    Outcome.SKIPPED,
)
RESULTS = pytest.StashKey[Results]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start with nothing, and with what must not be missing in the end."""
    suite = run_configuration(config)
    required = {str(check) for check in required_checks(suite.cost)}
    if config.option.umlip_gate or not _asks_no_accuracy(config):
        required |= {str(check) for check in gate_checks(suite) if check.required}
    named = frozenset(config.option.umlip_model or ()) - {EVERY}
    results = config.stash[RESULTS] = Results(named_models=named, required=frozenset(required))
    config.pluginmanager.register(Collector(results), "umlip-gate-collector")


def _asks_no_accuracy(config: pytest.Config) -> bool:
    """Whether the run asks for costs or laws of physics alone: the default gate is not meant."""
    asked = config.option.markexpr
    selected = {
        marker: can_select(asked, marker, frozenset(MARKERS) - {marker}) for marker in MARKERS
    }
    alone = bool(asked) and "accuracy" not in asked and not selected["accuracy"]
    return getattr(config.option, "benchmark_only", False) or (
        alone and (selected["cost"] or selected["physics"])
    )


class Collector:
    """Takes in reports, in the process that reports to the person."""

    def __init__(self, results: Results) -> None:
        self.results = results

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect."""
        self.results.add(report)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach a judging item's verdict to the report of the phase that decided it."""
    report = yield
    check = check_of(item)
    if check is not None and (report.when == "call" or report.outcome != "passed"):
        if call.excinfo and isinstance(call.excinfo.value, Fault | NotPassed):
            # written for a person; no traceback helps
            report.longrepr = plain_text(str(call.excinfo.value))
        elif isinstance(report.longrepr, tuple):
            file, line, skipped = report.longrepr
            report.longrepr = file, line, plain_text(skipped)
        listed = item.stash.get(LISTED, False)
        measured = item.stash.get(VERDICT, None)
        ended = _verdict(check, measured, report, call, listed=listed)
        verdict = {**asdict(ended), "id": str(check), "outcome": str(ended.outcome)}
        verdict["reason"] = plain_text(ended.reason)
        verdict["rationale"] = check.rationale
        verdict["judged"] = str(measured.outcome) if measured else None
        recorder = item.stash.get(RECORDER, None)
        asked = recorder.to_json() if recorder else {"measurements": [], "datasets": {}}
        costs = item.stash.get(COSTS, None)
        report.umlip_gate = {"verdict": verdict, "costs": costs, **asked}  # type: ignore[attr-defined]
        item.user_properties += [
            (name, verdict[name]) for name in PROPERTIES if verdict[name] is not None
        ]
    return report


def _verdict(
    check: Check,
    verdict: Verdict | None,
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
    *,
    listed: bool,
) -> Verdict:
    raised = call.excinfo.value if call.excinfo else None
    outcome = _outcome(report, raised, listed=listed and isinstance(raised, NotPassed))
    if verdict is not None and outcome in _JUDGED:
        if outcome is Outcome.FAILED and verdict.outcome is Outcome.PASSED:
            reason = f"listed as a known failure, and passes: remove the entry; {verdict.reason}"
            return replace(verdict, outcome=outcome, reason=reason)
        return replace(verdict, outcome=outcome)
    reason = _skip_reason(report) if outcome is Outcome.SKIPPED else _reason(raised, report)
    relation, limit = check.limit
    return Verdict(
        outcome=outcome,
        dataset=check.dataset,
        reason=reason,
        model=check.model,
        relation=relation,
        limit=limit,
        unit=check.unit,
    )


_JUDGED = (Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.KNOWN_FAILURE)


def _outcome(report: pytest.TestReport, raised: BaseException | None, *, listed: bool) -> Outcome:
    if report.passed:
        return Outcome.PASSED
    if report.skipped and hasattr(report, "wasxfail"):
        return Outcome.KNOWN_FAILURE if listed else Outcome.ERROR
    if report.skipped:
        return Outcome.SKIPPED
    if report.when == "call" and isinstance(raised, NotPassed):
        return raised.verdict.outcome
    return Outcome.FAILED if report.when == "call" and raised is None else Outcome.ERROR


def _reason(raised: BaseException | None, report: pytest.TestReport) -> str:
    if raised is None:
        return report.longreprtext
    return str(raised) or type(raised).__name__


def _skip_reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return reason.removeprefix("Skipped: ")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Set the exit code; pytest's own 2 to 5 keep precedence."""
    judging = not hasattr(session.config, "workerinput") and not session.config.option.collectonly
    if judging and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        session.exitstatus = session.config.stash[RESULTS].exit_code() or session.exitstatus
