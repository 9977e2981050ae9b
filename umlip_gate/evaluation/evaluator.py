"""Measures cells: the way from registries to metrics, each step taken once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from umlip_gate.claims.evidence import Cell
from umlip_gate.claims.schema import Pool
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Origin
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.distribution import distribution
from umlip_gate.datasets.grouping import systems
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.bootstrap import Resampling
from umlip_gate.metrics.ensemble import Deviations, deviations_of, mean_of, with_uncertainty
from umlip_gate.metrics.error_set import RULES, ErrorSet
from umlip_gate.metrics.errors import Errors, errors_of
from umlip_gate.metrics.interactions import measure_interactions
from umlip_gate.metrics.measurement import Metrics, measure_basis
from umlip_gate.metrics.sampling import Sample, SampleLimit, SamplingPlan, plan
from umlip_gate.metrics.windows import energy_windows
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble
from umlip_gate.models.level_of_theory import functional_difference
from umlip_gate.models.registry import Model
from umlip_gate.predictions.compute import Extent
from umlip_gate.predictions.sources import Choice, Predicted, Predictor, Source


@dataclass(frozen=True)
class Measurement:
    """A measured cell, and what exactly was measured.

    Attributes
    ----------
    cell
        Model, dataset, source and metrics.
    identity
        All that the predictions depend on; of a pool, by dataset.
    energy_windows
        The energy's error by window of the reference energy; none of a pool.
    """

    cell: Cell
    identity: dict[str, Any]
    energy_windows: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the results file; failed rows with their errors."""
        groups = {name: cell.metrics.to_json() for name, cell in self.cell.groups.items()}
        otherwise = {rule: metrics.to_json() for rule, metrics in self.cell.otherwise.items()}
        return {
            "model": self.cell.model,
            "dataset": self.cell.dataset,
            "source": self.cell.source,
            "other_functional": self.cell.other_functional,
            **self.cell.metrics.to_json(),
            "energy_windows": self.energy_windows,
            "groups": groups,
            "pooled_otherwise": otherwise,
            "failures": {str(row): error for row, error in self.cell.failures.items()},
            "identity": self.identity,
        }


