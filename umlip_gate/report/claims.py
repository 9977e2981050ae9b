"""The claims of the paper, one by one: what became of each, and what is missing.

`python -m umlip_gate.report.claims RESULTS.json …` prints the table as Markdown from the results
files of several runs, as of a machine with a GPU and one without.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from umlip_gate.atomic import replacing
from umlip_gate.claims.conventions import BESIDE
from umlip_gate.claims.judge import NEAR
from umlip_gate.claims.thresholds import Thresholds, load_thresholds
from umlip_gate.claims.verdict import Outcome
from umlip_gate.datasets.registry import load_registry
from umlip_gate.errors import InputError
from umlip_gate.models.combined import load_ensembles, recalculations
from umlip_gate.models.registry import load_models
from umlip_gate.report.tables import aligned, shown_limit, shown_value
from umlip_gate.settings import FIXTURES, THRESHOLDS

BEGIN, END = "<!-- claims: begin -->", "<!-- claims: end -->"
"""What stands between these in a file is the table's place."""

Verdicts = Sequence[Mapping[str, Any]]


class State(StrEnum):
    """What became of a claim or an item: a claim's is the first that one of its items has."""

    CONTRADICTED = "contradicted"
    ERROR = "error"
    DEPENDS = "depends on the convention"
    UNDECIDED = "undecided"
    REPRODUCED = "reproduced"
    NOT_OBTAINABLE = "not obtainable"
    NOT_ASKED = "not asked"
    NO_ASSERTION = "not an assertion"


IN_PART = "reproduced in part"
LABELS = (State.REPRODUCED, IN_PART, *(state for state in State if state != State.REPRODUCED))
"""The columns of the summary."""


@dataclass(frozen=True)
class ClaimRecord:
    """A claim and what became of it.

    Attributes
    ----------
    id
        As the index lists it.
    figure
        Where the paper makes it.
    label
        One of `LABELS`; `reproduced in part` where not everything of it was measured, or not
        over all models that it is about.
    n_items, n_asked
        How many items it is judged by, and how many of them the run was asked for.
    measured
        A line per item that was measured.
    missing
        What exactly keeps the rest from being measured.
    statement
        What the paper says; None where no assertion is written.
    source, rationale
        Where it says so, and how it is read.
    """

    id: str
    figure: str
    label: str
    n_items: int
    n_asked: int
    measured: tuple[str, ...]
    missing: tuple[str, ...]
    statement: str | None = None
    source: str | None = None
    rationale: str | None = None


def claim_records(
    thresholds: Thresholds, verdicts: Verdicts, datasets: Collection[str]
) -> list[ClaimRecord]:
    """Return what became of every claim of the index.

    Parameters
    ----------
    thresholds
        Claims and pools.
    verdicts
        As in a results file.
    datasets
        Ids of the datasets that could be read.
    """
    found = {verdict["id"]: verdict for verdict in verdicts}
    return [_record(thresholds, claim, found, datasets) for claim in thresholds.ids]


def _record(
    thresholds: Thresholds,
    claim: str,
    found: Mapping[str, Mapping[str, Any]],
    datasets: Collection[str],
) -> ClaimRecord:
    items = [item for item in thresholds.items() if item.split(":")[2].startswith(f"{claim}.")]
    states = [_state(found.get(item)) for item in items]
    absent: dict[str, None] = {}
    reasons: dict[str, None] = {}
    for item, state in zip(items, states, strict=True):
        if state in (State.NOT_OBTAINABLE, State.ERROR):
            gone = _gone(thresholds, found[item], datasets)
            absent |= dict.fromkeys(gone)
            if not gone:
                reasons[found[item]["reason"].splitlines()[0]] = None
    if absent:
        reasons = {f"datasets {', '.join(absent)}": None, **reasons}
    if claim in thresholds.unwritten:
        reasons[thresholds.unwritten[claim]] = None
    state = next((each for each in State if each in states), State.NO_ASSERTION)
    whole = (
        set(states) == {State.REPRODUCED}
        and claim not in thresholds.unwritten
        and not any(_over_some(found[item]) for item in items)
    )
    label = IN_PART if state is State.REPRODUCED and not whole else str(state)
    measured = [
        _line(found[item], state)
        for item, state in zip(items, states, strict=True)
        if item in found and found[item]["value"] is not None
    ]
    written = thresholds.claims.get(claim)
    return ClaimRecord(
        statement=written.statement if written else None,
        source=written.source if written else None,
        rationale=written.rationale if written else None,
        id=claim,
        figure=_figure(claim),
        label=label,
        n_items=len(items),
        n_asked=sum(item in found for item in items),
        measured=tuple(measured),
        missing=tuple(reasons),
    )


