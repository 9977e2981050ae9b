"""Judging the result of one model by one threshold; nothing here measures or assumes.

What was not measured is never a pass: a function here returns a verdict on a value, or raises
`MeasurementError`.
"""

from dataclasses import replace

from umlip_gate.claims.bounds import Bound, ReferenceValue
from umlip_gate.claims.messages import (
    format_limit,
    format_others,
    format_result,
    format_sample,
    quantity_name,
)
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.metrics.quantities import QUANTITIES

NEAR = "within_its_interval"
"""The key of a verdict's details where a value passes by less than its interval's half-width."""


def judge_limit(bound: Bound, result: Result, who: str = "", others: str | None = None) -> Verdict:
    """Judge one model by a bound: a claim's or a gate's.

    On a whole dataset the value is judged, since it is what was measured. On a sample its
    interval is: all of it inside, all of it outside, or inconclusive; never passed under a
    convention whose intervals miss the full-dataset value too often (`Quantity.doubt_on_samples`).
    A count of failures covers the configurations that were evaluated: failed once there are too
    many, passed only if there are none.

    Parameters
    ----------
    bound
        The limit.
    result
        What was measured.
    who
        How the reason begins; default: model and dataset.
    others
        How the reason ends; default: the values under other conventions.

    Raises
    ------
    MeasurementError
        The quantity has no value.
    """
    outcome = _outcome(bound, result, result.value(bound))
    interval = result.interval(bound)
    near = outcome is Outcome.PASSED and interval is not None and bound.straddled_by(interval)
    margin = ", inside by less than its interval's half-width" if near else ""
    ending = format_others(bound, [result]) if others is None else others
    sample = format_sample(bound, result, outcome)
    verdict = result.verdict(
        bound,
        outcome,
        bound.relation,
        bound.limit,
        f"{who or f'{result.model} on {result.dataset}'} ({result.source}): "
        f"{quantity_name(bound)} {format_result(bound, result, bound.limit)}, {outcome}: "
        f"the limit is {format_limit(bound)}{margin}{sample}{ending}",
    )
    return replace(verdict, details={**verdict.details, NEAR: True}) if near else verdict


def _outcome(bound: Bound, result: Result, value: float) -> Outcome:
    if result.metrics.n_whole is None:
        return Outcome.of(bound.inside(value))
    if bound.convention == "count":
        decided = value == 0 or not bound.inside(value)
        return Outcome.of(bound.inside(value)) if decided else Outcome.INCONCLUSIVE
    interval = result.interval(bound)
    if interval is None or bound.straddled_by(interval):
        return Outcome.INCONCLUSIVE
    outcome = Outcome.of(bound.inside(interval[0]))
    doubt = QUANTITIES[bound.quantity].doubt_on_samples(bound.convention)
    return Outcome.INCONCLUSIVE if doubt and outcome is Outcome.PASSED else outcome


def judge_reference(reference: ReferenceValue, result: Result) -> Verdict:
    """Judge whether a model still has the value that it is known to have.

    Raises
    ------
    MeasurementError
        The quantity has no value.
    """
    ends = (reference.value - reference.tolerance, reference.value + reference.tolerance)
    outcome = Outcome.of(ends[0] <= result.value(reference) <= ends[1])
    return result.verdict(
        reference,
        outcome,
        "within",
        ends,
        f"{result.model} on {result.dataset} ({result.source}): {quantity_name(reference)} "
        f"{format_result(reference, result, ends)}, {outcome}: "
        f"the reference is {reference.value:g} ± {reference.tolerance:.3g}",
    )
