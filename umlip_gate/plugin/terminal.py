"""The run's header and its tables: one by default, each with `-v`."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

import umlip_gate
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble
from umlip_gate.plugin.brought_models import name_of
from umlip_gate.plugin.interruption import INTERRUPTION
from umlip_gate.plugin.report import (
    UNWRITTEN,
    brought_files,
    recorded_claims,
    recorded_floors,
    recorded_thresholds_digest,
)
from umlip_gate.plugin.run_configuration import run_configuration
from umlip_gate.plugin.verdicts import RESULTS
from umlip_gate.report import changes
from umlip_gate.report.claims import counted, summary
from umlip_gate.report.costs import cost_table, ended_lines, machine_lines, narrow_cost_table
from umlip_gate.report.plain import plain_text
from umlip_gate.report.results import commit
from umlip_gate.report.tables import (
    ensemble_table,
    group_table,
    interaction_table,
    measured_table,
    reasons,
    stress_table,
    verdict_table,
)
from umlip_gate.report.terminal import TITLE, Line, cause_lines, fill, result_table, shorten

COLOURS = {
    "passed": {"green": True},
    "failed": {"red": True},
    "error": {"red": True},
    "inconclusive": {"yellow": True},
    "known_failure": {"yellow": True},
    "skipped": {"yellow": True},
}
"""As pytest's own."""
DIGITS = 12
"""Of a digest in the header, without `-v`."""


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Return the lines that name what judges, and what is judged."""
    suite = run_configuration(config)
    digits = None if config.get_verbosity() > 0 else DIGITS
    sha, dirty, _ = (commit() or "unknown").partition("-dirty")
    lines = [
        f"umlip-gate {umlip_gate.__version__}, commit {sha[:digits]}{dirty}",
        f"thresholds {recorded_thresholds_digest(config)[:DIGITS]}, cache {suite.settings.cache}",
    ]
    if suite.settings.mirror:
        lines.append(f"mirror {suite.settings.mirror} stands in for the network")
    if suite.random_seed is not None:
        lines.append(f"RANDOM WEIGHTS (seed {suite.random_seed}): nothing here is about accuracy")
    if suite.candidate and suite.gate:
        lines += _about(suite.candidate, config.option.umlip_gate or suite.gate.name, digits)
    if suite.against:
        lines.append(f"against {name_of(suite.against)}")
    for name, files in brought_files(suite.datasets).items():
        lines += [
            f"{name}: brought from {path}, sha256 {digest[:digits]}"
            for path, digest in files.items()
        ]
    if suite.sample_limit:
        lines.append(f"A SAMPLE of each dataset is judged, by its interval: {suite.sample_limit}")
    return lines


def _about(candidate: Candidate | Ensemble, gate: str, digits: int | None) -> list[str]:
    if isinstance(candidate, Ensemble):
        members = ", ".join(candidate.members)
        return [f"ensemble {candidate.name} ({members}), judged by its mean, gate {gate}"]
    if candidate.predictions:
        lines = [f"candidate {candidate.name} (predictions only, nothing is computed), gate {gate}"]
        for name, file in candidate.predictions.items():
            path = candidate.folder / file.path
            digest = sha256_of(path)[:digits]
            lines.append(f"{candidate.name} on {name}: brought from {path}, sha256 {digest}")
        return lines
    what = candidate.calculator or f"family {candidate.family}"
    lines = [f"candidate {candidate.name} ({what}), gate {gate}"]
    if candidate.checkpoint is None:
        lines.append("no checkpoint declared: no later run will reuse these predictions")
    return lines


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, None, None]:
    """Print what was measured and what did not pass, after all else; with `-v` every verdict."""
    config = terminalreporter.config
    whole = config.get_verbosity() > 0
    with _judged_set_aside(terminalreporter, aside=not whole and _shows_as_usual(config)):
        yield
    (_write_whole if whole else _write_short)(terminalreporter)
    if not config.option.collectonly:
        for line in config.stash[RESULTS].unmeasured():
            text = plain_text(f"no verdict: {line}")
            terminalreporter.write_line(text if whole else shorten(text), red=True)
    for line in (*config.stash[INTERRUPTION].lines(), *config.stash.get(UNWRITTEN, [])):
        terminalreporter.write_line(fill(line), red=True)


def _shows_as_usual(config: pytest.Config) -> bool:
    """Whether the command line leaves what pytest shows of failures to us."""
    usual: bool = config.option.reportchars == "fE" and config.option.tbstyle == "auto"
    return usual


@contextmanager
def _judged_set_aside(
    reporter: pytest.TerminalReporter, *, aside: bool
) -> Generator[None, None, None]:
    """Keep judging items, whose reasons we print once a cause, out of pytest's own sections."""
    kept = {name: reporter.stats.get(name, []) for name in ("failed", "error")}
    if aside:
        for name, reports in kept.items():
            reporter.stats[name] = [each for each in reports if not hasattr(each, "umlip_gate")]
    try:
        yield
    finally:
        if aside:
            reporter.stats.update({name: reports for name, reports in kept.items() if reports})


