"""Evaluates models on the structures of physics, each model and dataset once in a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from umlip_gate.claims.physics_verdicts import NOT_CONSERVATIVE, PhysicsResult
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.view import DatasetView
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.ensemble import mean_of
from umlip_gate.models.combined import Ensemble, Recalculation
from umlip_gate.physics.core import core_study
from umlip_gate.physics.limits import Core
from umlip_gate.physics.study import Study
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.sources import PredictionSources, Source


@dataclass
class PhysicsEvaluator:
    """Evaluates any model on the core of physics, on cells of any dataset.

    Attributes
    ----------
    datasets
        Where the cells are drawn from.
    sources
        Where predictions come from; they are always computed here.
    models
        The registry, with candidate and ensembles among the models.
    core
        On which structures.
    """

    datasets: DatasetCache
    sources: PredictionSources
    models: Mapping[str, Source | Ensemble]
    core: Core
    _studies: dict[str, Study] = field(default_factory=dict)
    _outcomes: dict[tuple[str, str], PhysicsResult | Exception] = field(default_factory=dict)

    def evaluate(self, model: str, dataset: str) -> PhysicsResult:
        """Return the deviations of a model on cells of a dataset.

        Raises
        ------
        Unavailable
            The dataset or the model is not available here.
        MeasurementError, InputError
            They are, and something was not evaluated; the same at each call.
        """
        key = (model, dataset)
        if key not in self._outcomes:
            try:
                self._outcomes[key] = self._evaluate(*key)
            except Exception as error:  # noqa: BLE001 - raised below, and at every later call
                self._outcomes[key] = error
        outcome = self._outcomes[key]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _evaluate(self, model: str, dataset: str) -> PhysicsResult:
        entry = self.models[model]
        names = entry.members if isinstance(entry, Ensemble) else (model,)
        study = self._study(dataset)
        predicted = [self._predict(name, dataset, study) for name in names]
        conservative = all(self._declares(name).conservative for name in names)
        if not conservative:
            self.sources.announce_once(f"{model}: {NOT_CONSERVATIVE}")
        mean = mean_of(predicted) if isinstance(entry, Ensemble) else predicted[0]
        if failures := study.failures(mean):
            cell, why = next(iter(failures.items()))
            raise MeasurementError(
                f"{model} on {dataset}: no deviation, because structures made from {len(failures)} "
                f"of its cells failed; first {cell}: {why}"
            )
        return PhysicsResult(
            model=model,
            dataset=dataset,
            source=predicted[0].provenance,
            conservative=conservative,
            dtype=_lowest([str(each.identity["dtype"]) for each in predicted]),
            deviations=study.measure(mean),
            identity=predicted[0].identity,
        )

    def _study(self, dataset: str) -> Study:
        if dataset not in self._studies:
            cells = self.datasets.view(dataset).configurations
            self._studies[dataset] = core_study(cells, self.core.protocol)
        return self._studies[dataset]

    def _predict(self, name: str, dataset: str, study: Study) -> Predictions:
        label = f"{dataset} (physics)"
        rows = np.arange(len(study.configurations))
        view = DatasetView(label, study.configurations, label, rows)
        return self.sources.of(self._declares(name), view, rows, choice="live")

    def _declares(self, name: str) -> Any:  # noqa: ANN401 - a model of the registry or a candidate
        entry = self.models[name]
        if isinstance(entry, Ensemble | Recalculation):
            raise Unavailable(f"{name}: it is no model that could be asked for other structures")
        return entry


def _lowest(dtypes: list[str]) -> str:
    return "float64" if set(dtypes) == {"float64"} else "float32"
