"""Comparisons of two datasets' local environments: of a run's verdicts, and of a file of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KEYS = frozenset({"first", "second", "principal_components"})


@dataclass(frozen=True)
class Coverage:
    """How much of two datasets' environments the other has, and where they lie.

    Attributes
    ----------
    first, second
        The datasets.
    found
        What `umlip_gate.descriptors.comparison` made of them, as plain data.
    """

    first: str
    second: str
    found: Mapping[str, Any]


def coverages_in(records: Iterable[Mapping[str, Any]]) -> tuple[Coverage, ...]:
    """Return the comparisons among records: details of verdicts, or files of their own."""
    return tuple(
        Coverage(record["first"], record["second"], record)
        for record in records
        if record.keys() >= KEYS
    )
