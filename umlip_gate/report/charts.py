"""Charts as SVG: bars with intervals, histograms, counts in two dimensions, labelled points."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from umlip_gate.report.tables import format_number

WIDTH, ROW, LABEL = 640, 22, 210
"""Of a chart, px: the whole, one bar, and the names at its left."""
EDGE, HEIGHT = 56, 400
"""Of a plot with two axes, px: the room for its axes, and the whole."""

Bar = tuple[str, float, Sequence[float] | None]
"""A name, a value, and its interval."""
Point = tuple[str, float, float]
"""A name, and a value on each axis."""


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


def bar_chart(title: str, bars: Sequence[Bar], *, ties: bool = True) -> str:
    """Draw values with their intervals; a bracket, and a number before the name, join ties."""
    greatest = max(max(value, *(interval or (0,))) for _, value, interval in bars) or 1.0
    scale = (WIDTH - LABEL - 100) / greatest
    groups = groups_of_ties(bars)
    parts = []
    for row, ((name, value, interval), group) in enumerate(zip(bars, groups, strict=True)):
        top = 30 + row * ROW
        shown = format_number(value, 2)
        ends = f" (95 %: {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        number = f"{group}. " if ties else ""
        parts.append(
            f"<g><title>{escape(f'{name}: {shown}{ends}')}</title>"
            f'<text x="{LABEL - 8}" y="{top + 14}" text-anchor="end">'
            f"{number}{escape(name[:30])}</text>"
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
    for group in dict.fromkeys(groups) if ties else ():
        rows = [row for row, other in enumerate(groups) if other == group]
        if len(rows) > 1:
            first, last = 33 + rows[0] * ROW, 47 + rows[-1] * ROW
            parts.append(f'<path class="interval" d="M{WIDTH - 12} {first}h8V{last}h-8"/>')
    return svg(title, 36 + ROW * len(bars), parts)


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
    return svg(title, 176, parts)


def density(
    title: str,
    axes: tuple[str, str],
    edges: tuple[Sequence[float], Sequence[float]],
    counts: Sequence[tuple[int, int, int]],
    *,
    logarithmic: bool = False,
) -> str:
    """Draw counts in bins of two quantities, with the line on which both are equal.

    Parameters
    ----------
    title, axes
        Of the figure, and of x and y.
    edges
        Of the bins, on x and y.
    counts
        Bin on x, bin on y, number; empty bins may be missing.
    logarithmic
        Whether the axes are.
    """
    x, y = (_scale(ends, axis, logarithmic=logarithmic) for axis, ends in enumerate(edges))
    most = max(number for _, _, number in counts)
    parts = []
    for i, j, number in counts:
        left, right = x(edges[0][i]), x(edges[0][i + 1])
        bottom, top = y(edges[1][j]), y(edges[1][j + 1])
        opacity = 0.15 + 0.85 * math.log1p(number) / math.log1p(most)
        parts.append(
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" opacity="{opacity:.2f}"><title>{number}</title></rect>'
        )
    low, high = max(edges[0][0], edges[1][0]), min(edges[0][-1], edges[1][-1])
    if low < high:
        parts.append(
            f'<path class="interval" d="M{x(low):.1f} {y(low):.1f}L{x(high):.1f} {y(high):.1f}"/>'
        )
    return svg(title, HEIGHT, [*parts, *_axes(axes, edges)])


def scatter(title: str, axes: tuple[str, str], points: Sequence[Point]) -> str:
    """Draw positive points on logarithmic axes, those that no other beats on both joined."""
    edges = tuple(
        (min(values) / 1.5, max(values) * 1.5)
        for values in zip(*(point[1:] for point in points), strict=True)
    )
    x, y = (_scale(ends, axis, logarithmic=True) for axis, ends in enumerate(edges))
    parts = [
        f"<g><title>{escape(f'{name}: {across:.4g}, {up:.4g}')}</title>"
        f'<circle class="bar" cx="{x(across):.1f}" cy="{y(up):.1f}" r="5"/>'
        f'<text x="{x(across) + 8:.1f}" y="{y(up) + 4:.1f}">{escape(name[:30])}</text></g>'
        for name, across, up in points
    ]
    line = "L".join(f"{x(across):.1f} {y(up):.1f}" for _, across, up in pareto_front(points))
    parts.append(f'<path class="interval" stroke-dasharray="4" d="M{line}"/>')
    return svg(title, HEIGHT, [*parts, *_axes(axes, edges)])


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other beats on one axis without being worse on the other."""
    front: list[Point] = []
    for point in sorted(points, key=lambda each: each[1:]):
        if not front or point[2] < front[-1][2]:
            front.append(point)
    return front


def _scale(edges: Sequence[float], axis: int, *, logarithmic: bool) -> Any:  # noqa: ANN401 - a function of a number
    measure = math.log if logarithmic else float
    low, high = measure(edges[0]), measure(edges[-1])
    start, end = (EDGE, WIDTH - 16) if axis == 0 else (HEIGHT - EDGE, 28)
    return lambda value: start + (measure(value) - low) / ((high - low) or 1) * (end - start)


def _axes(names: tuple[str, str], edges: Sequence[Sequence[float]]) -> list[str]:
    bottom, right = HEIGHT - EDGE, WIDTH - 16
    (x0, x1), (y0, y1) = ((ends[0], ends[-1]) for ends in edges)
    return [
        f'<path class="interval" d="M{EDGE} 28V{bottom}H{right}"/>',
        (
            f'<text x="{(EDGE + right) / 2}" y="{HEIGHT - 14}" text-anchor="middle">'
            f"{escape(names[0])}</text>"
        ),
        (
            f'<text transform="translate(16 {bottom / 2}) rotate(-90)" text-anchor="middle">'
            f"{escape(names[1])}</text>"
        ),
        f'<text x="{EDGE}" y="{bottom + 16}">{x0:.3g}</text>',
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{x1:.3g}</text>',
        f'<text x="{EDGE - 4}" y="{bottom}" text-anchor="end">{y0:.3g}</text>',
        f'<text x="{EDGE - 4}" y="38" text-anchor="end">{y1:.3g}</text>',
    ]


def svg(title: str, height: int, parts: Sequence[str]) -> str:
    """Return a picture with its title."""
    style = (
        "text{font:12px sans-serif;fill:currentColor}.bar{fill:#3f78b5}"
        ".interval{stroke:currentColor;fill:none}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}"><style>{style}</style>'
        f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>{"".join(parts)}</svg>'
    )
