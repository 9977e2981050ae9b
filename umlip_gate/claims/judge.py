"""Holding one cell's measurement against one threshold; nothing here measures or assumes.

What was not measured is never a pass: a judging function returns a judgement on numbers, or
raises `MeasurementError`.
"""

from umlip_gate.claims.bounds import Bound, ReferenceValue
from umlip_gate.claims.evidence import Cell
from umlip_gate.claims.messages import STANDS, measured, name_of, of_sample, others, required
from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.metrics.quantities import QUANTITIES


def judge_limit(bound: Bound, cell: Cell, who: str = "", also: str | None = None) -> Judgement:
    """Judge one model by a bound: a claim's or a gate's.

    Of a whole dataset the value is judged, since it is what was measured. Of a sample its
    interval is: all of it inside, all of it outside, or undecided; never inside under a
    convention whose intervals miss the whole's value too often (`Quantity.doubt_on_samples`).
    A count of failures is one of the configurations that were evaluated: outside once there are
    too many, inside only if there is none.

    Parameters
    ----------
    bound
        What it must keep to.
    cell
        What was measured of it.
    who
        How the text begins; model and dataset if nothing else is said.
    also
        How the text ends; what other conventions give if nothing else is said.

    Raises
    ------
    MeasurementError
        The quantity has no value.
    """
    value = cell.value(bound)
    finding = _finding(bound, cell, value)
    ending = others(bound, [cell]) if also is None else also
    return Judgement(
        finding=finding,
        model=cell.model,
        dataset=cell.dataset,
        source=cell.source,
        value=value,
        interval=cell.interval(bound),
        relation=bound.relation,
        limit=bound.limit,
        unit=bound.unit,
        text=f"{who or f'{cell.model} on {cell.dataset}'} ({cell.source}): {name_of(bound)} "
        f"{measured(bound, cell, bound.limit)}, {STANDS[finding]} "
        f"the limit {required(bound)}{of_sample(bound, cell, finding)}{ending}",
    )


def _finding(bound: Bound, cell: Cell, value: float) -> Finding:
    if cell.metrics.n_whole is None:
        return Finding.of(bound.inside(value))
    if bound.convention == "count":
        decided = value == 0 or not bound.inside(value)
        return Finding.of(bound.inside(value)) if decided else Finding.UNDECIDED
    interval = cell.interval(bound)
    if interval is None or bound.straddled_by(interval):
        return Finding.UNDECIDED
    finding = Finding.of(bound.inside(interval[0]))
    doubt = QUANTITIES[bound.quantity].doubt_on_samples(bound.convention)
    return Finding.UNDECIDED if doubt and finding is Finding.INSIDE else finding


def judge_reference(reference: ReferenceValue, cell: Cell) -> Judgement:
    """Judge whether a model still gives the number that it is known to give.

    Raises
    ------
    MeasurementError
        The quantity has no value.
    """
    value = cell.value(reference)
    low, high = reference.value - reference.tolerance, reference.value + reference.tolerance
    inside = low <= value <= high
    return Judgement(
        finding=Finding.of(inside),
        model=cell.model,
        dataset=cell.dataset,
        source=cell.source,
        value=value,
        interval=cell.interval(reference),
        relation="within",
        limit=(low, high),
        unit=reference.unit,
        text=f"{cell.model} on {cell.dataset} ({cell.source}): {name_of(reference)} "
        f"{measured(reference, cell, (low, high))}, {'as' if inside else 'not as'} the reference "
        f"{reference.value:g} ± {reference.tolerance:.3g}",
    )
