"""Holding measurements against thresholds; nothing here measures, and nothing is assumed.

What was not measured is never a pass: a judging function returns a judgement on numbers, or
raises `NotMeasured` or `NotObtainable`.
"""

from collections.abc import Iterable, Mapping, Sequence

from umlip_gate.claims.bounds import Bound, Measured, show_beside
from umlip_gate.claims.evidence import Cell, Evidence
from umlip_gate.claims.schema import BestIn, BestOf, ReferenceValue
from umlip_gate.claims.verdict import Judgement
from umlip_gate.faults import NotMeasured, NotObtainable
from umlip_gate.metrics.quantities import QUANTITIES


def judge_limit(bound: Bound, cell: Cell) -> Judgement:
    """Judge one model by a bound: a claim's `limit` or a gate's.

    Raises
    ------
    NotMeasured
        The quantity has no value.
    """
    return _judged(bound, cell, f"{cell.model} on {cell.dataset}", _others(bound, [cell]))


def judge_reference(reference: ReferenceValue, cell: Cell) -> Judgement:
    """Judge whether a model still gives the number that it is known to give.

    Raises
    ------
    NotMeasured
        The quantity has no value.
    """
    value = cell.value(reference)
    low, high = reference.value - reference.tolerance, reference.value + reference.tolerance
    inside = low <= value <= high
    return Judgement(
        inside=inside,
        model=cell.model,
        dataset=cell.dataset,
        source=cell.source,
        value=value,
        interval=cell.interval(reference),
        relation="within",
        limit=(low, high),
        unit=reference.unit,
        text=f"{cell.model} on {cell.dataset} ({cell.source}): {_name(reference)} "
        f"{_measured(reference, cell, (low, high))}, {'as' if inside else 'not as'} the reference "
        f"{reference.value:g} ± {reference.tolerance:.3g}",
    )


def judge_best_of(assertion: BestOf, evidence: Evidence) -> Judgement:
    """Judge the lowest value of all models by a maximum.

    It is inside as soon as one model is: further models could only lower the minimum.

    Raises
    ------
    NotMeasured
        No model is inside, and one that could not be measured might be.
    NotObtainable
        No model is inside, and one that the paper names as the best is not at hand.
    """
    ranked, broken = evidence.ranked(assertion)
    best = next(iter(ranked.values()), None)
    inside = best is not None and assertion.inside(best.value(assertion))
    what = f"best {_name(assertion)} on {evidence.dataset}"
    if broken and not inside:
        raise NotMeasured(f"{what}: not decided without {_listed(broken)}")
    missing = [model for model in assertion.decisive if model not in ranked]
    if best is None or (missing and not inside):
        raise NotObtainable(f"{what}: not decided without {_wanted(missing, evidence)}")
    over = f"{best.model}, best of {_over(ranked, evidence)}"
    others = _others(assertion, list(ranked.values()))
    return _judged(assertion, best, f"{over} on {evidence.dataset}", others)


def judge_best_in(assertion: BestIn, evidence: Evidence) -> Judgement:
    """Judge whether the model with the lowest value of all belongs to the group.

    The judgement's value is the lowest of the group, its limit the lowest of the others; a tie
    is outside. It is inside over the models at hand, and the text says how many they are; it is
    outside only if the whole group was measured.

    Raises
    ------
    NotMeasured
        A model that could not be measured might change the outcome.
    NotObtainable
        Group or others have no model at hand; or the group is behind and not complete.
    """
    ranked, broken = evidence.ranked(assertion)
    ours = [cell for model, cell in ranked.items() if model in assertion.group]
    theirs = [cell for model, cell in ranked.items() if model not in assertion.group]
    leads = bool(ours) and all(ours[0].value(assertion) < cell.value(assertion) for cell in theirs)
    what = f"whose {_name(assertion)} on {evidence.dataset} is lowest"
    # A broken model of the side that leads could only lengthen the lead.
    doubt = {model: why for model, why in broken.items() if (model in assertion.group) != leads}
    if doubt:
        raise NotMeasured(f"{what}: not decided without {_listed(doubt)}")
    if not theirs:
        raise NotObtainable(f"{what}: not decided without a model outside of the group")
    missing = [model for model in assertion.group if model not in ranked]
    if missing and not leads:
        raise NotObtainable(f"{what}: not decided without {_wanted(missing, evidence)}")
    return _compared(assertion, ours, theirs, f"judged over {_over(ranked, evidence)}")


