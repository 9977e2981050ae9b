"""Evaluates models on the structures of physics, each study of a model once in a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import ase.io
import numpy as np

from umlip_gate.claims.physics_verdicts import NOT_CONSERVATIVE, PhysicsResult
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations, FloatArray, Row
from umlip_gate.datasets.view import DatasetView
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.ensemble import mean_of
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble, Recalculation
from umlip_gate.models.registry import Model
from umlip_gate.physics.crystals import Crystal, cells_of, smallest
from umlip_gate.physics.dynamics import Runs
from umlip_gate.physics.limits import Physics
from umlip_gate.physics.studies import STUDIES, DrawnProtocol, strategy_for, symmetry_trials
from umlip_gate.physics.study import Case, Deviation, Study
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.sources import PredictionSources, Source

MOST_QUESTIONS = 60
"""Evaluations that the search for a smaller counterexample may take."""


@dataclass
class PhysicsEvaluator:
    """Evaluates any model on any study, on the elements or cells of any dataset.

    Attributes
    ----------
    datasets
        Where cells and elements are taken from.
    sources
        Where predictions come from; they are always computed here.
    models
        The registry, with candidate and ensembles among the models.
    physics
        What is measured, on which structures.
    counterexamples
        A folder for structures on which a limit was exceeded.
    max_examples
        How many crystals are drawn, instead of the protocols' numbers.
    elements
        Elements by a name that stands in place of a dataset: of these no data are needed.
    """

    datasets: DatasetCache
    sources: PredictionSources
    models: Mapping[str, Source | Ensemble]
    physics: Physics
    counterexamples: Path
    max_examples: int | None = None
    elements: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _studies: dict[tuple[str, str], Study | Runs] = field(default_factory=dict)
    _outcomes: dict[tuple[str, str, str], PhysicsResult | Exception] = field(default_factory=dict)

    def evaluate(self, model: str, dataset: str, quantity: str) -> PhysicsResult:
        """Return the deviations of a model in the study that measures a quantity.

        Raises
        ------
        Unavailable
            The dataset or the model is not available here.
        MeasurementError, InputError
            They are, and something was not evaluated; the same at each call.
        """
        key = (model, dataset, self.physics.study_of[quantity])
        if key not in self._outcomes:
            try:
                self._outcomes[key] = self._evaluate(*key)
            except Exception as error:  # noqa: BLE001 - raised below, and at every later call
                self._outcomes[key] = error
        outcome = self._outcomes[key]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _evaluate(self, model: str, dataset: str, name: str) -> PhysicsResult:
        entry = self.models[model]
        members = entry.members if isinstance(entry, Ensemble) else (model,)
        declared = [self._declared(member) for member in members]
        conservative = all(each.conservative for each in declared)
        if not conservative:
            self.sources.announce_once(f"{model}: {NOT_CONSERVATIVE}")
        study = self._study(dataset, name)
        if isinstance(study, Runs):
            return self._run(model, dataset, study)
        for member in members if study.needs else ():
            if self.sources.refuses(self._declared(member), study.needs):
                raise Unavailable(f"{member}: its family refuses it: {study.needs}")
        label = f"{dataset} (physics: {name})"
        predicted = [self._predict(member, label, study) for member in members]
        stresses = [self._stresses(member, label, study) for member in members]
        mean_stress = np.mean(stresses, axis=0) if study.asks_stress else None
        deviations = study.measure(_mean(model, study, predicted), mean_stress)
        if study.again:
            again = [self._predict_again(member, label, study) for member in members]
            deviations |= study.disagreement(
                _mean(model, study, predicted), _mean(model, study, again)
            )
        result = PhysicsResult(
            model=model,
            dataset=dataset,
            source=predicted[0].provenance,
            conservative=conservative,
            dtype=_lowest([str(each.identity["dtype"]) for each in predicted]),
            deviations=deviations,
            identity=predicted[0].identity,
        )
        return self._with_counterexamples(
            result, shrinks=name == "symmetries" and len(members) == 1
        )

    def _run(self, model: str, dataset: str, runs: Runs) -> PhysicsResult:
        """Return what NVE runs give."""
        declared = self._declared(model)
        asked = {t: runs.numbers(t) for t in runs.protocol.temperatures_k}
        self.sources.announce(f"{model}: NVE of {runs.name}, {len(asked)} runs")
        found = runs.measure(self.sources.nve(declared, runs.atoms, asked))
        return PhysicsResult(
            model=model,
            dataset=dataset,
            source="live" if self.sources.random_seed is None else "random",
            conservative=declared.conservative,
            dtype=declared.dtype,
            deviations=found,
        )

    def _study(self, dataset: str, name: str) -> Study | Runs:
        key = (dataset, name)
        if key not in self._studies:
            configurations = self._configurations(dataset)
            self._studies[key] = STUDIES[name][1](configurations, self._protocol(name))
        return self._studies[key]

    def _configurations(self, dataset: str) -> Configurations:
        if dataset not in self.elements:
            return self.datasets.view(dataset).configurations
        rows = [Row(atoms, np.nan, None) for atoms in cells_of(self.elements[dataset])]
        return Configurations.from_rows(rows, groups=np.arange(len(rows)))

    def _protocol(self, name: str) -> object:
        protocol = self.physics.protocols[name]
        if isinstance(protocol, DrawnProtocol) and self.max_examples is not None:
            return protocol.model_copy(update={"examples": self.max_examples})
        return protocol

    def _predict(
        self, name: str, label: str, study: Study, variant: str | None = None
    ) -> Predictions:
        rows = np.arange(len(study.configurations))
        view = DatasetView(label, study.configurations, label, rows)
        return self.sources.of(self._declared(name), view, rows, choice="live", variant=variant)

    def _predict_again(self, name: str, label: str, study: Study) -> Predictions:
        """Return the predictions for the same structures in the study's other way."""
        if study.again != "batch":
            return self._predict(name, f"{label}, other {study.again}", study, study.again)
        rows = np.arange(len(study.configurations))
        backwards = study.configurations.select(rows[::-1])
        label = f"{label}, one by one"
        view = DatasetView(label, backwards, label, rows)
        predictions = self.sources.of(
            self._declared(name), view, rows, choice="live", atoms_per_batch=1
        )
        return predictions.select(rows[::-1], backwards.n_atoms)

    def _stresses(self, name: str, label: str, study: Study) -> FloatArray:
        if not study.asks_stress:
            return np.empty((0, 3, 3))
        self.sources.announce(f"{name} on {label}: {len(study.rows_with_stress)} stresses")
        configurations = study.configurations.select(study.rows_with_stress)
        return self.sources.stresses(self._declared(name), configurations)

    def _declared(self, name: str) -> Model | Candidate:
        entry = self.models[name]
        if isinstance(entry, Ensemble | Recalculation):
            raise Unavailable(f"{name} is not a model that can evaluate other structures")
        if isinstance(entry, Candidate) and entry.predictions:
            raise Unavailable(
                f"{name}: not measured: predictions only, and a law of physics needs a calculator; "
                "a gate without [physics] asks for none"
            )
        return entry

    def _with_counterexamples(self, result: PhysicsResult, *, shrinks: bool) -> PhysicsResult:
        """Save the structures of each deviation beyond its limit, shrunk where they were drawn."""
        deviations = dict(result.deviations)
        for quantity, found in result.deviations.items():
            limit = self.physics.limits[quantity].limit(
                conservative=result.conservative, dtype=result.dtype
            )
            if found.value <= limit:
                continue
            smaller = self._shrunk(result, quantity, limit, found) if shrinks else found
            file = self.counterexamples / f"{result.model}-{result.dataset}-{quantity}.xyz"
            file.parent.mkdir(parents=True, exist_ok=True)
            ase.io.write(file, list(smaller.structures), format="extxyz")
            deviations[quantity] = found._replace(
                structures=smaller.structures,
                saved=file,
                smallest=smaller.origin if shrinks else None,
            )
        return replace(result, deviations=deviations)

    def _shrunk(
        self, result: PhysicsResult, quantity: str, limit: float, found: Deviation
    ) -> Deviation:
        """Search the smallest crystal that is beyond the limit, each evaluated by itself."""
        protocol = self._protocol("symmetries")
        assert isinstance(protocol, DrawnProtocol)  # noqa: S101 - the study's
        assert isinstance(found.origin, Crystal)  # noqa: S101 - as the study draws them
        configurations = self._configurations(result.dataset)
        with self.sources.asking(self._declared(result.model)) as ask:

            def measure(crystal: Crystal) -> Deviation:
                symmetry = quantity.rpartition("_")[0]
                own = Study((Case(crystal, symmetry_trials(crystal)[symmetry]),))
                return own.measure(ask(own.configurations))[quantity]

            crystal = smallest(
                strategy_for(configurations, protocol),
                lambda each: measure(each).value > limit,
                found.origin,
                MOST_QUESTIONS,
            )
            return measure(crystal)._replace(n_trials=found.n_trials)


def _mean(model: str, study: Study, predicted: Sequence[Predictions]) -> Predictions:
    """Return the mean of the members' predictions, all of which must be there."""
    mean = mean_of(predicted) if len(predicted) > 1 else predicted[0]
    if failures := study.failures(mean):
        cell, why = next(iter(failures.items()))
        raise MeasurementError(
            f"{model}: no deviation, because structures made from {len(failures)} cells failed; "
            f"first {cell}: {why}"
        )
    return mean


def _lowest(dtypes: Sequence[str]) -> str:
    return "float64" if set(dtypes) == {"float64"} else "float32"
