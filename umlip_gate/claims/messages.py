"""How verdicts are phrased: the parts that the reasons of all assertions share."""

from collections.abc import Iterable, Mapping, Sequence

from umlip_gate.claims.bounds import Bound, Ends, Measured, show_beside
from umlip_gate.claims.evidence import Evidence
from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Outcome
from umlip_gate.metrics.bootstrap import LEVEL, Interval
from umlip_gate.metrics.quantities import QUANTITIES


def quantity_name(number: Measured) -> str:
    """Return quantity and convention."""
    return f"{number.quantity} {number.convention}"


def format_value(
    value: float,
    interval: Interval | None,
    limit: float | tuple[float, float],
    unit: str,
    level: float = LEVEL,
) -> str:
    """Return a value with unit and interval, with the digits that tell it from its limit."""
    ends = f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else ""
    spread = f" ({100 * level:g} %: {ends})" if ends else ""
    return f"{show_beside(value, limit)}{'' if unit == '1' else f' {unit}'}{spread}"


def format_difference(
    difference: float, interval: Interval | None, unit: str, statistics: Statistics, n: int
) -> str:
    """Return a difference with its interval, or with the reason why it has none."""
    if interval is not None:
        return format_value(difference, interval, 0.0, unit, statistics.order_level)
    fewest = statistics.fewest_configurations
    too_few = f"{n} independent groups of configurations, {fewest} needed"
    why = too_few if n < fewest else "without an interval"
    return f"{format_value(difference, None, 0.0, unit)} ({why})"


def format_result(number: Measured, result: Result, limit: float | tuple[float, float]) -> str:
    """Return a result's value of a quantity, with unit and interval."""
    level = result.metrics.how.level
    return format_value(result.value(number), result.interval(number), limit, number.unit, level)


def format_limit(ends: Ends) -> str:
    """Return the limit of a bound, as in `≤ 5` or `3 to 6`."""
    if isinstance(ends.limit, tuple):
        low, high = ends.limit
        return f"{low:g} to {high:g}{' exclusive' if ends.strict else ''}"
    return f"{ends.relation} {ends.limit:g}"


def format_sample(bound: Bound, result: Result, outcome: Outcome) -> str:
    """Return how a sample was judged; empty for a whole dataset."""
    if result.metrics.n_whole is None:
        return ""
    size = f"{result.metrics.n_configurations} of {result.metrics.n_whole}"
    if bound.convention == "count":
        return f", on the {size} configurations that were evaluated"
    doubt = QUANTITIES[bound.quantity].doubt_on_samples(bound.convention)
    if doubt and outcome is Outcome.INCONCLUSIVE:
        return f"; a sample of {size} configurations cannot pass this limit: {doubt}"
    return f", judged by the interval on a sample of {size} configurations"


def format_others(number: Measured, results: Sequence[Result]) -> str:
    """Return the values under the conventions that are not judged; the lowest of several models."""
    lowest = lowest_by_convention(number, results)
    return join_conventions([f"{convention} {value:.2f}" for convention, value in lowest.items()])


def lowest_by_convention(number: Measured, results: Sequence[Result]) -> dict[str, float]:
    """Return the lowest value of some models under each convention that is not judged."""
    lowest = {}
    for convention in QUANTITIES[number.quantity].conventions:
        values = [result.metrics.values[number.quantity][convention] for result in results]
        known = [value for value in values if value is not None]
        if known and convention != number.convention:
            lowest[convention] = min(known)
    for rule in {rule: None for result in results for rule in result.otherwise}:
        pooled = [result.otherwise[rule].values[number.quantity] for result in results]
        known = [value for values in pooled if (value := values[number.convention]) is not None]
        if known:
            lowest[f"{number.convention} as {rule}"] = min(known)
    return lowest


def join_conventions(parts: Sequence[str]) -> str:
    """Return the values under other conventions as the end of a reason."""
    return f"; other conventions: {', '.join(parts)}" if parts else ""


def count_models(ranked: Mapping[str, Result], evidence: Evidence) -> str:
    """Return how many of the models that the claim is about were compared."""
    return f"{len(ranked)} of {evidence.n_models} models"


def list_broken(broken: Mapping[str, str]) -> str:
    """Return the models that could not be measured, with why."""
    return "; ".join(f"{model} (not measured: {why})" for model, why in broken.items())


def list_missing(missing: Iterable[str], evidence: Evidence) -> str:
    """Return the models that are not available, with how to obtain them."""
    return "; ".join(f"{m} ({evidence.absent.get(m, 'not available here')})" for m in missing)
