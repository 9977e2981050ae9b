"""A claim judged under the averaging convention of the paper's group, with the other beside it.

Every configuration weighs 1, as the group's notebooks compute it, or as much as it has atoms; an
ensemble's energies are per atom, or total. A verdict that the two do not share depends on the
convention, and is neither the paper's word nor its contradiction.
"""

from dataclasses import replace

from umlip_gate.claims.assertions.base import Kind, Subject
from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.evidence import Context
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.metrics.quantities import QUANTITIES

BESIDE = "other_convention"
"""The key of a verdict's details under which the other convention is recorded."""


def judge_claim(assertion: Kind, subject: Subject, context: Context) -> Verdict:
    """Judge an assertion, and record what it is under the other averaging convention.

    A number that the paper prints says by itself how it was computed: where the assertion's own
    convention meets it, the other one decides nothing.

    Raises
    ------
    Unavailable, MeasurementError
        As the assertion's own `judge`.
    """
    verdict = assertion.judge(subject, context)
    if not isinstance(assertion, Measured):
        return verdict
    other = QUANTITIES[assertion.quantity].other_averaging(assertion.convention)
    if other is None:
        return verdict
    beside = assertion.model_copy(update={"convention": other}).judge(subject, context)
    settled = getattr(assertion, "printed", False) and verdict.outcome is Outcome.PASSED
    depends = {verdict.outcome, beside.outcome} == {Outcome.PASSED, Outcome.FAILED}
    record = {
        "convention": other,
        "value": beside.value,
        "interval": beside.interval,
        "outcome": str(beside.outcome),
        "depends": depends and not settled,
    }
    word = "depends on the convention" if record["depends"] else "the other convention"
    return replace(
        verdict,
        reason=f"{verdict.reason}; {word}: {other} {beside.value:.4g}, {beside.outcome}",
        details={**verdict.details, BESIDE: record},
    )
