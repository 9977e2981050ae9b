"""What changed against another model, as tables of the terminal."""

from collections.abc import Iterable
from typing import Any

from umlip_gate.claims.changes import DETAIL
from umlip_gate.report.tables import aligned, shown_interval

TITLE = "against the other model, energies in meV/atom, forces in meV/Å"
HEADS = ("", "own", "other", "change", "interval", "")
MOVED_HEADS = ("dataset", "row", "atoms", "error of", "own", "other")
SIDE_BY_SIDE = "against."
"""How the items begin that compare two models, in accuracy and in cost."""
SHORT = {
    "energy_rmse per_configuration",
    "energy_rmse per_atom",
    "force_rmse component",
    "force_rmse vector",
}
"""The numbers that are shown where the others are not asked for."""


def change_table(verdicts: Iterable[dict[str, Any]], *, whole: bool) -> list[str]:
    """Return paired differences, with the cost's ratio where it was measured.

    Parameters
    ----------
    verdicts
        As in the results file.
    whole
        Whether every number is shown, or the RMSE alone.
    """
    lines: list[str] = []
    for verdict in verdicts:
        model, dataset, item = verdict["id"].split(":", 2)
        if not item.startswith(SIDE_BY_SIDE) or verdict["value"] is None:
            continue
        other, rows = _cost(item, verdict)
        if changes := verdict["details"].get(DETAIL):
            other, rows = changes["against"], list(map(_number, changes["numbers"]))
            rows = [row for row in rows if whole or row[0] in SHORT]
        lines.append(f"{model} against {other} on {dataset}")
        lines += [f"  {line}" for line in aligned(HEADS, rows)]
    return lines


def moved_table(verdicts: Iterable[dict[str, Any]]) -> list[str]:
    """Return the rows that moved most, the farthest first: errors in meV/atom and meV/Å."""
    rows = [
        (
            verdict["dataset"],
            str(row["row"]),
            str(row["n_atoms"]),
            name,
            f"{row['candidate']:.2f}",
            f"{row['against']:.2f}",
        )
        for verdict in verdicts
        if (changes := verdict["details"].get(DETAIL))
        for name, moved in changes["moved"].items()
        for row in moved
    ]
    return aligned(MOVED_HEADS, rows)


def _number(number: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{number['quantity']} {number['convention']}",
        f"{number['candidate']:.4g}",
        f"{number['against']:.4g}",
        f"{number['difference']:+.3g}",
        shown_interval(number["interval"]),
        number["change"] or "",
    )


def _cost(item: str, verdict: dict[str, Any]) -> tuple[str, list[tuple[str, ...]]]:
    other = item.removeprefix(SIDE_BY_SIDE).rsplit(".", 2)[0]
    interval = shown_interval(verdict["interval"])
    ratio = f"x {verdict['value']:.3f}"
    return other, [("time of a step", "", "", ratio, interval, verdict["outcome"])]
