"""What a run says on the terminal: what was measured, and every verdict."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from umlip_gate.claims.bounds import show_beside
from umlip_gate.claims.verdict import Outcome
from umlip_gate.report.noise import Floor

NOTHING = "-"
NOT_FINITE = "not finite"
LARGEST_WRITTEN_OUT = 1e9
DIMENSIONLESS = "1"

MEASURED_HEADS = (
    "model",
    "dataset",
    "source",
    "configurations",
    "E /conf.",
    "E /atom",
    "E /conf. - offset",
    "E /atom - offset",
    "E /conf. - elements",
    "E slope",
    "F comp.",
    "F vector",
    "F slope",
)
STRESS_HEADS = ("model", "dataset", "stress RMSE, GPa", "95 %", "slope")
ENSEMBLE_HEADS = (
    "ensemble",
    "dataset",
    "E total",
    "E /atom",
    "F vector",
    "E above dev",
    "F above dev",
)
VERDICT_HEADS = ("model", "dataset", "item", "value", "95 %", "limit", "verdict", "source")
INTERACTION_HEADS = ("model", "dataset", "system", "points", "RMSE", "95 %")
ENSEMBLE_CORRELATIONS = (
    ("energy_deviation_spearman", "total"),
    ("energy_deviation_spearman", "per_atom"),
    ("force_deviation_spearman", "vector"),
)
GROUPS_SHOWN = 20
"""Of one model and dataset: a general dataset has thousands of compositions of a row each."""

ABOVE = "share_of_errors_above_multiples_of_the_deviation"
UNREMARKABLE = (Outcome.PASSED, Outcome.SKIPPED)
MANY = {
    "reference": (None, "reference values"),
    "step": ("bcc-W", "sizes of the crystal"),
    "baseline": ("bcc-W", "costs against the baseline"),
}
"""Kinds of items that come in numbers: what they are about, if not each a dataset, and a word."""
ENERGY_CONVENTIONS = (
    "per_configuration",
    "per_atom",
    "per_configuration_offset_removed",
    "per_atom_offset_removed",
    "per_configuration_composition_removed",
)


def measured_table(
    measurements: Iterable[dict[str, Any]], floors: Mapping[str, Floor] | None = None
) -> list[str]:
    """RMSE and slopes of every measured cell, energies in meV/atom, forces in meV/Å.

    Parameters
    ----------
    measurements
        As in the results file. Where configurations failed, no number stands.
    floors
        How well DFT agrees with DFT, for the datasets of which this is known.
    """
    measurements = list(measurements)
    datasets = dict.fromkeys(entry["dataset"] for entry in measurements)
    rows = [
        (
            entry["model"],
            entry["dataset"],
            entry["source"],
            _count(entry),
            *(_number(entry["energy_rmse_mev_per_atom"][name], 2) for name in ENERGY_CONVENTIONS),
            _number(entry["energy_slope"]["per_configuration_composition_removed"], 2),
            _number(entry["force_rmse_mev_per_ang"]["component"], 1),
            _number(entry["force_rmse_mev_per_ang"]["vector"], 1),
            _number(entry["force_slope"]["component"], 2),
        )
        for entry in measurements
    ]
    known = floors or {}
    rows += [_floor(dataset, known[dataset]) for dataset in datasets if dataset in known]
    return aligned(MEASURED_HEADS, rows)


def stress_table(measurements: Iterable[dict[str, Any]]) -> list[str]:
    """RMSE and slope of the stress, of the datasets whose reference has one; nothing without."""
    rows = [
        (
            entry["model"],
            entry["dataset"],
            _number(value, 3),
            shown_interval(entry["intervals"]["stress_rmse_gpa"]["component"]),
            _number(entry["stress_slope"]["component"], 2),
        )
        for entry in measurements
        if (value := entry["stress_rmse_gpa"]["component"]) is not None
    ]
    return aligned(STRESS_HEADS, rows) if rows else []


def group_table(measurements: Iterable[dict[str, Any]]) -> list[str]:
    """RMSE by chemical system, of datasets that have several; of many, the largest.

    Parameters
    ----------
    measurements
        As in the results file, which has every group.
    """
    heads = ("model", "dataset", "elements", *MEASURED_HEADS[3:-2])
    return aligned(heads, [row for entry in measurements for row in _group_rows(entry)])


def _group_rows(entry: dict[str, Any]) -> list[tuple[str, ...]]:
    groups = entry["groups"]
    by_size = sorted(groups, key=lambda name: -groups[name]["n_configurations"])
    shown = by_size[:GROUPS_SHOWN]
    rows = [
        (
            entry["model"],
            entry["dataset"],
            name,
            f"{group['n_configurations']}" + (f", {n} failed" if (n := group["n_failed"]) else ""),
            *(_number(group["energy_rmse_mev_per_atom"][c], 2) for c in ENERGY_CONVENTIONS),
            _number(group["energy_slope"]["per_configuration_composition_removed"], 2),
            _number(group["force_rmse_mev_per_ang"]["component"], 1),
        )
        for name, group in groups.items()
        if name in shown
    ]
    if others := by_size[GROUPS_SHOWN:]:
        count = sum(groups[name]["n_configurations"] for name in others)
        more = f"{len(others)} more, in the results file"
        blank = ("",) * (len(ENERGY_CONVENTIONS) + 2)
        rows.append((entry["model"], entry["dataset"], more, f"{count}", *blank))
    return rows


def ensemble_table(measurements: Iterable[dict[str, Any]]) -> list[str]:
    """Spearman's correlation of deviation and error, and the shares of errors above 1, 2, 3 dev.

    Parameters
    ----------
    measurements
        As in the results file; none of them need be of an ensemble.

    Returns
    -------
    list
        Lines, none if no ensemble's uncertainty was measured.
    """
    rows = [
        (
            entry["model"],
            entry["dataset"],
            *(_correlation(entry, *key) for key in ENSEMBLE_CORRELATIONS),
            *(_shares(entry["uncertainty"][ABOVE].get(name)) for name in ("energy", "force")),
        )
        for entry in measurements
        if "uncertainty" in entry
    ]
    return aligned(ENSEMBLE_HEADS, rows) if rows else []


def interaction_table(measurements: Iterable[dict[str, Any]]) -> list[str]:
    """RMSE of interaction energies system by system, meV; no lines if none were measured.

    Parameters
    ----------
    measurements
        As in the results file; none of them need be of interaction energies.
    """
    rows = [
        (
            entry["model"],
            entry["dataset"],
            system["system"],
            f"{system['n_points']}" + (f", {n} failed" if (n := system["n_failed"]) else ""),
            _number(system["rmse_mev"], 1),
            shown_interval(system["interval_mev"]),
        )
        for entry in measurements
        for system in entry.get("interactions", ())
    ]
    return aligned(INTERACTION_HEADS, rows) if rows else []


def _correlation(entry: dict[str, Any], quantity: str, convention: str) -> str:
    interval = entry["intervals"][quantity][convention]
    ends = f" ({interval[0]:.2f} … {interval[1]:.2f})" if interval else ""
    return f"{_number(entry[quantity][convention], 3)}{ends}"


def _shares(above: dict[str, float] | None) -> str:
    if above is None:
        return NOTHING
    return " / ".join(f"{above[k]:.1%}" for k in ("1", "2", "3"))


def verdict_table(verdicts: Iterable[dict[str, Any]]) -> list[str]:
    """One line per verdict; of items of one kind in `MANY`, those that ended alike share one."""
    rows: list[tuple[str, ...]] = []
    alike: dict[tuple[str, str, str, str, str], int] = {}
    for verdict in verdicts:
        model, dataset, item = verdict["id"].split(":", 2)
        source = verdict["source"] or NOTHING
        outcome = verdict["outcome"].replace("_", " ")
        kind = item.partition(".")[0]
        if kind in MANY and verdict["outcome"] in UNREMARKABLE:
            about, what = MANY[kind]
            key = model, about or dataset, what, outcome, source
            alike[key] = alike.get(key, 0) + 1
            continue
        winner = verdict["model"]
        rows.append(
            (
                model if winner in (model, None) else f"{model}: {winner}",
                dataset,
                item,
                shown_value(verdict["value"], verdict["limit"], verdict["unit"]),
                shown_interval(verdict["interval"]),
                shown_limit(verdict["relation"], verdict["limit"]),
                outcome,
                source,
            )
        )
    for (model, dataset, what, outcome, source), count in alike.items():
        rows.append((model, dataset, f"{count} {what}", "", "", "", outcome, source))
    return aligned(VERDICT_HEADS, rows)


def reasons(verdicts: Iterable[dict[str, Any]]) -> list[str]:
    """Why what did not pass did not, and over which models others did.

    Items with the same reason share it.
    """
    shared: dict[tuple[str, str], list[str]] = {}
    for verdict in verdicts:
        compared = not verdict["id"].startswith(f"{verdict['model']}:")
        if verdict["outcome"] != Outcome.PASSED or compared:
            key = verdict["outcome"].replace("_", " "), verdict["reason"]
            shared.setdefault(key, []).append(verdict["id"])
    lines = []
    for (outcome, reason), items in shared.items():
        others = f" and {len(items) - 1} others" if len(items) > 1 else ""
        lines.append(f"{outcome}: {items[0]}{others}")
        lines += [f"    {line}" for line in reason.splitlines()]
    return lines


def shown_value(
    value: float | None, limit: float | Sequence[float] | None, unit: str | None
) -> str:
    """Return a verdict's value with its unit, told from its limit."""
    if value is None:
        return NOTHING
    shown = show_beside(value, limit) if limit is not None else format_number(value, 2)
    return f"{shown} {unit}" if unit and unit != DIMENSIONLESS else shown


