"""Charts as SVG: values with intervals, histograms, counts in two dimensions, points."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from umlip_gate.report.axes import Axis, spans_decades, tick_text
from umlip_gate.report.tables import format_number

WIDTH, ROW, LABEL = 640, 22, 230
"""Of a chart, px: the whole, one row, and the names at its left."""
VALUE, BRACKET = 84, 16
"""The room for a value after its interval, and for brackets at the right, px."""
EDGE, HEIGHT = 70, 400
"""Of a plot with two axes, px: the room for its axes, and the whole."""
TOP = 28
"""The room for a title, px."""
LOGARITHMIC_BEYOND = 10
"""Values that differ by more than this factor stand on a logarithmic axis."""
LONGEST_NAME = 34
"""Characters of a name in a chart."""

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


def interval_chart(title: str, bars: Sequence[Bar], *, ties: bool = True) -> str:
    """Draw values with their intervals; a bracket, and a number before the name, join ties.

    The axis begins at zero, or is logarithmic where values differ by more than a factor of ten.
    """
    axis = _axis_of(bars)
    groups = groups_of_ties(bars)
    bottom = TOP + 6 + ROW * len(bars)
    parts = _vertical_lines(axis, TOP, bottom)
    for row, ((name, value, interval), group) in enumerate(zip(bars, groups, strict=True)):
        middle = TOP + 14 + row * ROW
        shown = format_number(value, 2)
        ends = f" (95 %: {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        number = f"{group}. " if ties else ""
        parts.append(
            f"<g><title>{escape(f'{name}: {shown}{ends}')}</title>"
            f'<text x="{LABEL - 8}" y="{middle + 4}" text-anchor="end">'
            f"{number}{escape(_short(name))}</text>"
        )
        if interval:
            low, high = (axis(end) for end in interval)
            parts.append(
                f'<path class="interval" d="M{low:.1f} {middle}H{high:.1f}'
                f'M{low:.1f} {middle - 5}v10M{high:.1f} {middle - 5}v10"/>'
            )
        last = axis(max(value, *(interval or (value,))))
        parts.append(
            f'<circle class="bar" cx="{axis(value):.1f}" cy="{middle}" r="4.5"/>'
            f'<text x="{last + 8:.1f}" y="{middle + 4}">{shown}</text></g>'
        )
    for group in dict.fromkeys(groups) if ties else ():
        rows = [row for row, other in enumerate(groups) if other == group]
        if len(rows) > 1:
            first, last = TOP + 6 + rows[0] * ROW, TOP + 22 + rows[-1] * ROW
            parts.append(f'<path class="interval" d="M{WIDTH - 14} {first}h8V{last}h-8"/>')
    return svg(title, bottom + 22, parts)


def _axis_of(bars: Sequence[Bar]) -> Axis:
    known = [end for _, value, interval in bars for end in (value, *(interval or ()))]
    start, end = LABEL, WIDTH - VALUE - BRACKET
    if spans_decades([value for _, value, _ in bars], LOGARITHMIC_BEYOND):
        low = min(value for value in known if value > 0)
        return Axis(low / 1.2, max(known), start, end, logarithmic=True)
    return Axis(min(0.0, *known), max(known) or 1.0, start, end)


def _vertical_lines(axis: Axis, top: float, bottom: float) -> list[str]:
    """Draw a line and a number at every tick of a horizontal axis."""
    ticks = [(axis(value), tick_text(value)) for value in axis.ticks()]
    lines = "".join(f"M{x:.1f} {top}V{bottom}" for x, _ in ticks)
    return [
        f'<path class="grid" d="{lines}"/>',
        *(
            f'<text class="tick" x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{text}</text>'
            for x, text in ticks
        ),
    ]


def histogram(title: str, about: Mapping[str, Any], counted: str) -> str:
    """Draw a histogram of a results file, and say what it counts."""
    counts, edges = about["counts"], about["edges"]
    across = Axis(edges[0], edges[-1], EDGE, WIDTH - BRACKET)
    up = Axis(0, max(counts), 170, TOP + 10)
    parts = [*_vertical_lines(across, 170, 174), *_horizontal_lines(up, EDGE, WIDTH - BRACKET)]
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        left, right, top = across(low), across(high), up(count)
        parts.append(
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{(right - left) * 0.9:.1f}" '
            f'height="{170 - top:.1f}"><title>{low:.4g} to {high:.4g}: {count}</title></rect>'
        )
    parts.append(_upright(counted, 100))
    return svg(title, 196, parts)


def _horizontal_lines(axis: Axis, left: float, right: float) -> list[str]:
    """Draw a line and a number at every tick of a vertical axis."""
    ticks = [(axis(value), tick_text(value)) for value in axis.ticks()]
    lines = "".join(f"M{left} {y:.1f}H{right}" for y, _ in ticks)
    return [
        f'<path class="grid" d="{lines}"/>',
        *(
            f'<text class="tick" x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
            for y, text in ticks
        ),
    ]


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
    x, y = _plane((edges[0][0], edges[0][-1]), (edges[1][0], edges[1][-1]), logarithmic)
    most = max(number for _, _, number in counts)
    parts = _frame(axes, x, y)
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
    return svg(title, HEIGHT, parts)


def scatter(title: str, axes: tuple[str, str], points: Sequence[Point]) -> str:
    """Draw positive points on logarithmic axes, those that no other beats on both joined."""
    ends = [
        (min(values) / 1.5, max(values) * 1.5)
        for values in zip(*(point[1:] for point in points), strict=True)
    ]
    x, y = _plane(ends[0], ends[1], logarithmic=True)
    parts = _frame(axes, x, y)
    for name, across, up in points:
        left, top = x(across), y(up)
        is_right = left > (EDGE + WIDTH) / 2  # a name is written towards the middle
        side = f'x="{left - 8:.1f}" text-anchor="end"' if is_right else f'x="{left + 8:.1f}"'
        parts.append(
            f"<g><title>{escape(f'{name}: {across:.4g}, {up:.4g}')}</title>"
            f'<circle class="bar" cx="{left:.1f}" cy="{top:.1f}" r="5"/>'
            f'<text {side} y="{top + 4:.1f}">{escape(_short(name))}</text></g>'
        )
    line = "L".join(f"{x(across):.1f} {y(up):.1f}" for _, across, up in pareto_front(points))
    parts.append(f'<path class="interval" stroke-dasharray="4" d="M{line}"/>')
    return svg(title, HEIGHT, parts)


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other beats on one axis without being worse on the other."""
    front: list[Point] = []
    for point in sorted(points, key=lambda each: each[1:]):
        if not front or point[2] < front[-1][2]:
            front.append(point)
    return front


