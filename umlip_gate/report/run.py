"""A results file and what stands beside it."""

import json
from dataclasses import dataclass
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
