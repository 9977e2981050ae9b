"""Evaluates models on datasets: from the registries to results, each step taken once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from umlip_gate.claims.result import Result
from umlip_gate.claims.schema import Pool
from umlip_gate.claims.statistics import Statistics
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.distribution import distribution, formulas
from umlip_gate.datasets.grouping import systems
from umlip_gate.errors import MeasurementError
from umlip_gate.evaluation.illustrations import illustrations_of
from umlip_gate.metrics.bootstrap import Resampling
from umlip_gate.metrics.ensemble import (
    Deviations,
    deviations_of,
    mean_of,
    stated_deviations,
    with_uncertainty,
)
from umlip_gate.metrics.error_set import RULES, ErrorSet
from umlip_gate.metrics.errors import Errors, errors_of, failures_of
from umlip_gate.metrics.interactions import measure_interactions
from umlip_gate.metrics.measurement import Metrics, measure_errors
from umlip_gate.metrics.sampling import Sample, SampleLimit, SamplingPlan, plan
from umlip_gate.metrics.units import suspected_units
from umlip_gate.metrics.windows import energy_windows
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble
from umlip_gate.models.level_of_theory import dispersion_difference, functional_difference
from umlip_gate.models.registry import Model
from umlip_gate.notices import add_notice
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.sources import Choice, PredictionSources, Source
from umlip_gate.provenance import least_trusted


@dataclass
class Evaluator:
    """Evaluates any model on any dataset or pool, once in a run.

    Attributes
    ----------
    datasets
        The datasets that were read.
    sources
        Where predictions come from.
    models
        The registry, with candidate, ensembles and recalculations among the models.
    pools, element_groups
        Names that claims have for several datasets, and for several elements.
    statistics
        The level of intervals, and the least number of configurations of a sample.
    source
        Which predictions are used where a check leaves it open: `auto` computes if the model
        can run here, and uses published ones otherwise.
    sample_limit
        How much of each dataset is evaluated; of interaction energies, always all.
    against
        The model that the candidate is compared with, if any.
    """

    datasets: DatasetCache
    sources: PredictionSources
    models: Mapping[str, Source | Ensemble]
    pools: Mapping[str, Pool]
    element_groups: Mapping[str, tuple[str, ...]]
    statistics: Statistics
    source: Choice
    sample_limit: SampleLimit
    against: str | None = None
    _described: dict[str, dict[str, Any]] = field(default_factory=dict)
    _results: dict[tuple[str, str, str], Result | Exception] = field(default_factory=dict)

    @property
    def compared(self) -> list[str]:
        """The models that a claim of the paper compares: those of its Table 1."""
        return [
            name
            for name, entry in self.models.items()
            if isinstance(entry, Model) and entry.table1 is not None
        ]

    def evaluate(self, model: str, dataset: str, source: Choice | None = None) -> Result:
        """Return the result of a model on a dataset or a pool.

        Raises
        ------
        Unavailable
            The dataset or the model is not available here.
        MeasurementError, InputError
            It is available and was not measured. Each result is tried once in a run, and its
            error is raised again at every call.
        """
        key = (model, dataset, source or self.source)
        if key not in self._results:
            try:
                self._results[key] = self._evaluation_of(dataset)(*key)
            except Exception as error:  # noqa: BLE001 - raised below, and at every later call
                self._results[key] = error
        result = self._results[key]
        if isinstance(result, Exception):
            raise result
        return result

    def _evaluation_of(self, dataset: str) -> Callable[[str, str, Choice], Result]:
        if dataset in self.pools:
            return self._pooled
        interacts = self.datasets.view(dataset).interactions is not None
        return self._interacting if interacts else self._single

    def load(self, dataset: str) -> Configurations:
        """Return a dataset's configurations, read and checked once.

        Raises
        ------
        Unavailable, InputError
            They are not available here, or not what the registry says.
        """
        return self.datasets.view(dataset).configurations

    def describe(self, dataset: str) -> dict[str, Any]:
        """Return the distribution of what is in a dataset, as plain data."""
        if dataset not in self._described:
            interactions = self.datasets.view(dataset).interactions
            self._described[dataset] = (
                distribution(self.load(dataset)) | {"formulas": formulas(self.load(dataset))}
                if interactions is None
                else {
                    "n_interaction_energies": len(interactions.points),
                    "n_cells": len(interactions.cells),
                }
            )
        return self._described[dataset]

    def _single(self, model: str, dataset: str, source: Choice) -> Result:
        whole = self.load(dataset)
        order = plan(whole) if self.sample_limit.limits(len(whole)) else None
        rows = np.arange(len(whole)) if order is None else order.order
        rows = rows[: self.sample_limit.configurations]
        budget_s = self.sample_limit.budget_s
        entry = self.models[model]
        names = entry.members if isinstance(entry, Ensemble) else (model,)
        predicted = [self._predict(name, dataset, source, rows, budget_s) for name in names]
        n = min(len(each.rows) for each in predicted)
        sample = self._sample(f"{model} on {dataset}", order, n)
        if sample is not None:
            predicted = [each.only(sample.rows, whole.n_atoms) for each in predicted]
        reference = whole if sample is None else whole.select(sample.rows)
        mean = mean_of(predicted) if isinstance(entry, Ensemble) else predicted[0]
        errors = errors_of(reference, mean)
        difference = self._functional_difference(names[0], dataset)
        self._tell_dispersion(model, dataset)
        metrics = self._metrics(ErrorSet((errors,), sample=sample), difference)
        for suspicion in suspected_units(metrics):
            add_notice(self.datasets.settings.run, f"{model} on {dataset}: {suspicion}")
        if reference.stresses is not None and mean.stresses is None:
            text = f"{model} on {dataset}: it predicts no stress, so none is compared"
            add_notice(self.datasets.settings.run, text)
        deviations = None
        if sample is None and not metrics.n_failed:
            if isinstance(entry, Ensemble):
                deviations = deviations_of(reference, predicted, mean)
            elif mean.uncertainty is not None:
                deviations = stated_deviations(reference, mean)
        if deviations is not None:
            metrics = with_uncertainty(metrics, deviations)
        result = Result(
            model,
            dataset,
            least_trusted([each.provenance for each in predicted]),
            metrics,
            failures={
                int(predicted[0].rows[row]): why
                for row, why in failures_of(reference, mean, errors).items()
            },
            deviations=deviations,
            identity=_identity(names, predicted),
            energy_windows=[] if difference else energy_windows(errors),
            other_functional=difference,
            illustrations=illustrations_of(reference, mean, errors, predicted[0].rows),
        )
        if sample is not None:
            return result
        return replace(result, groups=self._groups(result, reference, errors))

    def _interacting(self, model: str, dataset: str, source: Choice) -> Result:
        """Evaluate interaction energies, which are differences of the energies of several cells.

        All cells are evaluated, whatever the sample limit: a difference needs each of its cells.
        """
        interactions = self.datasets.view(dataset).interactions
        assert interactions is not None  # noqa: S101 - as `_evaluation_of` says
        entry = self.models[model]
        names = entry.members if isinstance(entry, Ensemble) else (model,)
        every_cell = np.arange(len(interactions.cells))
        predicted = [self._predict(name, dataset, source, every_cell) for name in names]
        mean = mean_of(predicted) if isinstance(entry, Ensemble) else predicted[0]
        return Result(
            model,
            dataset,
            least_trusted([each.provenance for each in predicted]),
            measure_interactions(interactions, mean),
            failures=mean.failures,
            identity=_identity(names, predicted),
        )

    def _pooled(self, model: str, pool_id: str, source: Choice) -> Result:
        pool = self.pools[pool_id]
        parts = [self.evaluate(model, dataset, source) for dataset in pool.datasets]
        if sampled := [part.dataset for part in parts if part.metrics.n_whole]:
            names = ", ".join(sampled)
            raise MeasurementError(f"{model} on {pool_id}: of {names} there is a sample only")
        errors = tuple(part.errors for part in parts)
        difference = next((part.other_functional for part in parts), None)
        by_rule = {rule: self._metrics(ErrorSet(errors, rule), difference) for rule in RULES}
        metrics = by_rule.pop(pool.rule)
        deviations = [part.deviations for part in parts if part.deviations is not None]
        joined = Deviations.pooled(deviations) if len(deviations) == len(parts) else None
        return Result(
            model,
            pool_id,
            least_trusted([part.source for part in parts]),
            metrics if joined is None else with_uncertainty(metrics, joined),
            failures=_failures(parts),
            otherwise={str(rule): metrics for rule, metrics in by_rule.items()},
            deviations=joined,
            identity={
                "pool": pool_id,
                "rule": pool.rule,
                "datasets": {part.dataset: part.identity for part in parts},
            },
            other_functional=difference,
        )

    def _predict(
        self,
        model: str,
        dataset: str,
        choice: Choice,
        rows: IntArray,
        budget_s: float | None = None,
    ) -> Predictions:
        entry = self.models[model]
        assert not isinstance(entry, Ensemble)  # noqa: S101 - ensembles have models as members
        view = self.datasets.view(dataset)
        return self.sources.of(entry, view, rows, choice=choice, budget_s=budget_s)

    def _functional_difference(self, model: str, dataset: str) -> str | None:
        entry = self.models[model]
        if not isinstance(entry, Model | Candidate):
            return None
        return functional_difference(entry.level_of_theory, dataset, self.datasets.datasets)

    def _tell_dispersion(self, model: str, dataset: str) -> None:
        entry = self.models[model]
        if not isinstance(entry, Model | Candidate):
            return
        if difference := dispersion_difference(entry, dataset, self.datasets.datasets):
            text = f"{model} {difference}: its errors include that difference"
            add_notice(self.datasets.settings.run, text)

    def _metrics(self, errors: ErrorSet, other_functional: str | None) -> Metrics:
        metrics = measure_errors(errors, Resampling(self.statistics.level))
        return metrics.without_zero_of_energy() if other_functional else metrics

    def _groups(
        self, whole: Result, reference: Configurations, errors: Errors
    ) -> dict[str, Result]:
        """Return the result on each chemical system."""
        names = systems(reference)
        distinct = np.unique(names).tolist()
        if len(distinct) == 1:
            return {}
        return {
            name: replace(
                whole,
                dataset=f"{whole.dataset} ({name})",
                metrics=self._metrics(
                    ErrorSet((errors.select(names == name),)), whole.other_functional
                ),
                failures={},
                deviations=None,
                illustrations={},
            )
            for name in distinct
        }

    def _sample(self, what: str, order: SamplingPlan | None, n: int) -> Sample | None:
        """Return the sample that was evaluated; None if it is the whole dataset."""
        if order is None or n == len(order.order):
            return None
        fewest = min(max(order.fewest, self.statistics.fewest_configurations), len(order.order))
        if n < fewest:
            raise MeasurementError(
                f"{what}: {n} of {len(order.order)} configurations were evaluated, and a sample "
                f"needs {fewest}: allow more with --umlip-max-configurations or --umlip-budget"
            )
        return order.first(n)


def _identity(names: Sequence[str], predicted: Sequence[Predictions]) -> dict[str, Any]:
    if len(predicted) == 1:
        return predicted[0].identity
    return {"members": {n: each.identity for n, each in zip(names, predicted, strict=True)}}


def _failures(parts: Sequence[Result]) -> dict[int, str]:
    """Return what failed, with the rows of several datasets numbered one after the other."""
    failures, start = {}, 0
    for result in parts:
        for row, error in result.failures.items():
            failures[start + row] = f"{result.dataset} row {row}: {error}"
        start += result.metrics.n_configurations
    return failures
