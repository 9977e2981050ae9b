"""The words of a judgement: what is the same in the texts of all kinds."""

from collections.abc import Iterable, Mapping, Sequence

from umlip_gate.claims.bounds import Bound, Ends, Measured, show_beside
from umlip_gate.claims.evidence import Cell, Evidence
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Finding
from umlip_gate.metrics.bootstrap import LEVEL, Interval
from umlip_gate.metrics.quantities import QUANTITIES

ORDERED = {
    Finding.INSIDE: "separated",
    Finding.UNDECIDED: "tied",
    Finding.OUTSIDE: "reversed",
}
"""What is said of an order that a paired bootstrap found inside, undecided or outside."""


STANDS = {
    Finding.INSIDE: "inside",
    Finding.UNDECIDED: "not told from",
    Finding.OUTSIDE: "outside",
}
"""What is said of a value and its limit."""


def name_of(number: Measured) -> str:
    """Quantity and convention."""
    return f"{number.quantity} {number.convention}"


def shown(
    value: float,
    interval: Interval | None,
    limit: float | tuple[float, float],
    unit: str,
    level: float = LEVEL,
) -> str:
    """Give a value with unit and interval, told from its limit."""
    ends = f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else ""
    spread = f" ({100 * level:g} %: {ends})" if ends else ""
    return f"{show_beside(value, limit)}{'' if unit == '1' else f' {unit}'}{spread}"


def apart(
    difference: float, interval: Interval | None, unit: str, statistics: Statistics, n: int
) -> str:
    """Give a difference with its interval, or why n independent groups tell nothing."""
    if interval is not None:
        return shown(difference, interval, 0.0, unit, statistics.order_level)
    fewest = statistics.fewest_configurations
    too_few = f"{n} independent groups of configurations, where {fewest} are needed"
    why = too_few if n < fewest else "without an interval"
    return f"{shown(difference, None, 0.0, unit)} ({why})"


def measured(number: Measured, cell: Cell, limit: float | tuple[float, float]) -> str:
    """Give a cell's value, with unit and interval."""
    level = cell.metrics.how.level
    return shown(cell.value(number), cell.interval(number), limit, number.unit, level)


def required(ends: Ends) -> str:
    """Give the ends of a bound."""
    if isinstance(ends.limit, tuple):
        low, high = ends.limit
        return f"{low:g} to {high:g}{' exclusive' if ends.strict else ''}"
    return f"{ends.relation} {ends.limit:g}"


def of_sample(bound: Bound, cell: Cell, finding: Finding) -> str:
    """Say of how many configurations a sample is, if it is one, and how it was judged."""
    if cell.metrics.n_whole is None:
        return ""
    size = f"{cell.metrics.n_configurations} of {cell.metrics.n_whole}"
    if bound.convention == "count":
        return f", of the {size} that were evaluated"
    doubt = QUANTITIES[bound.quantity].doubt_on_samples(bound.convention)
    why = f", which passes nothing here: {doubt}" if doubt and finding is Finding.UNDECIDED else ""
    return f", judged by the interval on a sample of {size}{why}"


def others(number: Measured, cells: Sequence[Cell]) -> str:
    """Say what the conventions that are not judged give; the lowest of several models."""
    lowest = lowest_of_others(number, cells)
    return also([f"{convention} {value:.2f}" for convention, value in lowest.items()])


def lowest_of_others(number: Measured, cells: Sequence[Cell]) -> dict[str, float]:
    """Give the lowest value of some models under the conventions that are not judged."""
    lowest = {}
    for convention in QUANTITIES[number.quantity].conventions:
        values = [cell.metrics.values[number.quantity][convention] for cell in cells]
        known = [value for value in values if value is not None]
        if known and convention != number.convention:
            lowest[convention] = min(known)
    for rule in {rule: None for cell in cells for rule in cell.otherwise}:
        pooled = [cell.otherwise[rule].values[number.quantity] for cell in cells]
        known = [value for values in pooled if (value := values[number.convention]) is not None]
        if known:
            lowest[f"{number.convention} as {rule}"] = min(known)
    return lowest


def also(parts: Sequence[str]) -> str:
    """Join what other conventions give, as the end of a text."""
    return f"; other conventions: {', '.join(parts)}" if parts else ""


def over(ranked: Mapping[str, Cell], evidence: Evidence) -> str:
    """Say how many of the models that are meant were judged."""
    return f"{len(ranked)} of {evidence.n_models} models"


def broken_ones(broken: Mapping[str, str]) -> str:
    """Name the models that could not be measured, with why."""
    return "; ".join(f"{model} (not measured: {why})" for model, why in broken.items())


def wanted(missing: Iterable[str], evidence: Evidence) -> str:
    """Name the models that are not at hand, with how to obtain them."""
    return "; ".join(f"{model} ({evidence.absent.get(model, 'not at hand')})" for model in missing)
