"""Judging costs: what a step costs, against a stored baseline, and against another model."""

from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.cost.baseline import Baseline, BaselineCost
from umlip_gate.cost.costs import STEP_UNIT, Cost, ModelCosts, system
from umlip_gate.cost.paired import PairedComparison, Ratio, Start, block, ratio
from umlip_gate.errors import MeasurementError


def judge_step(measured: ModelCosts, cost: Cost) -> Verdict:
    """Return the cost of a step, which has no limit: measured is passed."""
    value = cost.us_per_step_per_atom
    return Verdict(
        outcome=Outcome.PASSED,
        model=measured.model,
        dataset=system(cost.n_atoms),
        source=measured.source,
        value=value,
        unit=STEP_UNIT,
        reason=f"{measured.model}, {cost.n_atoms} atoms: {value:.4g} {STEP_UNIT}, "
        f"{len(cost.wall_s)} rounds of {cost.n_steps} steps",
    )


def judge_baseline(
    measured: ModelCosts, cost: Cost, baseline: Baseline, entry: BaselineCost
) -> Verdict:
    """Judge whether a step costs no more than in the baseline.

    Raises
    ------
    MeasurementError
        The baseline is of another device, dtype, or kind of weights, so that the ratio would
        compare those.
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
    outcome = Outcome.of(ratio <= baseline.max_ratio)
    return Verdict(
        outcome=outcome,
        model=measured.model,
        dataset=system(cost.n_atoms),
        source=measured.source,
        value=ratio,
        relation="≤",
        limit=baseline.max_ratio,
        unit="1",
        reason=f"{measured.model}, {cost.n_atoms} atoms: {1e3 * cost.step_s:.4g} ms per step, "
        f"{ratio:.3f} times the {1e3 * entry.step_s:.4g} ms of {baseline.name}, "
        f"{outcome}: the limit is ≤ {baseline.max_ratio:g}",
    )


def outcome_of(found: Ratio, protocol: PairedComparison) -> Outcome:
    """Return the outcome of a ratio by both ends of its interval."""
    low, high = found.interval
    return Outcome.of_difference((low - protocol.max_ratio, high - protocol.max_ratio))


def judge_comparison(judged: Start, other: Start, protocol: PairedComparison) -> Verdict:
    """Run two models side by side, and judge the ratio by its interval.

    Raises
    ------
    Unavailable, MeasurementError
        As `block` does.
    """
    blocks = [block(judged, other, protocol) for _ in range(protocol.blocks)]
    found = ratio([[start.ratios for start in each] for each in blocks], protocol)
    low, high = found.interval
    outcome = outcome_of(found, protocol)
    last = blocks[-1][-1]
    return Verdict(
        outcome=outcome,
        model=last.judged.model,
        dataset=system(protocol.n_atoms),
        source=last.judged.source,
        value=found.value,
        interval=found.interval,
        relation="≤",
        limit=protocol.max_ratio,
        unit="1",
        reason=f"{last.judged.model} costs {found.value:.3f} times "
        f"({100 * protocol.level:g} %: {low:.3f} to {high:.3f}) "
        f"what {last.other.model} does ({1e3 * last.ours.step_s:.4g} and "
        f"{1e3 * last.theirs.step_s:.4g} ms per step of {protocol.n_atoms} atoms, "
        f"{last.ours.clock} time, {protocol.blocks} blocks of two starts of "
        f"{protocol.pairs} pairs), "
        f"{outcome}: the limit is ≤ {protocol.max_ratio:g}",
    )