def _compared(
    assertion: BestIn, ours: Sequence[Cell], theirs: Sequence[Cell], over: str
) -> Judgement:
    best, rival = ours[0], theirs[0]
    value, limit = best.value(assertion), rival.value(assertion)
    inside = value < limit
    others = _lowest(assertion, theirs)
    elsewhere = [
        f"{convention} {lowest:.2f} against {others[convention]:.2f}"
        for convention, lowest in _lowest(assertion, ours).items()
        if convention in others
    ]
    return Judgement(
        inside=inside,
        model=best.model,
        dataset=best.dataset,
        source=best.source,
        value=value,
        interval=best.interval(assertion),
        relation="<",
        limit=limit,
        unit=assertion.unit,
        text=f"{best.model} on {best.dataset} ({best.source}): {_name(assertion)} "
        f"{_measured(assertion, best, limit)}, {'lower' if inside else 'not lower'} than the best "
        f"outside of the group, {rival.model} ({rival.source}) {show_beside(limit, value)}; {over}"
        + _also(elsewhere),
    )


def _judged(bound: Bound, cell: Cell, who: str, others: str) -> Judgement:
    value = cell.value(bound)
    inside = bound.inside(value)
    return Judgement(
        inside=inside,
        model=cell.model,
        dataset=cell.dataset,
        source=cell.source,
        value=value,
        interval=cell.interval(bound),
        relation=bound.relation,
        limit=bound.limit,
        unit=bound.unit,
        text=f"{who} ({cell.source}): {_name(bound)} {_measured(bound, cell, bound.limit)}, "
        f"{'inside' if inside else 'outside'} the limit {_required(bound)}{others}",
    )


def _measured(number: Measured, cell: Cell, limit: float | tuple[float, float]) -> str:
    interval = cell.interval(number)
    spread = f" (95 %: {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
    unit = "" if number.unit == "1" else f" {number.unit}"
    return f"{show_beside(cell.value(number), limit)}{unit}{spread}"


def _required(bound: Bound) -> str:
    if isinstance(bound.limit, tuple):
        low, high = bound.limit
        return f"{low:g} to {high:g}{' exclusive' if bound.strict else ''}"
    return f"{bound.relation} {bound.limit:g}"


def _name(number: Measured) -> str:
    return f"{number.quantity} {number.convention}"


def _others(number: Measured, cells: Sequence[Cell]) -> str:
    """Say what the conventions that are not judged give; the lowest of several models."""
    lowest = _lowest(number, cells)
    return _also([f"{convention} {value:.2f}" for convention, value in lowest.items()])


def _lowest(number: Measured, cells: Sequence[Cell]) -> dict[str, float]:
    lowest = {}
    for convention in QUANTITIES[number.quantity].conventions:
        values = [cell.metrics.values[number.quantity][convention] for cell in cells]
        known = [value for value in values if value is not None]
        if known and convention != number.convention:
            lowest[convention] = min(known)
    return lowest


def _also(parts: Sequence[str]) -> str:
    return f"; other conventions: {', '.join(parts)}" if parts else ""


def _over(ranked: Mapping[str, Cell], evidence: Evidence) -> str:
    return f"{len(ranked)} of {evidence.n_models} models"


def _listed(broken: Mapping[str, str]) -> str:
    return "; ".join(f"{model} (not measured: {why})" for model, why in broken.items())


def _wanted(missing: Iterable[str], evidence: Evidence) -> str:
    return "; ".join(f"{model} ({evidence.absent.get(model, 'not at hand')})" for model in missing)
