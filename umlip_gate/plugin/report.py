"""The run's header, tables and results file."""

import datetime as dt
import os
from collections.abc import Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import umlip_gate
from umlip_gate.claims.thresholds import thresholds_digest
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble
from umlip_gate.plugin.interruption import INTERRUPTION
from umlip_gate.plugin.run_configuration import run_configuration
from umlip_gate.plugin.verdicts import NOT_MEASURED, RESULTS
from umlip_gate.report.claims import (
    ClaimRecord,
    claim_records,
    markdown,
    summary,
    text_around,
    write_table,
)
from umlip_gate.report.costs import cost_table, ended_lines, machine_lines
from umlip_gate.report.files import write_figures, write_html
from umlip_gate.report.noise import Floor, noise_floors
from umlip_gate.report.plain import plain_text
from umlip_gate.report.results import commit, remove_results, write_results
from umlip_gate.report.tables import (
    ensemble_table,
    group_table,
    interaction_table,
    measured_table,
    reasons,
    verdict_table,
)
from umlip_gate.settings import THRESHOLDS

STARTED = pytest.StashKey[dt.datetime]()
UNWRITTEN = pytest.StashKey[list[str]]()
"""Reports that could not be written, and why."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check where reports go, and remove an earlier run's results.

    Whatever becomes of this run, they are not its record.
    """
    if hasattr(config, "workerinput"):
        return
    config.stash[STARTED] = dt.datetime.now(dt.UTC)
    results = _output_path(config, "umlip_results")
    table = _output_path(config, "umlip_claims_table")
    _output_path(config, "umlip_report")
    if table is not None:
        try:
            text_around(table)
        except InputError as error:
            raise pytest.UsageError(f"--umlip-claims-table: {error}") from error
    if results is not None and not config.option.collectonly:
        try:
            remove_results(results)
        except InputError as error:
            raise pytest.UsageError(f"--umlip-results: {error}") from error


def _output_path(config: pytest.Config, option: str) -> Path | None:
    """Where a report goes, if it is asked for."""
    path: Path | None = getattr(config.option, option)
    if path is None:
        return None
    path = config.invocation_params.dir / path
    flag = f"--{option.replace('_', '-')} {path}"
    if not path.parent.is_dir():
        raise pytest.UsageError(f"{flag}: {path.parent} is no folder")
    if path.exists() and not path.is_file():
        raise pytest.UsageError(f"{flag}: exists and is no regular file; name another")
    if not os.access(path.parent, os.W_OK):
        raise pytest.UsageError(f"{flag}: cannot be written there")
    return path


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Return the lines that name what judges, and what is judged."""
    suite = run_configuration(config)
    version = f"umlip-gate {umlip_gate.__version__}, commit {commit()}"
    lines = [f"{version}, thresholds {_digest(config)[:12]}, cache {suite.settings.cache}"]
    if suite.settings.mirror:
        lines.append(f"mirror {suite.settings.mirror} stands in for the network")
    if suite.random_seed is not None:
        lines.append(f"RANDOM WEIGHTS (seed {suite.random_seed}): nothing here is about accuracy")
    if suite.candidate and suite.gate:
        lines += _about(suite.candidate, config.option.umlip_gate or suite.gate.name)
    for name, files in brought_files(suite.datasets).items():
        lines += [f"{name}: brought from {path}, sha256 {digest}" for path, digest in files.items()]
    if suite.sample_limit:
        lines.append(f"A SAMPLE of each dataset is judged, by its interval: {suite.sample_limit}")
    return lines


def brought_files(datasets: Mapping[str, Dataset]) -> dict[str, dict[str, str]]:
    """Return the files of the user's that datasets stand in, with their sha256, by dataset."""
    return {
        dataset.id: {str(f.path): sha256_of(f.path) for f in dataset.files if f.path is not None}
        for dataset in datasets.values()
        if dataset.brought
    }


def _about(candidate: Candidate | Ensemble, gate: str) -> list[str]:
    if isinstance(candidate, Ensemble):
        members = ", ".join(candidate.members)
        return [f"ensemble {candidate.name} ({members}), judged by its mean, gate {gate}"]
    if candidate.predictions:
        lines = [f"candidate {candidate.name} (predictions only, nothing is computed), gate {gate}"]
        for dataset, file in candidate.predictions.items():
            path = candidate.folder / file.path
            lines.append(
                f"{candidate.name} on {dataset}: brought from {path}, sha256 {sha256_of(path)}"
            )
        return lines
    what = candidate.calculator or f"family {candidate.family}"
    lines = [f"candidate {candidate.name} ({what}), gate {gate}"]
    if candidate.checkpoint is None:
        lines.append("no checkpoint declared: no later run will reuse these predictions")
    return lines


def _digest(config: pytest.Config) -> str:
    gate = config.option.umlip_gate
    brought = [config.invocation_params.dir / gate] if gate and gate.endswith(".toml") else []
    return thresholds_digest(THRESHOLDS, brought)