@dataclass
class Evaluator:
    """Measures any cell of two registries, once.

    Attributes
    ----------
    library
        The datasets.
    predictor
        Where predictions come from.
    models
        The registry; candidate, ensembles and other DFT stand among the models.
    pools, element_groups
        Names that claims have for several datasets, and for several elements.
    statistics
        At what level intervals are drawn, and of how many configurations a sample is at least.
    source
        Which predictions are taken where a test leaves it open: `auto` computes if the model
        can run here, and takes published ones else.
    allowance
        How much of each dataset may be evaluated; of interaction energies, always all.
    """

    library: DatasetCache
    predictor: Predictor
    models: Mapping[str, Source | Ensemble]
    pools: Mapping[str, Pool]
    element_groups: Mapping[str, tuple[str, ...]]
    statistics: Statistics
    source: Choice
    allowance: SampleLimit
    _described: dict[str, dict[str, Any]] = field(default_factory=dict)
    _outcomes: dict[tuple[str, str, str], Measurement | Exception] = field(default_factory=dict)

    @property
    def compared(self) -> list[str]:
        """The models that a claim of the paper compares: those of its Table 1."""
        return [
            name
            for name, entry in self.models.items()
            if isinstance(entry, Model) and entry.table1 is not None
        ]

    def measure(self, model: str, dataset: str, source: Choice | None = None) -> Measurement:
        """Measure a model on a dataset or a pool.

        Raises
        ------
        Unavailable
            The dataset or the model cannot be had here.
        MeasurementError, InputError
            It could be had, and was not measured. The same again at each call: a cell is tried
            once in a run.
        """
        key = (model, dataset, source or self.source)
        if key not in self._outcomes:
            try:
                self._outcomes[key] = self._way_to_measure(dataset)(*key)
            except Exception as error:  # noqa: BLE001 - raised below, and at every later call
                self._outcomes[key] = error
        outcome = self._outcomes[key]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _way_to_measure(self, dataset: str) -> Callable[[str, str, Choice], Measurement]:
        if dataset in self.pools:
            return self._pooled
        interacts = self.library.view(dataset).interactions is not None
        return self._interacting if interacts else self._measure

    def load(self, dataset: str) -> Configurations:
        """Give a dataset's configurations, read and checked once.

        Raises
        ------
        Unavailable, InputError
            They cannot be had here, or are not what the registry says.
        """
        return self.library.view(dataset).configurations

    def describe(self, dataset: str) -> dict[str, Any]:
        """Give the distribution of what is in a dataset, as plain data."""
        if dataset not in self._described:
            interactions = self.library.view(dataset).interactions
            self._described[dataset] = (
                distribution(self.load(dataset))
                if interactions is None
                else {
                    "n_interaction_energies": len(interactions.points),
                    "n_cells": len(interactions.cells),
                }
            )
        return self._described[dataset]

    def _measure(self, model: str, dataset: str, source: Choice) -> Measurement:
        whole = self.load(dataset)
        order = plan(whole) if self.allowance.limits(len(whole)) else None
        rows = np.arange(len(whole)) if order is None else order.order
        extent = Extent(rows[: self.allowance.configurations], self.allowance.budget_s)
        entry = self.models[model]
        names = entry.members if isinstance(entry, Ensemble) else (model,)
        predicted = [self._predict(name, dataset, source, extent) for name in names]
        n = min(len(each.rows) for each in predicted)
        sample = self._sample(f"{model} on {dataset}", order, n)
        if sample is not None:
            predicted = [each.only(sample.rows, whole) for each in predicted]
        reference = whole if sample is None else whole.select(sample.rows)
        predictions = [each.predictions for each in predicted]
        mean = mean_of(predictions) if isinstance(entry, Ensemble) else predictions[0]
        errors = errors_of(reference, mean)
        difference = self._functional_difference(names[0], dataset)
        metrics = self._metrics(ErrorSet((errors,), sample=sample), difference)
        deviations = None
        if isinstance(entry, Ensemble) and sample is None and not metrics.n_failed:
            deviations = deviations_of(reference, predictions, mean)
            metrics = with_uncertainty(metrics, deviations)
        origin = least_trusted([each.source for each in predicted])
        cell = Cell(
            model,
            dataset,
            origin,
            metrics,
            failures={int(predicted[0].rows[row]): why for row, why in mean.failures.items()},
            deviations=deviations,
            other_functional=difference,
        )
        if sample is None:
            cell = replace(cell, groups=self._groups(cell, reference, errors))
        windows = [] if difference else energy_windows(errors)
        return Measurement(cell, _identity(names, predicted), windows)

    def _interacting(self, model: str, dataset: str, source: Choice) -> Measurement:
        """Measure interaction energies, which are differences of several cells' energies.

        All cells are evaluated, whatever is allowed: a difference needs each of its cells.
        """
        interactions = self.library.view(dataset).interactions
        assert interactions is not None  # noqa: S101 - as `_way_to_measure` says
        entry = self.models[model]
        names = entry.members if isinstance(entry, Ensemble) else (model,)
        every_cell = Extent(np.arange(len(interactions.cells)))
        predicted = [self._predict(name, dataset, source, every_cell) for name in names]
        predictions = [each.predictions for each in predicted]
        mean = mean_of(predictions) if isinstance(entry, Ensemble) else predictions[0]
        cell = Cell(
            model,
            dataset,
            least_trusted([each.source for each in predicted]),
            measure_interactions(interactions, mean),
            failures=mean.failures,
        )
        return Measurement(cell, _identity(names, predicted))

    def _pooled(self, model: str, pool_id: str, source: Choice) -> Measurement:
        pool = self.pools[pool_id]
        parts = [self.measure(model, dataset, source) for dataset in pool.datasets]
        if sampled := [part.cell.dataset for part in parts if part.cell.metrics.n_whole]:
            names = ", ".join(sampled)
            raise MeasurementError(f"{model} on {pool_id}: of {names} there is a sample only")
        errors = tuple(part.cell.errors for part in parts)
        difference = next((part.cell.other_functional for part in parts), None)
        by_rule = {rule: self._metrics(ErrorSet(errors, rule), difference) for rule in RULES}
        metrics = by_rule.pop(pool.rule)
        deviations = [part.cell.deviations for part in parts if part.cell.deviations is not None]
        joined = Deviations.pooled(deviations) if len(deviations) == len(parts) else None
        cell = Cell(
            model,
            pool_id,
            least_trusted([part.cell.source for part in parts]),
            metrics if joined is None else with_uncertainty(metrics, joined),
            failures=_failures(parts),
            otherwise={str(rule): metrics for rule, metrics in by_rule.items()},
            deviations=joined,
            other_functional=difference,
        )
        identities = {part.cell.dataset: part.identity for part in parts}
        return Measurement(cell, {"pool": pool_id, "rule": pool.rule, "datasets": identities})

    def _predict(self, model: str, dataset: str, source: Choice, extent: Extent) -> Predicted:
        entry = self.models[model]
        assert not isinstance(entry, Ensemble)  # noqa: S101 - ensembles have models as members
        return self.predictor.predict(model, entry, dataset, source, extent)

    def _functional_difference(self, model: str, dataset: str) -> str | None:
        entry = self.models[model]
        if not isinstance(entry, Model | Candidate):
            return None
        return functional_difference(entry.level_of_theory, dataset, self.library.datasets)

    def _metrics(self, basis: ErrorSet, other_functional: str | None) -> Metrics:
        metrics = measure_basis(basis, Resampling(self.statistics.level))
        return metrics.without_zero_of_energy() if other_functional else metrics

    def _groups(self, whole: Cell, reference: Configurations, errors: Errors) -> dict[str, Cell]:
        """Measure each chemical system by itself."""
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
            )
            for name in distinct
        }

    def _sample(self, what: str, order: SamplingPlan | None, n: int) -> Sample | None:
        """Give the sample that was evaluated; None if it is the whole dataset."""
        if order is None or n == len(order.order):
            return None
        fewest = min(max(order.fewest, self.statistics.fewest_configurations), len(order.order))
        if n < fewest:
            raise MeasurementError(
                f"{what}: {n} of {len(order.order)} configurations were evaluated, and a sample "
                f"needs {fewest}: allow more with --umlip-max-configurations or --umlip-budget"
            )
        return order.first(n)


def _identity(names: Sequence[str], predicted: Sequence[Predicted]) -> dict[str, Any]:
    if len(predicted) == 1:
        return predicted[0].identity
    return {"members": {n: each.identity for n, each in zip(names, predicted, strict=True)}}


def _failures(parts: Sequence[Measurement]) -> dict[int, str]:
    """Give what failed, the rows of several datasets being numbered one after the other."""
    failures, start = {}, 0
    for cell in (part.cell for part in parts):
        for row, error in cell.failures.items():
            failures[start + row] = f"{cell.dataset} row {row}: {error}"
        start += cell.metrics.n_configurations
    return failures


def least_trusted(sources: Sequence[Origin]) -> Origin:
    """Give the source that a number over several sources is labelled with."""
    order: tuple[Origin, ...] = ("random", "published", "live")
    return min(sources, key=order.index)
