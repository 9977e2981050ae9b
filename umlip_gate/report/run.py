"""A results file and what stands beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from umlip_gate.errors import InputError
from umlip_gate.report.configurations import read_configurations
from umlip_gate.report.coverages import KEYS, Coverage, coverages_in
from umlip_gate.report.plain import plain_data


@dataclass(frozen=True)
class Run:
    """A run as its files have it.

    Attributes
    ----------
    name
        Of the results file.
    results
        Its content, every text plain.
    configurations
        That of the file beside it.
    compared
        Datasets whose environments another command compared.
    """

    name: str
    results: dict[str, Any]
    configurations: dict[str, Any]
    compared: tuple[Coverage, ...] = ()

    @property
    def coverages(self) -> tuple[Coverage, ...]:
        """The datasets whose environments were compared, by the run's claims or beside it."""
        details = [verdict.get("details", {}) for verdict in self.results["verdicts"]]
        return coverages_in(details) + self.compared

    def with_costs_of(self, others: "Sequence[Run]") -> "Run":
        """Return the run with the costs that another one measured, if it measured none."""
        if self.results["costs"]:
            return self
        costs: list[Any] = next(
            (run.results["costs"] for run in others if run.results["costs"]), []
        )
        return replace(self, results={**self.results, "costs": costs})

    @classmethod
    def read(cls, path: Path) -> "Run":
        """Read a results file.

        Raises
        ------
        InputError
            It is not there, or no results file.
        """
        return _run_of(path, _table_of(path))


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """Read results files, and among them those that compare datasets' environments.

    Raises
    ------
    InputError
        A file is neither, or none is a results file.
    """
    tables = {path: _table_of(path) for path in paths}
    compared = coverages_in(tables.values())
    runs = [_run_of(path, table) for path, table in tables.items() if not table.keys() >= KEYS]
    if not runs:
        raise InputError(f"{', '.join(map(str, paths))}: no file that --umlip-results wrote")
    return [replace(run, compared=compared) for run in runs]


def _table_of(path: Path) -> dict[str, Any]:
    try:
        table = plain_data(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a file that --umlip-results wrote ({error})") from error
    return table if isinstance(table, dict) else {}


def _run_of(path: Path, results: dict[str, Any]) -> Run:
    if not results.keys() >= {"verdicts", "measurements", "datasets", "claims"}:
        raise InputError(f"{path}: not a file that --umlip-results wrote")
    return Run(path.name, results, plain_data(read_configurations(path)))