def _gone(
    thresholds: Thresholds, verdict: Mapping[str, Any], datasets: Collection[str]
) -> list[str]:
    """Name the datasets that keep an item from being measured, if they are what does.

    A dataset that cannot be had says so in its own name, as a pool does; that none was read may
    as well be because no model was there to be asked, or because the item needs none.
    """
    dataset = verdict["id"].split(":")[1]
    if not verdict["reason"].startswith(f"{dataset}: "):
        return []
    pool = thresholds.pools.get(dataset)
    members = pool.datasets if pool else (dataset,)
    return [member for member in members if member not in datasets]


def _state(verdict: Mapping[str, Any] | None) -> State:
    if verdict is None:
        return State.NOT_ASKED
    if verdict["details"].get(BESIDE, {}).get("depends"):
        return State.DEPENDS
    if verdict["details"].get("cause") == "harness":
        return State.UNDECIDED
    # By what was measured, whether or not it is listed as a known failure.
    return {
        Outcome.PASSED: State.REPRODUCED,
        Outcome.FAILED: State.CONTRADICTED,
        Outcome.KNOWN_FAILURE: State.CONTRADICTED,
        Outcome.ERROR: State.ERROR,
        Outcome.INCONCLUSIVE: State.UNDECIDED,
        Outcome.SKIPPED: State.NOT_OBTAINABLE,
    }[Outcome(verdict["judged"] or verdict["outcome"])]


def _over_some(verdict: Mapping[str, Any]) -> str | None:
    """Return over how many models an item was judged, where it is about more than these."""
    judged, meant = (verdict["details"].get(f"n_models_{which}") for which in ("judged", "meant"))
    return None if judged == meant else f"over {judged} of {meant} models"


def _line(verdict: Mapping[str, Any], state: State) -> str:
    model, dataset, item = verdict["id"].split(":", 2)
    who = verdict["model"] or model
    value = shown_value(verdict["value"], verdict["limit"], verdict["unit"])
    limit = shown_limit(verdict["relation"], verdict["limit"])
    where = f"{dataset}, {verdict['source']}" if verdict["source"] else dataset
    some = _over_some(verdict)
    label = IN_PART if some and state is State.REPRODUCED else state
    told = f"{limit}, {some}" if some else limit
    return f"{item.split('.')[1]}: {who} ({where}) {value}, claimed {told}: {label}{_why(verdict)}"


def _why(verdict: Mapping[str, Any]) -> str:
    """Return what qualifies a state: the other convention, the harness, a narrow margin."""
    details = verdict["details"]
    parts = []
    if (beside := details.get(BESIDE)) is not None:
        number = shown_value(beside["value"], verdict["limit"], verdict["unit"])
        parts.append(f"{beside['convention']} {number}")
    if details.get("cause") == "harness":
        parts.append("contradicted by the harness, not by the models")
    if details.get(NEAR):
        parts.append("inside by less than its interval's half-width")
    return f" ({'; '.join(parts)})" if parts else ""


def _figure(claim: str) -> str:
    first = claim.split("-", maxsplit=1)[0]
    if first.startswith("fig"):
        return f"Fig. {first.removeprefix('fig')}"
    elsewhere = {"abstract": "Abstract", "table2": "Table 2", "discussion": "§4"}
    return elsewhere.get(first, "§3.2")


