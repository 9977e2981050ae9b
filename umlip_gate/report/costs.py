"""What a run says of costs: one line per model, and what ended its size sweep."""

from collections.abc import Iterable
from typing import Any

from umlip_gate.report.tables import NOTHING, aligned
from umlip_gate.report.terminal import WIDTH

HEADS = (
    "model",
    "device",
    "dtype",
    "weights",
    "µs/step/atom",
    "ns/day",
    "intercept, ms",
    "slope, µs/atom",
    "fit, %",
    "MiB/atom",
    "neighbours",
    "largest",
)


SHORT_COLUMNS = (
    "model",
    "device",
    "dtype",
    "µs/step/atom",
    "ns/day",
    "slope, µs/atom",
    "MiB/atom",
    "largest",
)
"""Those of a narrow table, the last of which give way to long names."""


def cost_table(measured: Iterable[dict[str, Any]], size: int) -> list[str]:
    """Costs at one size, and the line through all of them.

    Parameters
    ----------
    measured
        As in the results file.
    size
        The number of atoms that the columns of costs and ns/day are of.
    """
    return aligned(HEADS, cost_rows(measured, size))


def narrow_cost_table(measured: Iterable[dict[str, Any]], size: int) -> list[str]:
    """Return the same with as many of `SHORT_COLUMNS` as a terminal has room for."""
    rows = cost_rows(measured, size)
    for n_columns in range(len(SHORT_COLUMNS), 0, -1):
        heads = SHORT_COLUMNS[:n_columns]
        chosen = [HEADS.index(head) for head in heads]
        lines = aligned(heads, [[row[column] for column in chosen] for row in rows])
        if max(map(len, lines)) <= WIDTH:
            break
    return lines


def cost_rows(measured: Iterable[dict[str, Any]], size: int) -> list[tuple[str, ...]]:
    """Return the cells of the same table, without its heads."""
    return [_row(entry, size) for entry in measured]


def _row(entry: dict[str, Any], size: int) -> tuple[str, ...]:
    costs = {cost["n_atoms"]: cost for cost in entry["costs"]}
    at_size, line = costs.get(size), entry["fit"]
    per_atom = line and line["bytes_per_atom"]
    first = next(iter(costs.values()), None)
    return (
        entry["model"],
        entry["device"],
        entry["dtype"],
        entry["weights"],
        f"{at_size['us_per_step_per_atom']:.4g}" if at_size else NOTHING,
        f"{at_size['ns_per_day']:.3g}" if at_size else NOTHING,
        f"{1e3 * line['intercept_s']:.3g}" if line else NOTHING,
        f"{1e6 * line['slope_s']:.4g}" if line else NOTHING,
        f"{100 * line['rms_residual']:.1f}" if line else NOTHING,
        f"{per_atom / 2**20:.2f}" if per_atom else NOTHING,
        f"{first['neighbours']}" if first and first["neighbours"] is not None else NOTHING,
        f"{max(costs)}" if costs else NOTHING,
    )


def machine_lines(measured: Iterable[dict[str, Any]]) -> list[str]:
    """Name the machines that workers saw, each once."""
    found: dict[str, None] = {}
    for entry in measured:
        host = entry["host"]
        core = f", core {host['cores'][0]}" if host["cores"] and len(host["cores"]) == 1 else ""
        gpu = f"{host['gpu']} ({host['gpu_library']}), on " if host["gpu"] else ""
        found[f"{gpu}{host['cpu']}{core}"] = None
    return list(found)


def ended_lines(measured: Iterable[dict[str, Any]]) -> list[str]:
    """Return where size sweeps ended, and why."""
    return [f"{entry['model']}: {entry['ended'][1]}" for entry in measured if entry["ended"]]
