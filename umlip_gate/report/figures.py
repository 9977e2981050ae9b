"""The figures of a report as SVG, drawn from a results file alone."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from umlip_gate.report.tables import format_number

WIDTH, ROW, LABEL = 640, 22, 210
"""Of a chart, px: the whole, one bar, and the names at its left."""

ENERGY = ("energy_rmse_mev_per_atom", "per_atom", "energy RMSE, meV/atom (per atom)")
FORCE = ("force_rmse_mev_per_ang", "component", "force RMSE, meV/Å (components)")


def figures(results: Mapping[str, Any]) -> dict[str, str]:
    """Return every figure that can be drawn, by a name that a file may have."""
    drawn: dict[str, str] = {}
    for name, about in results["datasets"].items():
        for key, title in (
            ("energy_ev_per_atom", "reference energy, eV/atom"),
            ("force_norm_ev_per_ang", "reference force, eV/Å"),
        ):
            if about.get(key, {}).get("counts"):
                drawn[f"fig1-{name}-{key.partition('_')[0]}"] = histogram(
                    f"{name}: {title}", about[key]
                )
    for dataset in dict.fromkeys(entry["dataset"] for entry in results["measurements"]):
        own = [entry for entry in results["measurements"] if entry["dataset"] == dataset]
        for quantity, convention, title in (ENERGY, FORCE):
            bars = ranked(own, quantity, convention)
            if bars:
                kind = quantity.partition("_")[0]
                drawn[f"fig5-{dataset}-{kind}"] = bar_chart(f"{dataset}: {title}", bars)
    return drawn


Bar = tuple[str, float, Sequence[float] | None]
"""A name, a value, and its interval."""


def ranked(entries: Sequence[Mapping[str, Any]], quantity: str, convention: str) -> list[Bar]:
    """Return the models that have a value, the best first."""
    bars = [
        (entry["model"], value, _complete(entry["intervals"][quantity][convention]))
        for entry in entries
        if (value := entry[quantity][convention]) is not None
    ]
    return sorted(bars, key=lambda bar: bar[1])


def _complete(interval: Sequence[float | None] | None) -> Sequence[float] | None:
    """Return an interval if both of its ends are finite."""
    ends = [end for end in interval or () if end is not None]
    return ends if len(ends) == 2 else None  # noqa: PLR2004 - low and high


def groups_of_ties(bars: Sequence[Bar]) -> list[int]:
    """Return the group of each bar: a bar whose interval meets that of the group's best is tied."""
    groups: list[int] = []
    reach: float | None = None
    for _, value, interval in bars:
        low, high = interval or (value, value)
        if reach is None or low > reach:
            groups.append(groups[-1] + 1 if groups else 1)
            reach = high
        else:
            groups.append(groups[-1])
    return groups


def bar_chart(title: str, bars: Sequence[Bar]) -> str:
    """Draw values with their intervals; the number before a name is its group of ties."""
    greatest = max(max(value, *(interval or (0,))) for _, value, interval in bars) or 1.0
    scale = (WIDTH - LABEL - 90) / greatest
    parts = []
    for row, ((name, value, interval), group) in enumerate(
        zip(bars, groups_of_ties(bars), strict=True)
    ):
        top = 30 + row * ROW
        shown = format_number(value, 2)
        ends = f" (95 %: {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        parts.append(
            f"<g><title>{escape(f'{name}: {shown}{ends}')}</title>"
            f'<text x="{LABEL - 8}" y="{top + 14}" text-anchor="end">'
            f"{group}. {escape(name[:30])}</text>"
            f'<rect class="bar" x="{LABEL}" y="{top + 3}" width="{value * scale:.1f}" height="14"/>'
        )
        if interval:
            low, high = (LABEL + end * scale for end in interval)
            parts.append(
                f'<path class="interval" d="M{low:.1f} {top + 10}H{high:.1f}'
                f'M{low:.1f} {top + 5}v10M{high:.1f} {top + 5}v10"/>'
            )
        end = LABEL + max(value, *(interval or (0,))) * scale
        parts.append(f'<text x="{end + 6:.1f}" y="{top + 14}">{shown}</text></g>')
    return _svg(title, 36 + ROW * len(bars), parts)


def histogram(title: str, about: Mapping[str, Any]) -> str:
    """Draw a histogram of a results file."""
    counts, edges = about["counts"], about["edges"]
    width = (WIDTH - 40) / len(counts)
    tallest = max(counts)
    parts = [
        f'<rect class="bar" x="{20 + column * width:.1f}" y="{150 - 110 * count / tallest:.1f}" '
        f'width="{width * 0.9:.1f}" height="{110 * count / tallest:.1f}">'
        f"<title>{low:.4g} to {high:.4g}: {count}</title></rect>"
        for column, (count, low, high) in enumerate(zip(counts, edges[:-1], edges[1:], strict=True))
    ]
    parts += [
        f'<text x="20" y="168">{edges[0]:.4g}</text>',
        f'<text x="{WIDTH - 20}" y="168" text-anchor="end">{edges[-1]:.4g}</text>',
    ]
    return _svg(title, 176, parts)


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    style = (
        "text{font:12px sans-serif;fill:currentColor}.bar{fill:#3f78b5}"
        ".interval{stroke:currentColor;fill:none}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}"><style>{style}</style>'
        f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>{"".join(parts)}</svg>'
    )
