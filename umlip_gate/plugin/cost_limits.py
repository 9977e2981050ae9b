"""What a step's cost is compared with: nothing, a stored baseline, or another model."""

from dataclasses import dataclass
from typing import ClassVar

from umlip_gate.claims.cost_verdicts import judge_baseline, judge_comparison, judge_step
from umlip_gate.claims.verdict import Verdict
from umlip_gate.cost.baseline import Baseline
from umlip_gate.cost.costs import STEP_UNIT
from umlip_gate.cost.paired import PairedComparison
from umlip_gate.errors import MeasurementError
from umlip_gate.plugin.timing import Timing


@dataclass(frozen=True)
class StepCost:
    """The cost itself, which has no limit.

    Attributes
    ----------
    n_atoms
        The size that is run.
    """

    n_atoms: int
    unit: ClassVar[str] = STEP_UNIT

    def judge(self, model: str, timing: Timing) -> Verdict:
        """Run the model's steps."""
        cost = timing.run(model, self.n_atoms)
        return judge_step(timing.session.measured[model], cost)


@dataclass(frozen=True)
class BaselineCost:
    """What a step may cost by a baseline, compared with what this run measured.

    Attributes
    ----------
    n_atoms
        The size that was run.
    dtype
        Which of the baseline's entries.
    baseline
        The file of `thresholds/cost/`.
    """

    n_atoms: int
    dtype: str
    baseline: Baseline
    unit: ClassVar[str] = "1"

    def judge(self, model: str, timing: Timing) -> Verdict:
        """Compare the cost that an earlier item measured."""
        entry = self.baseline.by_key().get((model, self.dtype, self.n_atoms))
        cost = timing.session.cost(model, self.n_atoms)
        if entry is None:
            raise MeasurementError(
                f"{model}, {self.dtype}, {self.n_atoms} atoms: measured, and the baseline "
                f"{self.baseline.name} does not have it: add it there, or name other models by "
                "--umlip-model"
            )
        return judge_baseline(timing.session.measured[model], cost, self.baseline, entry)


@dataclass(frozen=True)
class OtherModel:
    """What another model costs, run side by side.

    Attributes
    ----------
    name
        Of the other model.
    device
        Where both compute.
    protocol
        Size, rounds and largest ratio.
    """

    name: str
    device: str
    protocol: PairedComparison
    unit: ClassVar[str] = "1"

    def judge(self, model: str, timing: Timing) -> Verdict:
        """Run both models in turns."""
        session = timing.session
        session.close()
        return judge_comparison(
            lambda: session.start(model),
            lambda: session.start(self.name, self.device),
            self.protocol,
        )


CostLimit = StepCost | BaselineCost | OtherModel
