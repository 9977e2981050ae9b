"""What a run says in 100 columns: one table, and what did not pass."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from umlip_gate.report.causes import ORDER, Cause, causes, number_of
from umlip_gate.report.noise import Floor
from umlip_gate.report.tables import NOTHING, aligned, format_number

WIDTH = 100
"""Columns that no line of the short output is longer than, but for one word that is."""
HEADS = ("model", "dataset", "E, meV/atom", "F, meV/Å", "verdict")
TITLE = "results: RMSE of energies per atom and of force components, 95 % intervals"
ENERGY = ("energy_rmse_mev_per_atom", "per_atom")
FORCE = ("force_rmse_mev_per_ang", "component")
MARKS = {
    "published": ("†", "published predictions, not computed here"),
    "brought": ("‡", "predictions from a file that was brought, not computed here"),
    "random": ("?", "random weights: nothing here is about accuracy"),
}
"""Of sources that are not a model's own computation: what marks them, and what it means."""
SHORTEST_NAME = 12
MOST_DIGITS = 4
"""Of a value, before and after the point."""

Line = tuple[str, str, str]
"""A text, what ends it, and the outcome that colours the end."""


def result_table(
    measurements: Iterable[Mapping[str, Any]],
    verdicts: Iterable[Mapping[str, Any]],
    floors: Mapping[str, Floor],
) -> list[Line]:
    """Return a line for each model on each dataset that something was measured on.

    Parameters
    ----------
    measurements, verdicts
        As in the results file.
    floors
        How well DFT agrees with DFT, by dataset.
    """
    measurements = list(measurements)
    rows = result_rows(measurements, verdicts)
    if not rows:
        return []
    for dataset in dict.fromkeys(entry["dataset"] for entry in measurements):
        if floor := floors.get(dataset):
            rows.append((("DFT against DFT", dataset, *_floor(floor), NOTHING), ""))
    head, *table = _fitted([row for row, _ in rows])
    sources = dict.fromkeys(entry["source"] for entry in measurements)
    return [
        (head, "", ""),
        *(
            (line.removesuffix(row[-1]), row[-1], outcome)
            for line, (row, outcome) in zip(table, rows, strict=True)
        ),
        *((" ".join(MARKS[source]), "", "") for source in sources if source in MARKS),
    ]


def result_rows(
    measurements: Iterable[Mapping[str, Any]], verdicts: Iterable[Mapping[str, Any]]
) -> list[tuple[tuple[str, ...], str]]:
    """Return the cells under `HEADS` and the worst outcome, by model and dataset."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for verdict in verdicts:
        if verdict["value"] is not None:
            model, dataset, _ = verdict["id"].split(":", 2)
            counts.setdefault((model, dataset), Counter())[verdict["outcome"]] += 1
    rows: list[tuple[tuple[str, ...], str]] = []
    for entry in measurements:
        own = counts.pop((entry["model"], entry["dataset"]), Counter())
        mark, _ = MARKS.get(entry["source"], ("", ""))
        name = f"{entry['model']} {mark}".rstrip()
        rows.append(((name, _dataset(entry), *_errors(entry), _worst(own)), _outcome(own)))
    for (model, dataset), own in counts.items():
        rows.append(((model, dataset, NOTHING, NOTHING, _worst(own)), _outcome(own)))
    return rows


def cause_lines(verdicts: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Return what did not pass, a line for each cause."""
    return [("", _cause(cause), cause.outcome) for cause in causes(verdicts)]


def fill(text: str) -> str:
    """Return a text in lines of at most 100 columns, those after the first indented."""
    lines = [
        textwrap.fill(
            line,
            WIDTH,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    ]
    return "\n".join(lines)


def shorten(text: str) -> str:
    """Return the beginning of a text that has more than a line."""
    if len(text) <= WIDTH:
        return text
    return textwrap.shorten(text, WIDTH, placeholder=" … (all: -v)")


def _cause(cause: Cause) -> str:
    text = f"{cause.count}: {cause.text}"
    for who in cause.who():
        if len(text) + len(who) + 3 <= WIDTH:
            return f"{text} ({who})"
    return text


def _errors(entry: Mapping[str, Any]) -> tuple[str, str]:
    energy, force = (
        _with_interval(entry[quantity][convention], entry["intervals"][quantity][convention])
        for quantity, convention in (ENERGY, FORCE)
    )
    return energy, force


def _with_interval(value: float | None, interval: Sequence[float | None] | None) -> str:
    if value is None:
        return NOTHING
    digits = max(0, min(2, MOST_DIGITS - len(f"{abs(value):.0f}")))
    shown = format_number(value, digits)
    ends = [format_number(end, digits) for end in interval or () if end is not None]
    return f"{shown} ({'…'.join(ends)})" if len(ends) == len(interval or ()) != 0 else shown


def _floor(floor: Floor) -> tuple[str, str]:
    ends = floor.get("energy_rmse", {}).get("per_atom"), floor.get("force_rmse", {}).get(FORCE[1])
    energy, force = (
        NOTHING if each is None else " … ".join(dict.fromkeys(f"{end:.2f}" for end in each))
        for each in ends
    )
    return energy, force


def _dataset(entry: Mapping[str, Any]) -> str:
    failed = f", {entry['n_failed']} failed" if entry["n_failed"] else ""
    sample = f", {entry['n_configurations']} of {entry['sample_of']}" if entry["sample_of"] else ""
    return f"{entry['dataset']}{sample}{failed}"


def _outcome(counts: Mapping[str, int]) -> str:
    return next((outcome for outcome in ORDER if counts.get(outcome)), "")


def _worst(counts: Mapping[str, int]) -> str:
    outcome = _outcome(counts)
    return number_of(counts[outcome], outcome) if outcome else NOTHING


def _fitted(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Align a table, with names as short as its width needs."""
    table = aligned(HEADS, rows)
    too_much = max(map(len, table)) - WIDTH
    for column in (1, 0):
        widest = max(len(row[column]) for row in rows)
        width = max(SHORTEST_NAME, widest - max(0, too_much))
        too_much -= max(0, widest - width)
        rows = [(*row[:column], _cut(row[column], width), *row[column + 1 :]) for row in rows]
    return aligned(HEADS, rows)


def _cut(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    tail = (width - 1) // 2
    return f"{name[: width - 1 - tail]}…{name[-tail:]}"
