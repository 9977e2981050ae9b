"""A results file and what stands beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from umlip_gate.errors import InputError
from umlip_gate.report.configurations import read_configurations
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
    """

    name: str
    results: dict[str, Any]
    configurations: dict[str, Any]

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
        try:
            results = json.loads(path.read_text(encoding="utf-8"))
            complete = {"verdicts", "measurements", "datasets", "claims"} <= results.keys()
        except (OSError, ValueError, AttributeError) as error:
            raise InputError(f"{path}: not a file that --umlip-results wrote ({error})") from error
        if not complete:
            raise InputError(f"{path}: not a file that --umlip-results wrote")
        return cls(path.name, plain_data(results), plain_data(read_configurations(path)))