def _floor(dataset: str, floor: Floor) -> tuple[str, ...]:
    energies = floor.get("energy_rmse", {})
    forces = floor.get("force_rmse", {})
    return (
        "DFT against DFT",
        dataset,
        "reference",
        "parts",
        *(_range(energies.get(name), 2) for name in ENERGY_CONVENTIONS),
        NOTHING,
        *(_range(forces.get(name), 1) for name in ("component", "vector")),
        NOTHING,
    )


def _range(ends: tuple[float, float] | None, digits: int) -> str:
    if ends is None:
        return NOTHING
    low, high = (f"{end:.{digits}f}" for end in ends)
    return low if low == high else f"{low} … {high}"


def _count(entry: dict[str, Any]) -> str:
    of_whole = f" of {entry['sample_of']}" if entry["sample_of"] else ""
    failed = f", {entry['n_failed']} failed" if entry["n_failed"] else ""
    return f"{entry['n_configurations']}{of_whole}{failed}"


def _number(value: float | None, digits: int) -> str:
    return NOTHING if value is None else format_number(value, digits)


def format_number(value: float, digits: int) -> str:
    """Return a number with so many decimals, or with an exponent if it is too long for a table."""
    return f"{value:.{digits}f}" if abs(value) < LARGEST_WRITTEN_OUT else f"{value:.3g}"


def shown_interval(interval: Sequence[float | None] | None) -> str:
    """Return an interval, of which a results file has no end that is not finite."""
    if not interval:
        return NOTHING
    return " … ".join(NOT_FINITE if end is None else format_number(end, 2) for end in interval)


def shown_limit(relation: str | None, limit: float | Sequence[float | None] | None) -> str:
    """Return a verdict's limit."""
    if relation is None or limit is None:
        return NOTHING
    if isinstance(limit, Sequence):
        return " … ".join(NOT_FINITE if end is None else f"{end:.5g}" for end in limit)
    return f"{relation} {limit:.5g}"


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Align cells in columns, the heads first."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    ]
