"""What a test item judges: one threshold in one result."""

from dataclasses import dataclass

from ase.data import atomic_numbers

from umlip_gate.claims.assertions import Assertion, Cannot
from umlip_gate.claims.assertions.base import Kind, Subject
from umlip_gate.claims.bounds import Ends, Measured, ReferenceValue
from umlip_gate.claims.conventions import judge_claim
from umlip_gate.claims.judge import judge_limit, judge_reference
from umlip_gate.claims.physics_verdicts import judge_physics
from umlip_gate.claims.schema import GateLimit, ResultLimit
from umlip_gate.claims.thresholds import item_id
from umlip_gate.claims.verdict import Verdict
from umlip_gate.evaluation.recorder import Recorder
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble
from umlip_gate.models.registry import Model
from umlip_gate.physics.limits import PhysicsLimit
from umlip_gate.plugin.run_configuration import RunConfiguration
from umlip_gate.provenance import PredictionSource

PHYSICS_DATASETS = ("refractory-mini-MoNbTaW", "refractory-mini-W")
"""Where laws of physics are tried on registered models: the first that a model covers."""

MEASURED = "measured"
"""The item that every result has."""


NOTHING_LIMITS_IT = "nothing limits its errors; name the dataset in a gate (--umlip-gate FILE)"


@dataclass(frozen=True)
class Case:
    """One threshold in one result.

    Attributes
    ----------
    item
        `measured`, `CLAIM.ASSERTION`, `reference.QUANTITY.CONVENTION`, `gate.GATE.LIMIT`,
        `gate.GATE.physics-QUANTITY` or `physics.QUANTITY`.
    model
        A registry id or the candidate's name; None where several models are compared.
    dataset
        A registry id.
    threshold
        What the measurement is compared with.
    source
        Whose predictions; None where the command line decides.
    required
        Whether there is no verdict on the candidate without it.
    is_limited
        Whether a limit on the errors is judged beside it; only a measured result can have none.
    """

    item: str
    model: str | None
    dataset: str
    threshold: Assertion | ReferenceValue | ResultLimit | GateLimit | PhysicsLimit
    source: PredictionSource | None = None
    required: bool = False
    is_limited: bool = True

    def __str__(self) -> str:
        return item_id(self.item, self.model, self.dataset)

    @property
    def limit(self) -> tuple[str | None, float | tuple[float, float] | None]:
        """Relation and limit, where they are known before anything is measured."""
        if isinstance(self.threshold, Ends):
            return self.threshold.relation, self.threshold.limit
        return None, None

    @property
    def rationale(self) -> str | None:
        """Why the limit is what it is, where the limit itself says so; a claim says it once."""
        return getattr(self.threshold, "rationale", None)

    @property
    def is_judged_on_samples(self) -> bool:
        """Whether a sample can decide it: claims and references speak of the whole dataset."""
        return isinstance(self.threshold, GateLimit | ResultLimit | PhysicsLimit)

    @property
    def unit(self) -> str | None:
        """The unit of what is judged, where there is one."""
        return self.threshold.unit if isinstance(self.threshold, Measured | PhysicsLimit) else None

    def judge(self, recorder: Recorder) -> Verdict:
        """Judge what the case is about.

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
        result = recorder.result(self.model, self.dataset)
        if isinstance(self.threshold, ReferenceValue):
            return judge_reference(self.threshold, result)
        return judge_limit(self.threshold, result)


def measured_cases(suite: RunConfiguration) -> list[Case]:
    """Every model on every dataset, whatever claims are on it.

    But for what a claim says cannot be computed: there the claim is judged, and nothing else.
    """
    cannot = {
        subject
        for assertion in suite.thresholds.assertions().values()
        if isinstance(assertion, Cannot)
        for subject in assertion.subjects()
    }
    candidate = suite.candidate.name if suite.candidate else None
    limited = {limit.dataset for limit in suite.gate.limits} if suite.gate else set()
    models = [*suite.registered, *([candidate] if candidate else [])]
    return [
        Case(
            MEASURED,
            model,
            dataset,
            suite.thresholds.result,
            is_limited=model != candidate or dataset in limited,
        )
        for model in models
        for dataset in suite.datasets
        if model not in suite.recalculations or dataset in suite.recalculations[model].datasets
        if (model, dataset) not in cannot
    ]


def claim_cases(suite: RunConfiguration) -> list[Case]:
    """Every assertion of the paper about accuracy, on every subject that it speaks of."""
    return [
        Case(item, model, dataset, assertion)
        for item, assertion in suite.thresholds.assertions().items()
        if assertion.about == "accuracy"
        for model, dataset in assertion.subjects()
    ]


def cost_claim_cases(suite: RunConfiguration) -> list[Case]:
    """Every assertion of the paper about costs, on every subject that it speaks of."""
    return [
        Case(item, model, dataset, assertion)
        for item, assertion in suite.thresholds.assertions().items()
        if assertion.about == "cost"
        for model, dataset in assertion.subjects()
    ]


def reference_cases(suite: RunConfiguration) -> list[Case]:
    """Every number that a known model is known to give."""
    return [
        Case(
            f"reference.{value.quantity}.{value.convention}",
            reference.model,
            reference.dataset,
            value,
            reference.source,
        )
        for reference in suite.thresholds.references
        for value in reference.values
    ]


def gate_cases(suite: RunConfiguration) -> list[Case]:
    """Every limit of the gate and every law that it requires, for the candidate."""
    if suite.candidate is None or suite.gate is None:
        return []
    limits = [
        Case(
            f"gate.{suite.gate.name}.{limit.name}",
            suite.candidate.name,
            limit.dataset,
            limit,
            "live",
            limit.dataset in suite.gate.required,
        )
        for limit in suite.gate.limits
    ]
    physics = suite.gate.physics
    if physics is None:
        return limits
    laws = suite.thresholds.physics.limits
    return limits + [
        Case(
            f"gate.{suite.gate.name}.physics-{laws[quantity].name}",
            suite.candidate.name,
            physics.dataset,
            laws[quantity],
            "live",
            required=True,
        )
        for quantity in physics.quantities
    ]


def physics_cases(suite: RunConfiguration) -> list[Case]:
    """Every law of physics for every model, on the elements that it covers."""
    candidate = {suite.candidate.name: suite.candidate} if suite.candidate else {}
    known = {name: entry for name, entry in suite.registered.items() if isinstance(entry, Model)}
    return [
        Case(f"physics.{limit.name}", name, _physics_dataset(entry, suite), limit)
        for name, entry in {**known, **candidate}.items()
        for limit in suite.thresholds.physics.limits.values()
    ]


def _physics_dataset(entry: Model | Candidate | Ensemble, suite: RunConfiguration) -> str:
    """Return the dataset whose elements a model is asked about; the gate's for a candidate."""
    if not isinstance(entry, Model):
        asked = suite.gate.physics if suite.gate else None
        return asked.dataset if asked else PHYSICS_DATASETS[0]
    for dataset in PHYSICS_DATASETS:
        numbers = {atomic_numbers[symbol] for symbol in suite.datasets[dataset].elements}
        if numbers <= entry.elements:
            return dataset
    return PHYSICS_DATASETS[-1]
