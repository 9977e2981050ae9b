"""Which model for defects in metals? Every registered model by the numbers of a gate.

`python -m umlip_gate.report.leaderboard RESULTS.json … --csv FILE --json FILE > models.md` takes
what the results files have measured, then the values of `thresholds/reference/` where they have
nothing, and lists the others with the reason why there is no number.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from umlip_gate.atomic import replacing
from umlip_gate.claims.schema import Gate, Reference
from umlip_gate.claims.thresholds import Thresholds
from umlip_gate.cost.baseline import load_baselines
from umlip_gate.errors import InputError
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.models.level_of_theory import ASSUMED
from umlip_gate.models.registry import Model, load_models
from umlip_gate.report.charts import groups_of_ties
from umlip_gate.report.claims import committed_thresholds
from umlip_gate.report.run import Run
from umlip_gate.settings import THRESHOLDS

Criterion = tuple[str, str]
"""A quantity's name, and one of its conventions."""


@dataclass(frozen=True)
class Number:
    """One number of a model.

    Attributes
    ----------
    value
        In the quantity's unit.
    low, high
        The ends of its 95 % interval; None if it has none.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Return it with its interval."""
        if self.low is None or self.high is None:
            return f"{self.value:.1f}"
        return f"{self.value:.1f} ({self.low:.1f}…{self.high:.1f})"


@dataclass(frozen=True)
class Row:
    """What is known of a model.

    Attributes
    ----------
    group
        Its group of ties by the first number: models of one group have intervals that meet that
        of its best. None without an interval, which tells nothing apart.
    model
        Registry id.
    source
        `live` or `published` as in the results file, `reference` for a value of
        `thresholds/reference/`, `none` without a number.
    numbers
        By `QUANTITY CONVENTION`.
    cost_ms
        Milliseconds per MD step and atom at 125 atoms, by baseline.
    level_of_theory, training_data, licence
        As registered; the licence is that of the weights.
    n_elements
        How many it covers.
    note
        Why there is no number, or what must be known of it.
    """

    group: int | None
    model: str
    source: str
    numbers: dict[str, Number]
    cost_ms: dict[str, float]
    level_of_theory: str
    training_data: str
    licence: str
    n_elements: int
    note: str


def criteria_of(gate: Gate, dataset: str) -> list[Criterion]:
    """Return what a gate limits on a dataset, in its order; models are sorted by the first."""
    criteria = [(each.quantity, each.convention) for each in gate.limits if each.dataset == dataset]
    return [
        criterion
        for criterion in criteria
        if QUANTITIES[criterion[0]].name != "failed_configurations"
    ]


def leaderboard(
    results: Sequence[Mapping[str, Any]], thresholds: Thresholds, gate: str, dataset: str
) -> list[Row]:
    """Return a row for each registered model: those with numbers in order, then the others.

    Parameters
    ----------
    results
        Contents of results files; the last that has a model counts.
    thresholds
        With the gate and the reference values.
    gate, dataset
        Whose limits, and on which data.

    Raises
    ------
    InputError
        The gate is unknown, or limits nothing on the dataset.
    """
    if gate not in thresholds.gates or not (
        criteria := criteria_of(thresholds.gates[gate], dataset)
    ):
        raise InputError(f"gate {gate!r} is unknown, or limits nothing on {dataset}")
    models = load_models()
    found = dict(_reference_numbers(thresholds.references, dataset, criteria))
    found |= dict(_measured_numbers(results, dataset, criteria))
    first = " ".join(criteria[0])
    ordered = sorted(
        (name for name in models if name in found), key=lambda name: found[name][1][first].value
    )
    bars = [
        (name, number.value, (number.low, number.high))
        for name in ordered
        if (number := found[name][1][first]).low is not None and number.high is not None
    ]
    groups = dict(zip((bar[0] for bar in bars), groups_of_ties(bars), strict=True))
    costs = _costs()
    rows = [_row(models[name], groups.get(name), *found[name], costs) for name in ordered]
    without = [model for name, model in models.items() if name not in found]
    return rows + [_row(model, None, "none", {}, costs) for model in without]


def _measured_numbers(
    results: Sequence[Mapping[str, Any]], dataset: str, criteria: Sequence[Criterion]
) -> Iterator[tuple[str, tuple[str, dict[str, Number]]]]:
    """Iterate over models and the numbers that results files have of them, whole datasets alone."""
    for each in (entry for run in results for entry in run["measurements"]):
        whole = each["sample_of"] is None and not each["n_failed"]
        if each["dataset"] != dataset or each["source"] not in {"live", "published"} or not whole:
            continue
        numbers = {}
        for name, convention in criteria:
            key = QUANTITIES[name].key
            if (value := each[key][convention]) is not None:
                ends = each["intervals"][key][convention] or (None, None)
                numbers[f"{name} {convention}"] = Number(value, *ends)
        if len(numbers) == len(criteria):
            yield each["model"], (each["source"], numbers)


def _reference_numbers(
    references: Sequence[Reference], dataset: str, criteria: Sequence[Criterion]
) -> Iterator[tuple[str, tuple[str, dict[str, Number]]]]:
    """Iterate over models and the values that are kept of them."""
    for each in references:
        if each.dataset == dataset:
            kept = {(value.quantity, value.convention): value.value for value in each.values}
            if set(criteria) <= set(kept):
                numbers = {" ".join(criterion): Number(kept[criterion]) for criterion in criteria}
                yield each.model, ("reference", numbers)