def summary(records: Sequence[ClaimRecord]) -> list[str]:
    """Count the claims by figure and state: a table for the terminal."""
    everything = "all"
    rows = []
    for figure in (*dict.fromkeys(record.figure for record in records), everything):
        own = [record.label for record in records if figure in (record.figure, everything)]
        counts = Counter(own)
        rows.append([figure, str(len(own)), *(str(counts[label] or "") for label in LABELS)])
    return aligned(["", "claims", *LABELS], rows)


def counted(records: Sequence[ClaimRecord]) -> str:
    """Count the claims by state, in words."""
    counts = Counter(record.label for record in records)
    return ", ".join(f"{counts[label]} {label}" for label in LABELS if counts[label])


def markdown(records: Sequence[ClaimRecord]) -> str:
    """Write every claim with its state, what was measured, and what is missing."""
    rows = [
        f"| {record.id} | {record.label} | {len(record.measured)} of {record.n_items} "
        f"| {_cell(record.measured)} | {_cell(record.missing)} |"
        for record in records
    ]
    heads = ["| claim | state | items | measured | missing |", "|---|---|---|---|---|"]
    return "\n".join([f"{len(records)} claims: {counted(records)}.", "", *heads, *rows, ""])


def _cell(parts: Sequence[str]) -> str:
    return "<br>".join(parts).replace("|", "\\|")


def write_table(path: Path, table: str) -> None:
    """Write the table into a file: between its marks if it is there, else as the whole.

    Raises
    ------
    InputError
        The file is there and has no marks: it is something else.
    """
    before, after = text_around(path)
    with replacing(path) as unfinished:
        unfinished.write_text(f"{before}{BEGIN}\n{table}{END}{after}", encoding="utf-8")


def text_around(path: Path) -> tuple[str, str]:
    """Return what stands before and after the table's place in a file.

    Raises
    ------
    InputError
        The file is there and has no marks.
    """
    if not path.exists():
        return "", "\n"
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{path}: is there, and has no {BEGIN} and {END} to write between")
    return before, after


def committed_thresholds() -> Thresholds:
    """Read the project's thresholds, with its registries' ids."""
    datasets = load_registry(FIXTURES / "datasets.toml")
    models = load_models()
    ensembles = load_ensembles(FIXTURES / "ensembles.toml", set(models))
    known = {*models, *ensembles, *recalculations(datasets)}
    return load_thresholds(THRESHOLDS, known, datasets)


def merged(paths: Sequence[str]) -> tuple[Verdicts, set[str]]:
    """Read several results files: verdicts and datasets.

    Of an item that stands in several, the last that was measured counts.

    Raises
    ------
    InputError
        A file is not there, or not a results file; or two were judged by different thresholds.
    """
    found: dict[str, Mapping[str, Any]] = {}
    digests: dict[str, str] = {}
    datasets: set[str] = set()
    for path in paths:
        try:
            results = json.loads(Path(path).read_text(encoding="utf-8"))
            datasets.update(results["datasets"])
            verdicts = results["verdicts"]
            digests.setdefault(results["suite"]["thresholds_digest"], path)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"{path}: not a file that --umlip-results wrote ({error!r})"
            ) from error
        if len(digests) > 1:
            raise InputError(
                f"{' and '.join(digests.values())} were judged by different thresholds "
                "(suite.thresholds_digest): run one of them again with those of the other"
            )
        for verdict in verdicts:
            if verdict["value"] is not None or verdict["id"] not in found:
                found[verdict["id"]] = verdict
    return list(found.values()), datasets


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of the results files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", help="files that --umlip-results wrote")
    try:
        verdicts, read = merged(parser.parse_args(arguments).results)
    except InputError as error:
        sys.exit(str(error))
    sys.stdout.write(markdown(claim_records(committed_thresholds(), verdicts, read)))


if __name__ == "__main__":
    main()