def _write_short(reporter: pytest.TerminalReporter) -> None:
    config = reporter.config
    results = config.stash[RESULTS]
    verdicts = list(results.verdicts.values())
    table = result_table(results.measurements.values(), verdicts, recorded_floors(config))
    if table:
        reporter.section(TITLE)
        _write_lines(reporter, table)
    if results.costs:
        _write_costs(reporter, list(results.costs.values()), is_narrow=True)
    _write(reporter, {changes.TITLE: changes.change_table(verdicts, whole=False)})
    if lines := cause_lines(verdicts):
        reporter.section("not passed, by cause (each verdict and its whole reason: -v)")
        _write_lines(reporter, lines)
    claims = recorded_claims(config)
    if any(record.n_asked for record in claims):
        reporter.write_line(fill(f"claims of the paper: {counted(claims)}"))


def _write_lines(reporter: pytest.TerminalReporter, lines: list[Line]) -> None:
    for start, end, outcome in lines:
        reporter.write(plain_text(start))
        reporter.line(fill(plain_text(end)), **COLOURS.get(outcome, {}))


def _write_whole(reporter: pytest.TerminalReporter) -> None:
    config = reporter.config
    results = config.stash[RESULTS]
    measurements, verdicts = list(results.measurements.values()), results.verdicts.values()
    claims = recorded_claims(config)
    asked = any(record.n_asked for record in claims)
    _write(
        reporter,
        {
            "measured: RMSE and slopes, energies in meV/atom, forces in meV/Å": (
                measured_table(measurements, recorded_floors(config)) if measurements else []
            ),
            "the same by the elements of the configurations": group_table(measurements),
            "stresses": stress_table(measurements),
            "ensembles and stated uncertainties: Spearman with the errors; above 1 / 2 / 3 dev": (
                ensemble_table(measurements)
            ),
            "solute-defect interaction energies, meV": interaction_table(measurements),
        },
    )
    if results.costs:
        _write_costs(reporter, list(results.costs.values()))
    _write(
        reporter,
        {
            f"{changes.TITLE}; all intervals hold together": (
                changes.change_table(verdicts, whole=True)
            ),
            "rows that moved most, energies in meV/atom, forces in meV/Å": (
                changes.moved_table(verdicts)
            ),
            "verdicts": [*verdict_table(verdicts), *reasons(verdicts)],
            "claims of the paper": summary(claims) if asked else [],
        },
    )


def _write(reporter: pytest.TerminalReporter, tables: dict[str, list[str]]) -> None:
    """Write the tables that have more than their heads."""
    for title, lines in tables.items():
        if len(lines) > 1:
            reporter.section(title)
            for line in lines:
                reporter.write_line(plain_text(line))


def _write_costs(
    reporter: pytest.TerminalReporter,
    costs: list[dict[str, Any]],
    *,
    is_narrow: bool = False,
) -> None:
    protocol = run_configuration(reporter.config).cost.thresholds.protocol
    size = protocol.required_size
    reporter.section(
        f"cost: NVE of bcc W, {protocol.timestep_fs:g} fs; at {size} atoms, and fitted"
    )
    table = narrow_cost_table(costs, size) if is_narrow else cost_table(costs, size)
    for line in (*machine_lines(costs), *table, *ended_lines(costs)):
        reporter.write_line(fill(plain_text(line)) if is_narrow else plain_text(line))