def _costs() -> dict[str, dict[str, float]]:
    """Return by baseline and model the milliseconds per step and atom, of real weights."""
    return {
        name: {
            cost.model: 1000 * cost.step_s / cost.n_atoms
            for cost in baseline.costs
            if cost.n_atoms == ATOMS
        }
        for name, baseline in load_baselines(THRESHOLDS / "cost").items()
    }


ATOMS = 125
"""The size of the paper's protocol of costs."""


def _row(
    model: Model,
    group: int | None,
    source: str,
    numbers: dict[str, Number],
    costs: Mapping[str, Mapping[str, float]],
) -> Row:
    return Row(
        group=group,
        model=model.id,
        source=source,
        numbers=numbers,
        cost_ms={name: kept[model.id] for name, kept in costs.items() if model.id in kept},
        level_of_theory=f"{model.level_of_theory} + D3" if model.d3 else model.level_of_theory,
        training_data=" + ".join(model.training_data),
        licence=model.checkpoint.licence if model.checkpoint else model.licence,
        n_elements=len(model.elements),
        note=_note(model, source),
    )


def _note(model: Model, source: str) -> str:
    """Return why there is no number, or how to make one live."""
    if source != "none":
        return ""
    if model.status != "live":
        return f"not adapted: {model.reason}"
    if model.checkpoint and model.checkpoint.gated:
        return "its weights stand behind a licence form"
    if model.level_of_theory != ASSUMED:
        return f"energies of {model.level_of_theory} are not compared with these data"
    if model.checkpoint is None or model.checkpoint.package:
        return "not measured; its weights come with its package"
    return "its weights were not obtainable where the numbers were made"


def markdown(rows: Sequence[Row], criteria: Sequence[Criterion]) -> str:
    """Return the rows as two tables: models with numbers, and those without."""
    heads = [" ".join(criterion).replace("_", " ") for criterion in criteria]
    units = [QUANTITIES[name].unit for name, _ in criteria]
    costs = sorted({name for row in rows for name in row.cost_ms})
    columns = ["", "model", *(f"{h}, {u}" for h, u in zip(heads, units, strict=True)), "source"]
    columns += [*(f"{name}, ms/step/atom" for name in costs), "labels", "trained on", "licence"]
    columns += ["elements"]
    lines = [_line(columns), "|---" * len(columns) + "|"]
    for row in (row for row in rows if row.numbers):
        numbers = [str(row.numbers[" ".join(criterion)]) for criterion in criteria]
        kept = [f"{row.cost_ms[name]:.3g}" if name in row.cost_ms else "" for name in costs]
        words = [row.level_of_theory, row.training_data, row.licence, str(row.n_elements)]
        lines.append(_line([str(row.group or ""), row.model, *numbers, row.source, *kept, *words]))
    lines += ["", "Without a number here:", ""]
    lines += ["| model | labels | licence | why |", "|---|---|---|---|"]
    lines += [
        _line([row.model, row.level_of_theory, row.licence, row.note])
        for row in rows
        if not row.numbers
    ]
    return "\n".join([*lines, ""])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def write_csv(rows: Sequence[Row], criteria: Sequence[Criterion], target: Path) -> None:
    """Write one line a model; an empty cell is a number that is not there."""
    names = [" ".join(criterion) for criterion in criteria]
    costs = sorted({name for row in rows for name in row.cost_ms})
    with replacing(target) as new, new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        ends = [f"{name} {end}" for name in names for end in ("value", "low", "high")]
        facts = ["level_of_theory", "training_data", "licence", "n_elements", "note"]
        writer.writerow(["group", "model", "source", *ends, *(f"{c} ms" for c in costs), *facts])
        for row in rows:
            numbers = [row.numbers.get(name) for name in names]
            cells = [end for each in numbers for end in value_and_ends(each)]
            kept = [row.cost_ms.get(name, "") for name in costs]
            words = [getattr(row, fact) for fact in facts]
            writer.writerow([row.group or "", row.model, row.source, *cells, *kept, *words])


def value_and_ends(number: Number | None) -> list[float | str]:
    """Return value and ends, each an empty text where there is none."""
    ends = (number.value, number.low, number.high) if number else (None, None, None)
    return ["" if end is None else end for end in ends]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the leaderboard, and write what is asked for beside it."""
    parser = argparse.ArgumentParser(
        prog="python -m umlip_gate.report.leaderboard", description=__doc__
    )
    parser.add_argument("results", nargs="+", type=Path, help="files that --umlip-results wrote")
    parser.add_argument("--gate", default="release", help="whose limits are the columns")
    parser.add_argument("--dataset", default="W-g")
    parser.add_argument("--csv", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(arguments)
    try:
        thresholds = committed_thresholds()
        runs = [Run.read(path).results for path in given.results]
        rows = leaderboard(runs, thresholds, given.gate, given.dataset)
    except InputError as error:
        sys.exit(str(error))
    criteria = criteria_of(thresholds.gates[given.gate], given.dataset)
    sys.stdout.write(markdown(rows, criteria))
    if given.csv:
        write_csv(rows, criteria, given.csv)
    if given.json:
        with replacing(given.json) as unfinished:
            text = json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False)
            unfinished.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