def clouds(
    title: str, axes: tuple[str, str], sets: Sequence[tuple[str, Sequence[Sequence[float]]]]
) -> str:
    """Draw sets of points in a plane, each in its own colour, the first above the others.

    Parameters
    ----------
    title, axes
        Of the figure, and of x and y.
    sets
        A name, and points of shape (n, 2), of at most three sets; there is a point at least.
    """
    every = [point for _, points in sets for point in points]
    ends = [(min(values), max(values)) for values in zip(*every, strict=True)]
    x, y = _plane(ends[0], ends[1], logarithmic=False)
    parts = _frame(axes, x, y)
    for number, (name, points) in reversed(list(enumerate(sets))):
        dots = "".join(f"M{x(across):.1f} {y(up):.1f}h0" for across, up in points)
        parts.append(
            f'<path class="cloud set{number}" d="{dots}"><title>{escape(name)}</title></path>'
            f'<path class="cloud set{number} key" d="M{EDGE + 12} {TOP + 12 + 16 * number}h0"/>'
            f'<text x="{EDGE + 22}" y="{TOP + 16 + 16 * number}">{escape(_short(name))}: '
            f"{len(points)} environments</text>"
        )
    return svg(title, HEIGHT, parts)


def _plane(
    across: tuple[float, float],
    up: tuple[float, float],
    logarithmic: bool,  # noqa: FBT001
) -> tuple[Axis, Axis]:
    """Return the two axes of a plot."""
    return (
        Axis(*across, EDGE, WIDTH - BRACKET, logarithmic=logarithmic),
        Axis(*up, HEIGHT - 48, TOP, logarithmic=logarithmic),
    )


def _frame(names: tuple[str, str], x: Axis, y: Axis) -> list[str]:
    """Draw the axes of a plot, with their names and ticks."""
    middle = (EDGE + WIDTH - BRACKET) / 2
    return [
        *_vertical_lines(x, y.end, y.start),
        *_horizontal_lines(y, x.start, x.end),
        f'<path class="interval" d="M{x.start} {y.end}V{y.start}H{x.end}"/>',
        f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{escape(names[0])}</text>',
        _upright(names[1], (TOP + HEIGHT - 48) / 2),
    ]


def _upright(name: str, middle: float) -> str:
    return (
        f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">'
        f"{escape(name)}</text>"
    )


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def svg(title: str, height: float, parts: Sequence[str]) -> str:
    """Return a picture with its title."""
    style = (
        "text{font:12px sans-serif;fill:currentColor}.tick{font-size:11px}.bar{fill:#3f78b5}"
        ".interval{stroke:currentColor;fill:none}.grid{stroke:#8884;fill:none}"
        ".cloud{stroke:#3f78b5;stroke-width:4;stroke-linecap:round;stroke-opacity:.5;fill:none}"
        ".set1{stroke:#d95f02}.set2{stroke:#1a7f37}.key{stroke-width:9}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}"><style>{style}</style>'
        f'<text x="0" y="16" style="font-weight:bold">{escape(title)}</text>{"".join(parts)}</svg>'
    )
