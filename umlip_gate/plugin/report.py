"""The files that a run writes: results, report, figures, claims."""

import datetime as dt
import os
from collections.abc import Generator, Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from umlip_gate.claims.digest import thresholds_digest
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError
from umlip_gate.plugin.interruption import INTERRUPTION
from umlip_gate.plugin.run_configuration import run_configuration
from umlip_gate.plugin.verdicts import NOT_MEASURED, RESULTS
from umlip_gate.report.claims import (
    ClaimRecord,
    claim_records,
    markdown,
    text_around,
    write_table,
)
from umlip_gate.report.files import write_figures, write_html
from umlip_gate.report.noise import Floor, noise_floors
from umlip_gate.report.origin import with_origin
from umlip_gate.report.plain import plain_text
from umlip_gate.report.results import remove_results, write_results
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


def brought_files(datasets: Mapping[str, Dataset]) -> dict[str, dict[str, str]]:
    """Return the files of the user's that datasets stand in, with their sha256, by dataset."""
    return {
        dataset.id: {str(f.path): sha256_of(f.path) for f in dataset.files if f.path is not None}
        for dataset in datasets.values()
        if dataset.brought
    }


def recorded_thresholds_digest(config: pytest.Config) -> str:
    """Return sha256 of everything that the run judges by."""
    gate = config.option.umlip_gate
    brought = [config.invocation_params.dir / gate] if gate and gate.endswith(".toml") else []
    return thresholds_digest(THRESHOLDS, brought)


def recorded_floors(config: pytest.Config) -> dict[str, Floor]:
    """Return how well DFT agrees with DFT, by dataset."""
    suite = run_configuration(config)
    return noise_floors(suite.thresholds.references, suite.datasets)


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
    write_table(path, plain_text(markdown(recorded_claims(session.config))))


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
    write_figures([_results_for_reports(session)], folder)


def _write_results(session: pytest.Session, path: Path) -> None:
    config = session.config
    results = config.stash[RESULTS]
    floors = recorded_floors(config)
    suite = run_configuration(config)
    brought = brought_files(suite.datasets)
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
        verdicts=[with_origin(each, suite.thresholds) for each in results.verdicts.values()],
        claims=[asdict(record) for record in recorded_claims(config)],
        thresholds_digest=recorded_thresholds_digest(config),
        unmeasured=results.unmeasured(),
        interrupted=config.stash[INTERRUPTION].to_json(),
        exit_code=int(session.exitstatus),
    )


def recorded_claims(config: pytest.Config) -> list[ClaimRecord]:
    """Return what became of every claim of the paper."""
    results = config.stash[RESULTS]
    thresholds = run_configuration(config).thresholds
    return claim_records(thresholds, list(results.verdicts.values()), results.datasets)
