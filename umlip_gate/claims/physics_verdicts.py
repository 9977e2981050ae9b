"""Judging how far a model is from a law of physics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError
from umlip_gate.physics.limits import PhysicsLimit
from umlip_gate.physics.study import Deviation
from umlip_gate.provenance import Provenance

NOT_CONSERVATIVE = (
    "declared conservative = false: its forces need not be the gradient of its energy, which is "
    "then not conserved in NVE dynamics"
)


@dataclass(frozen=True)
class PhysicsResult:
    """What was measured of one model on the structures of physics.

    Attributes
    ----------
    model, dataset
        Registry ids, or a candidate's name; the cells are the dataset's.
    source
        Where the predictions come from.
    conservative, dtype
        What the model declares.
    deviations
        By quantity.
    identity
        Everything that the predictions depend on.
    """

    model: str
    dataset: str
    source: Provenance
    conservative: bool
    dtype: str
    deviations: Mapping[str, Deviation]
    identity: Mapping[str, Any] = field(default_factory=dict)


def judge_physics(limit: PhysicsLimit, result: PhysicsResult) -> Verdict:
    """Judge a deviation by the limit for the model's declared kind and precision.

    Raises
    ------
    MeasurementError
        The deviation is not a finite number.
    """
    found = result.deviations[limit.quantity]
    largest = limit.limit(conservative=result.conservative, dtype=result.dtype)
    if not math.isfinite(found.value):
        raise MeasurementError(
            f"{result.model} on {result.dataset}: {limit.quantity} is {found.value} on "
            f"{found.origin}"
        )
    outcome = Outcome.of(found.value <= largest)
    kind = "conservative" if result.conservative else "direct"
    unit = "" if limit.unit == "1" else f" {limit.unit}"
    return Verdict(
        outcome=outcome,
        model=result.model,
        dataset=result.dataset,
        source=result.source,
        value=found.value,
        relation="≤",
        limit=largest,
        unit=limit.unit,
        reason=f"{result.model} on {result.dataset} ({result.source}): {limit.quantity} "
        f"{found.value:.2g}{unit}, {outcome}: the limit is ≤ {largest:g}{unit} "
        f"for {kind} models in {result.dtype}; the largest of {found.n_trials} "
        f"trials, on {found.origin}{_saved(found)}{_advice(limit, result, outcome)}",
        details={
            "law": limit.law,
            "kind": kind,
            "dtype": result.dtype,
            "origin": str(found.origin),
            "counterexample": str(found.saved) if found.saved else None,
            "n_trials": found.n_trials,
            "structures": result.identity.get("dataset"),
        },
    )


def _saved(found: Deviation) -> str:
    if not found.saved:
        return ""
    smallest = f"; the smallest crystal beyond the limit is {found.smallest}"
    return (
        f"{smallest if found.smallest else ''} "
        f"({len(found.structures)} structures saved in {found.saved})"
    )


def _advice(limit: PhysicsLimit, result: PhysicsResult, outcome: Outcome) -> str:
    if limit.quantity != "gradient":
        return "" if outcome is Outcome.PASSED else f". {limit.law}"
    if not result.conservative:
        return f". It is {NOT_CONSERVATIVE}"
    if outcome is Outcome.PASSED:
        return ""
    return (
        f". {limit.law} A model that predicts its forces beside its energy is declared with "
        "conservative = false in its file, and judged as such"
    )
