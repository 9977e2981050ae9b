"""The checks of accuracy and physics: which threshold is judged on which model and dataset."""

from ase.data import atomic_numbers

from umlip_gate.claims.against import AgainstLimit
from umlip_gate.claims.assertions import Cannot
from umlip_gate.claims.changes import CHANGES
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble
from umlip_gate.models.registry import Model
from umlip_gate.plugin.brought_models import name_of
from umlip_gate.plugin.checks import MEASURED, Check
from umlip_gate.plugin.run_configuration import RunConfiguration

PHYSICS_DATASETS = ("refractory-mini-MoNbTaW", "refractory-mini-W")
"""Where laws of physics are tried on registered models: the first that a model covers."""

BY_THE_GATE = "required by the gate, and not available here"
BY_THE_COMMAND_LINE = "asked for with --umlip-against, and not available here"


def measured_checks(suite: RunConfiguration) -> list[Check]:
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
        Check(
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


def claim_checks(suite: RunConfiguration) -> list[Check]:
    """Every assertion of the paper about accuracy, on every subject that it speaks of."""
    return [
        Check(item, model, dataset, assertion)
        for item, assertion in suite.thresholds.assertions().items()
        if assertion.about == "accuracy"
        for model, dataset in assertion.subjects()
    ]


def reference_checks(suite: RunConfiguration) -> list[Check]:
    """Every number that a known model is known to give."""
    return [
        Check(
            f"reference.{value.quantity}.{value.convention}",
            reference.model,
            reference.dataset,
            value,
            reference.source,
        )
        for reference in suite.thresholds.references
        for value in reference.values
    ]


def gate_checks(suite: RunConfiguration) -> list[Check]:
    """Every limit of the gate and every law that it requires, for the candidate."""
    if suite.candidate is None or suite.gate is None:
        return []
    limits = [
        Check(
            f"gate.{suite.gate.name}.{limit.name}",
            suite.candidate.name,
            limit.dataset,
            limit,
            None if isinstance(limit, AgainstLimit) else "live",
            BY_THE_GATE if limit.dataset in suite.gate.required else "",
        )
        for limit in suite.gate.limits
    ]
    if suite.against:
        limits += [
            Check(
                f"against.{name_of(suite.against)}",
                suite.candidate.name,
                dataset,
                CHANGES,
                required=BY_THE_COMMAND_LINE,
            )
            for dataset in dict.fromkeys(limit.dataset for limit in suite.gate.limits)
            if suite.datasets[dataset].quantity != "interaction energies"
        ]
    physics = suite.gate.physics
    if physics is None:
        return limits
    laws = suite.thresholds.physics.limits
    return limits + [
        Check(
            f"gate.{suite.gate.name}.physics-{laws[quantity].name}",
            suite.candidate.name,
            physics.subject,
            laws[quantity],
            "live",
            required="" if laws[quantity].where_predicted else BY_THE_GATE,
        )
        for quantity in physics.quantities
    ]


def physics_checks(suite: RunConfiguration) -> list[Check]:
    """Every law of physics for every model, on the elements that it covers."""
    candidate = {suite.candidate.name: suite.candidate} if suite.candidate else {}
    known = {name: entry for name, entry in suite.registered.items() if isinstance(entry, Model)}
    return [
        Check(f"physics.{limit.name}", name, _physics_dataset(entry, suite), limit)
        for name, entry in {**known, **candidate}.items()
        for limit in suite.thresholds.physics.limits.values()
    ]


def _physics_dataset(entry: Model | Candidate | Ensemble, suite: RunConfiguration) -> str:
    """Return the dataset whose elements a model is asked about; the gate's for a candidate."""
    if not isinstance(entry, Model):
        asked = suite.gate.physics if suite.gate else None
        return asked.subject if asked else PHYSICS_DATASETS[0]
    for dataset in PHYSICS_DATASETS:
        numbers = {atomic_numbers[symbol] for symbol in suite.datasets[dataset].elements}
        if numbers <= entry.elements:
            return dataset
    return PHYSICS_DATASETS[-1]
