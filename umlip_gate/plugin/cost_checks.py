"""The checks of costs: which model is timed at which size, and what that is compared with."""

from umlip_gate.cost.costs import system
from umlip_gate.plugin.checks import Check
from umlip_gate.plugin.cost_limits import BaselineCost, OtherModel, StepCost
from umlip_gate.plugin.cost_options import CostPlan
from umlip_gate.plugin.run_configuration import RunConfiguration


def step_checks(plan: CostPlan) -> list[Check]:
    """Every model at every size."""
    return [
        Check(f"step.{device}.{dtype}", model, system(n_atoms), StepCost(n_atoms))
        for model in plan.models
        for device, dtype in [plan.device_and_dtype(model)]
        for n_atoms in plan.thresholds.protocol.sizes
    ]


def baseline_checks(plan: CostPlan) -> list[Check]:
    """Every cost that the baseline has, or that is measured and that it should have."""
    baseline = plan.baseline
    if baseline is None:
        return []
    listed = baseline.by_key()
    measured = {
        (model, dtype, size): device
        for model in plan.models
        for device, dtype in [plan.device_and_dtype(model)]
        for size in plan.thresholds.protocol.sizes
    }
    checks = []
    for key in {**listed, **measured}:
        model, dtype, size = key
        device = measured.get(key, baseline.kind)
        is_required = key in listed and plan.is_timed(model)
        checks.append(
            Check(
                f"baseline.{baseline.name}.{device}.{dtype}",
                model,
                system(size),
                BaselineCost(size, dtype, baseline),
                required=f"the baseline {baseline.name} has it, and here" if is_required else "",
            )
        )
    return checks


def comparison_checks(plan: CostPlan) -> list[Check]:
    """Name the one model that is run side by side with another."""
    if plan.other is None or plan.judged is None:
        return []
    device, dtype = plan.device_and_dtype(plan.judged)
    protocol = plan.thresholds.comparison
    return [
        Check(
            f"against.{plan.other}.{device}.{dtype}",
            plan.judged,
            system(protocol.n_atoms),
            OtherModel(plan.other, device, protocol),
            required="asked for, and not available here",
        )
    ]


def required_checks(plan: CostPlan) -> list[Check]:
    """List what was asked for by name, and must not be missing in the end."""
    return [check for check in baseline_checks(plan) + comparison_checks(plan) if check.required]


def cost_claim_checks(suite: RunConfiguration) -> list[Check]:
    """Every assertion of the paper about costs, on every subject that it speaks of.

    Errors are those of published predictions: computing others would take what is to be timed.
    """
    return [
        Check(item, model, dataset, assertion, source="published")
        for item, assertion in suite.thresholds.assertions().items()
        if assertion.about == "cost"
        for model, dataset in assertion.subjects()
    ]
