"""Claims, gates and ensembles compare within one level of theory; checked before anything runs.

A claim may name a model that predicts dispersion-corrected energies: the paper's do. Its results
carry a notice (`Evaluator`); gates, references and ensembles refuse it.
"""

from collections.abc import Mapping

from umlip_gate.claims.schema import Gate
from umlip_gate.claims.thresholds import Thresholds
from umlip_gate.datasets.registry import Dataset
from umlip_gate.errors import InputError
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble
from umlip_gate.models.level_of_theory import (
    FUNCTIONALS,
    dispersion_difference,
    functional_difference,
)
from umlip_gate.models.registry import Model

Entry = Model | Candidate


def check_claims(
    thresholds: Thresholds, models: Mapping[str, Model], datasets: Mapping[str, Dataset]
) -> None:
    """Refuse claims, and raw energies as references, of a model of another functional.

    As references, raw energies of a model with another dispersion correction too.

    Raises
    ------
    InputError
        Names the claim or reference, the model, and how its functional differs.
    """
    for item, assertion in thresholds.assertions().items():
        for name in assertion.named_models:
            for dataset in _members(assertion.named_datasets, thresholds):
                if difference := _difference(models.get(name), dataset, datasets):
                    raise InputError(
                        f"{item}: {name} {difference}: a claim compares one functional"
                    )
    for reference in thresholds.references:
        difference = _any_difference(models.get(reference.model), reference.dataset, datasets)
        for value in reference.values if difference else ():
            if QUANTITIES[value.quantity].needs_same_functional(value.convention):
                raise InputError(
                    f"reference of {reference.model} on {reference.dataset}: "
                    f"{value.quantity} {value.convention}: it {difference}; use a convention "
                    "with …_composition_removed"
                )


def check_gate(
    candidates: Mapping[str, Entry], gate: Gate, datasets: Mapping[str, Dataset]
) -> None:
    """Refuse to judge a candidate by a gate on data of another functional or dispersion.

    Raises
    ------
    InputError
        Names gate, limit and candidate.
    """
    for name, candidate in candidates.items():
        for limit in gate.limits:
            if difference := _any_difference(candidate, limit.dataset, datasets):
                raise InputError(
                    f"gate {gate.name}: limit {limit.name!r}: {name} {difference}. Judge it by a "
                    "gate on data of its own functional (--umlip-gate, --umlip-datasets)"
                )


def check_members(ensemble: Ensemble, known: Mapping[str, Entry]) -> None:
    """Refuse an ensemble whose members predict several functionals: their mean means nothing.

    Nor does that of models with and without a dispersion correction.

    Raises
    ------
    InputError
        Names the ensemble and the functionals.
    """
    members = [known[name] for name in ensemble.members if name in known]
    if len({member.d3 for member in members}) > 1:
        raise InputError(
            f"ensemble {ensemble.name!r}: some of its members predict a D3 correction, and others "
            "do not"
        )
    levels = {member.level_of_theory for member in members}
    functionals = sorted(levels.intersection(FUNCTIONALS))
    if len(functionals) > 1:
        raise InputError(
            f"ensemble {ensemble.name!r}: its members predict {' and '.join(functionals)}"
        )


def _members(names: tuple[str, ...], thresholds: Thresholds) -> list[str]:
    """Return the datasets behind names of datasets and pools."""
    pools = thresholds.pools
    return [
        dataset
        for name in names
        for dataset in (pools[name].datasets if name in pools else (name,))
    ]


def _difference(entry: Entry | None, dataset: str, datasets: Mapping[str, Dataset]) -> str | None:
    return functional_difference(entry.level_of_theory if entry else None, dataset, datasets)


def _any_difference(
    entry: Entry | None, dataset: str, datasets: Mapping[str, Dataset]
) -> str | None:
    if entry is None:
        return None
    return _difference(entry, dataset, datasets) or dispersion_difference(entry, dataset, datasets)
