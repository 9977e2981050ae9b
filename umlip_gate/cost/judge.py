"""Holding costs against what they were, and against another model's."""

from umlip_gate.claims.verdict import Finding, Judgement, Origin
from umlip_gate.cost.baseline import Baseline, BaselineCost
from umlip_gate.cost.costs import Cost, ModelCosts
from umlip_gate.errors import MeasurementError

STEP_UNIT = "µs/step/atom"


def system(n_atoms: int) -> str:
    """Name what was run, where a dataset's name stands elsewhere."""
    return f"bcc-W-{n_atoms}"


def origin(measured: ModelCosts) -> Origin:
    """Say of which weights a cost is."""
    return "live" if measured.weights == "real" else "random"


def judge_step(measured: ModelCosts, cost: Cost) -> Judgement:
    """Report a cost; there is no limit to it."""
    value = cost.us_per_step_per_atom
    return Judgement(
        finding=Finding.INSIDE,
        model=measured.model,
        dataset=system(cost.n_atoms),
        source=origin(measured),
        value=value,
        interval=None,
        relation=None,
        limit=None,
        unit=STEP_UNIT,
        text=f"{measured.model}, {cost.n_atoms} atoms: {value:.4g} {STEP_UNIT}, "
        f"{len(cost.wall_s)} rounds of {cost.n_steps} steps",
    )


def judge_baseline(
    measured: ModelCosts, cost: Cost, baseline: Baseline, entry: BaselineCost
) -> Judgement:
    """Judge whether a step costs what it did.

    Raises
    ------
    MeasurementError
        The baseline is of another device, dtype, or kind of weights: a ratio would compare those.
    """
    device = measured.host["gpu" if measured.device == "cuda" else "cpu"]
    if (measured.device, device) != (baseline.kind, baseline.device):
        raise MeasurementError(
            f"another device: the baseline {baseline.name} is of {baseline.device} "
            f"({baseline.kind}), this is {device} ({measured.device})"
        )
    if (measured.dtype, measured.weights) != (entry.dtype, entry.weights):
        raise MeasurementError(
            f"{measured.model}: the baseline {baseline.name} is of {entry.dtype} and "
            f"{entry.weights} weights, this is {measured.dtype} with {measured.weights} ones"
        )
    ratio = cost.step_s / entry.step_s
    finding = Finding.of(ratio <= baseline.max_ratio)
    return Judgement(
        finding=finding,
        model=measured.model,
        dataset=system(cost.n_atoms),
        source=origin(measured),
        value=ratio,
        interval=None,
        relation="≤",
        limit=baseline.max_ratio,
        unit="1",
        text=f"{measured.model}, {cost.n_atoms} atoms: {1e3 * cost.step_s:.4g} ms per step, "
        f"{ratio:.3f} times the {1e3 * entry.step_s:.4g} ms of {baseline.name}, "
        f"{finding} the limit ≤ {baseline.max_ratio:g}",
    )