def _noise_floors(config: pytest.Config) -> dict[str, Floor]:
    suite = run_configuration(config)
    return noise_floors(suite.thresholds.references, suite.datasets)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, and every verdict."""
    config = terminalreporter.config
    results = config.stash[RESULTS]
    measurements, verdicts = list(results.measurements.values()), results.verdicts.values()
    claims = _claim_records(config)
    asked = any(record.n_asked for record in claims)
    _write(
        terminalreporter,
        {
            "measured: RMSE and slopes, energies in meV/atom, forces in meV/Å": (
                measured_table(measurements, _noise_floors(config)) if measurements else []
            ),
            "the same by the elements of the configurations": group_table(measurements),
            "ensembles: Spearman of spread and error; above 1 / 2 / 3 dev": (
                ensemble_table(measurements)
            ),
            "solute-defect interaction energies, meV": interaction_table(measurements),
        },
    )
    if results.costs:
        _write_costs(terminalreporter, list(results.costs.values()))
    _write(
        terminalreporter,
        {
            "verdicts": [*verdict_table(verdicts), *reasons(verdicts)],
            "claims of the paper": summary(claims) if asked else [],
        },
    )
    if not config.option.collectonly:
        for line in results.unmeasured():
            terminalreporter.write_line(f"no verdict: {line}", red=True)
    for line in (*config.stash[INTERRUPTION].lines(), *config.stash.get(UNWRITTEN, [])):
        terminalreporter.write_line(line, red=True)


def _write(reporter: pytest.TerminalReporter, tables: dict[str, list[str]]) -> None:
    """Write the tables that have more than their heads."""
    for title, lines in tables.items():
        if len(lines) > 1:
            reporter.section(title)
            for line in lines:
                reporter.write_line(plain_text(line))


def _write_costs(reporter: pytest.TerminalReporter, costs: list[dict[str, Any]]) -> None:
    protocol = run_configuration(reporter.config).cost.thresholds.protocol
    size = protocol.required_size
    reporter.section(
        f"cost: NVE of bcc W, {protocol.timestep_fs:g} fs; at {size} atoms, and fitted"
    )
    for line in (*machine_lines(costs), *cost_table(costs, size), *ended_lines(costs)):
        reporter.write_line(line)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Write the reports, after the exit code is known and before the terminal's summary.

    A report that cannot be written, also one of pytest's own, takes neither the others nor the
    verdicts with it; the run does not pass then.
    """
    problems = session.config.stash[UNWRITTEN] = []
    try:
        yield
    except OSError as error:
        problems.append(_unwritten("a report of pytest's", error))
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    option = config.option
    for flag, write in (
        ("umlip_claims_table", _write_claims_table),
        ("umlip_results", _write_results),
        ("umlip_report", _write_report),
        ("umlip_figures", _write_figures),
    ):
        path = getattr(option, flag)
        if path is None:
            continue
        try:
            write(session, config.invocation_params.dir / path)
        except OSError as error:
            problems.append(_unwritten(f"--{flag.replace('_', '-')} {path}", error))
    if problems and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = NOT_MEASURED


def _unwritten(what: str, error: OSError) -> str:
    return f"{what}: not written: {error.strerror or error}; make room, and run the same again"


def _write_claims_table(session: pytest.Session, path: Path) -> None:
    write_table(path, plain_text(markdown(_claim_records(session.config))))


def _judged(config: pytest.Config) -> dict[str, str | None]:
    suite = run_configuration(config)
    return {
        "candidate": suite.candidate.name if suite.candidate else None,
        "gate": suite.gate.name if suite.gate else None,
    }


def _results_for_reports(session: pytest.Session) -> Path:
    """Return the results file; one in the run's folder if none is asked for."""
    config = session.config
    if config.option.umlip_results is not None:
        return config.invocation_params.dir / Path(config.option.umlip_results)
    path = run_configuration(config).settings.run / "results.json"
    if not path.is_file():
        _write_results(session, path)
    return path


def _write_report(session: pytest.Session, path: Path) -> None:
    write_html([_results_for_reports(session)], path)


def _write_figures(session: pytest.Session, folder: Path) -> None:
    write_figures(_results_for_reports(session), folder)


def _write_results(session: pytest.Session, path: Path) -> None:
    config = session.config
    results = config.stash[RESULTS]
    floors = _noise_floors(config)
    brought = brought_files(run_configuration(config).datasets)
    write_results(
        path,
        datasets={
            name: {**about, "noise_floor": floors.get(name), "brought": brought.get(name)}
            for name, about in results.datasets.items()
        },
        measurements=list(results.measurements.values()),
        started=config.stash[STARTED],
        judged=_judged(config),
        costs=results.costs.values(),
        verdicts=results.verdicts.values(),
        claims=[asdict(record) for record in _claim_records(config)],
        thresholds_digest=_digest(config),
        unmeasured=results.unmeasured(),
        interrupted=config.stash[INTERRUPTION].to_json(),
        exit_code=int(session.exitstatus),
    )


def _claim_records(config: pytest.Config) -> list[ClaimRecord]:
    results = config.stash[RESULTS]
    thresholds = run_configuration(config).thresholds
    return claim_records(thresholds, list(results.verdicts.values()), results.datasets)
