"""What a cost item measures or judges: one model at one size."""

from dataclasses import dataclass
from typing import Literal

from umlip_gate.cost.costs import STEP_UNIT, system
from umlip_gate.plugin.cost_options import CostPlan

Role = Literal["step", "baseline", "against"]


@dataclass(frozen=True)
class CostCase:
    """One model at one size.

    Attributes
    ----------
    role
        Whether the cost is measured, compared with a baseline, or with another model's.
    held_against
        The name of the baseline or of the other model; empty where it is measured.
    model
        A registry id or a candidate's name.
    device, dtype
        Where and how it computes.
    n_atoms
        The size.
    asked
        Whether the command line asks for it.
    required
        Whether the run has no verdict without it.
    """

    role: Role
    held_against: str
    model: str
    device: str
    dtype: str
    n_atoms: int
    asked: bool
    required: bool = False

    def __str__(self) -> str:
        return f"{self.model}:{self.dataset}:{self.item}"

    @property
    def dataset(self) -> str:
        """What is run."""
        return system(self.n_atoms)

    @property
    def item(self) -> str:
        """The kind of the item, and the device and dtype that it is about."""
        what = [self.role, *([self.held_against] if self.held_against else [])]
        return ".".join([*what, self.device, self.dtype])

    @property
    def unit(self) -> str:
        """What the measurement is given in."""
        return STEP_UNIT if self.role == "step" else "1"

    @property
    def limit(self) -> tuple[None, None]:
        """Relation and limit, which come with the verdict."""
        return None, None

    @property
    def rationale(self) -> None:
        """The reasons of costs' limits are in `thresholds/cost.toml`."""
        return


def step_cases(plan: CostPlan) -> list[CostCase]:
    """Every model at every size."""
    return [
        CostCase("step", "", model, *plan.device_and_dtype(model), n_atoms, _is_asked(plan, model))
        for model in plan.models
        for n_atoms in plan.thresholds.protocol.sizes
    ]


def baseline_cases(plan: CostPlan) -> list[CostCase]:
    """Every cost that the baseline has, or that is measured and that it should have."""
    if plan.baseline is None:
        return []
    name, kind, listed = plan.baseline.name, plan.baseline.kind, plan.baseline.by_key()
    measured = {(case.model, case.dtype, case.n_atoms): case.device for case in step_cases(plan)}
    cases = []
    for key in {**listed, **measured}:
        model, dtype, n_atoms = key
        device, asked = measured.get(key, kind), _is_asked(plan, model)
        required = asked and key in listed
        cases.append(CostCase("baseline", name, model, device, dtype, n_atoms, asked, required))
    return cases


def against_cases(plan: CostPlan) -> list[CostCase]:
    """Name the one model that is run side by side with another."""
    if plan.other is None or plan.judged is None:
        return []
    where = (*plan.device_and_dtype(plan.judged), plan.thresholds.comparison.n_atoms)
    return [CostCase("against", plan.other, plan.judged, *where, asked=True, required=True)]


def required_cases(plan: CostPlan) -> list[CostCase]:
    """List what was asked for by name, and must not be missing in the end."""
    return [case for case in baseline_cases(plan) + against_cases(plan) if case.required]


def _is_asked(plan: CostPlan, model: str) -> bool:
    """Whether the model's own costs are measured: not if two are run side by side."""
    return plan.other is None and model in plan.asked
