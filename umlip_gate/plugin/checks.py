"""What a test item judges: one threshold in one result."""

from dataclasses import dataclass

from umlip_gate.claims.against import AgainstLimit
from umlip_gate.claims.assertions import Assertion
from umlip_gate.claims.assertions.base import Kind, Subject
from umlip_gate.claims.bounds import Ends, Measured, ReferenceValue
from umlip_gate.claims.changes import Changes
from umlip_gate.claims.conventions import judge_claim
from umlip_gate.claims.judge import judge_limit, judge_reference
from umlip_gate.claims.physics_verdicts import judge_physics
from umlip_gate.claims.result import Result
from umlip_gate.claims.schema import AnyLimit, ResultLimit
from umlip_gate.claims.thresholds import item_id
from umlip_gate.claims.verdict import Verdict
from umlip_gate.evaluation.recorder import Recorder
from umlip_gate.physics.limits import PhysicsLimit
from umlip_gate.plugin.cost_limits import CostLimit
from umlip_gate.plugin.timing import Timing
from umlip_gate.provenance import PredictionSource

MEASURED = "measured"
"""The item that every result has."""

NOTHING_LIMITS_IT = "nothing limits its errors; name the dataset in a gate (--umlip-gate FILE)"


@dataclass(frozen=True)
class Check:
    """One threshold in one result.

    Attributes
    ----------
    item
        `measured`, `CLAIM.ASSERTION`, `reference.QUANTITY.CONVENTION`, `gate.GATE.LIMIT`,
        `gate.GATE.physics-QUANTITY`, `against.MODEL`, `physics.QUANTITY`, `step.DEVICE.DTYPE`,
        `baseline.NAME.DEVICE.DTYPE` or `against.MODEL.DEVICE.DTYPE`.
    model
        A registry id or the candidate's name; None where several models are compared.
    dataset
        A registry id, or the crystal whose steps are timed.
    threshold
        What the measurement is compared with.
    source
        Whose predictions; None where the command line decides.
    required
        Why the run has no verdict without it, as a message begins; empty where it may be absent.
    is_limited
        Whether a limit on the errors is judged beside it; only a measured result can have none.
    """

    item: str
    model: str | None
    dataset: str
    threshold: (
        Assertion | ReferenceValue | ResultLimit | AnyLimit | PhysicsLimit | CostLimit | Changes
    )
    source: PredictionSource | None = None
    required: str = ""
    is_limited: bool = True

    def __str__(self) -> str:
        return item_id(self.item, self.model, self.dataset)

    @property
    def limit(self) -> tuple[str | None, float | tuple[float, float] | None]:
        """Relation and limit, where they are known before anything is measured."""
        if isinstance(self.threshold, Ends | AgainstLimit):
            return self.threshold.relation, self.threshold.limit
        return None, None

    @property
    def is_slow(self) -> bool:
        """Whether it takes minutes."""
        return isinstance(self.threshold, PhysicsLimit) and self.threshold.slow

    @property
    def rationale(self) -> str | None:
        """Why the limit is what it is, where the limit itself says so; a claim says it once."""
        return getattr(self.threshold, "rationale", None)

    @property
    def is_judged_on_samples(self) -> bool:
        """Whether a sample can decide it: claims and references speak of the whole dataset."""
        return not isinstance(self.threshold, Kind | ReferenceValue)

    @property
    def is_about_costs(self) -> bool:
        """Whether steps are timed for it, in this run or in another."""
        if isinstance(self.threshold, Kind):
            return self.threshold.about == "cost"
        return isinstance(self.threshold, CostLimit)

    @property
    def unit(self) -> str | None:
        """The unit of what is judged, where there is one."""
        if isinstance(self.threshold, Measured | PhysicsLimit | CostLimit):
            return self.threshold.unit
        return None

    def judge(self, recorder: Recorder, timing: Timing | None = None) -> Verdict:
        """Measure what the check is about, and judge it.

        Parameters
        ----------
        recorder
            Evaluates models, and records what was asked for.
        timing
            Times their steps; needed by costs alone.

        Raises
        ------
        Unavailable
            It cannot be judged here.
        MeasurementError, InputError
            It could be judged, and was not measured.
        """
        if isinstance(self.threshold, Kind):
            return judge_claim(self.threshold, Subject(self.model, self.dataset), recorder)
        assert self.model is not None  # noqa: S101 - all but claims are about one model
        if isinstance(self.threshold, CostLimit):
            assert timing is not None  # noqa: S101 - as the check is about costs
            return self.threshold.judge(self.model, timing)
        if isinstance(self.threshold, PhysicsLimit):
            found = recorder.physics(self.model, self.dataset, self.threshold.quantity)
            return judge_physics(self.threshold, found)
        if isinstance(self.threshold, ResultLimit):
            result = recorder.any_result(self.model, self.dataset)
            others = "" if self.is_limited else f"; measured: {NOTHING_LIMITS_IT}"
            who = (
                f"{self.model} on {self.dataset}: {result.metrics.n_configurations} configurations"
            )
            return judge_limit(self.threshold, result, who, others)
        return self._judge_accuracy(
            self.threshold, recorder.result(self.model, self.dataset), recorder
        )

    def _judge_accuracy(
        self,
        threshold: ReferenceValue | AnyLimit | Changes,
        result: Result,
        recorder: Recorder,
    ) -> Verdict:
        if isinstance(threshold, AgainstLimit | Changes):
            return threshold.judge(result, recorder.other_result(self.dataset), recorder.statistics)
        if isinstance(threshold, ReferenceValue):
            return judge_reference(threshold, result)
        return judge_limit(threshold, result)
