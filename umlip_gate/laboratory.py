"""Measures cells: the way from registries to metrics, each step taken once."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from umlip_gate.claims.evidence import Cell
from umlip_gate.claims.schema import Pool
from umlip_gate.claims.verdict import Origin
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.datasets.distribution import distribution
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.grouping import systems
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import Dataset
from umlip_gate.faults import Fault, NotMeasured, NotObtainable
from umlip_gate.metrics.bootstrap import SEED
from umlip_gate.metrics.errors import Errors, errors_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.metrics.pooling import measure_pool
from umlip_gate.metrics.windows import energy_windows
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.live import Live, live_candidate, live_model
from umlip_gate.models.registry import Model
from umlip_gate.predictions.compute import compute
from umlip_gate.predictions.identity import live_identity, published_identity
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.published import read_published
from umlip_gate.predictions.store import Store
from umlip_gate.settings import Settings

Choice = Literal["auto", "live", "published"]


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
            **self.cell.metrics.to_json(),
            "energy_windows": self.energy_windows,
            "groups": groups,
            "pooled_otherwise": otherwise,
            "failures": {str(row): error for row, error in self.cell.failures.items()},
            "identity": self.identity,
        }


@dataclass
class Laboratory:
    """Measures any cell of two registries, once.

    Attributes
    ----------
    datasets, models
        The registries; a candidate stands among the models.
    pools, element_groups
        Names that claims have for several datasets, and for several elements.
    settings
        What the run may reach.
    source
        Which predictions are taken where a test leaves it open: `auto` computes if the model
        can run here, and takes published ones else.
    device
        Where the registry's models compute.
    random_seed
        Random weights of this seed instead of the registry's, if it is given.
    n_workers
        Processes that share a computation.
    announce
        Is told what is being computed.
    """

    datasets: dict[str, Dataset]
    models: dict[str, Model | Candidate]
    pools: Mapping[str, Pool]
    element_groups: Mapping[str, tuple[str, ...]]
    settings: Settings
    source: Choice
    device: str
    random_seed: int | None
    n_workers: int
    announce: Callable[[str], None]
    _described: dict[str, dict[str, Any]] = field(default_factory=dict)
    _configurations: dict[str, Configurations | Fault] = field(default_factory=dict)
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
        NotObtainable
            The dataset or the model cannot be had here.
        NotMeasured, BadInput
            It could be had, and was not measured. The same again at each call: a cell is tried
            once in a run.
        """
        key = (model, dataset, source or self.source)
        if key not in self._outcomes:
            try:
                pooled = self._pooled if dataset in self.pools else self._measure
                self._outcomes[key] = pooled(*key)
            except Exception as error:  # noqa: BLE001 - raised below, and at every later call
                self._outcomes[key] = error
        outcome = self._outcomes[key]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _measure(self, model: str, dataset: str, source: Choice) -> Measurement:
        configurations = self.load(dataset)
        entry = self.models[model]
        if isinstance(entry, Candidate):
            return self._live(model, live_candidate(entry), dataset, configurations)
        if self.random_seed is not None:
            random = live_model(entry, self.device, self.settings, self.random_seed, self.announce)
            return self._live(model, random, dataset, configurations)
        if source == "published":
            return self._published(entry, dataset, configurations)
        try:
            live = live_model(entry, self.device, self.settings, announce=self.announce)
        except NotObtainable:
            if source == "live" or dataset not in entry.published:
                raise
            return self._published(entry, dataset, configurations)
        return self._live(model, live, dataset, configurations)

    def _pooled(self, model: str, pool_id: str, source: Choice) -> Measurement:
        pool = self.pools[pool_id]
        parts = [self.measure(model, dataset, source) for dataset in pool.datasets]
        by_rule = measure_pool([part.cell.errors for part in parts])
        cell = Cell(
            model,
            pool_id,
            least_trusted([part.cell.source for part in parts]),
            by_rule.pop(pool.rule),
            Errors.joined([part.cell.errors for part in parts]),
            otherwise={str(rule): metrics for rule, metrics in by_rule.items()},
        )
        identities = {part.cell.dataset: part.identity for part in parts}
        return Measurement(cell, {"pool": pool_id, "rule": pool.rule, "datasets": identities})

    def load(self, dataset: str) -> Configurations:
        """Give a dataset's configurations, read and checked once.

        Raises
        ------
        NotObtainable, BadInput
            They cannot be had here, or are not what the registry says.
        """
        if dataset not in self._configurations:
            try:
                loaded: Configurations | Fault = load_dataset(self.datasets[dataset], self.settings)
            except Fault as fault:
                loaded = fault
            self._configurations[dataset] = loaded
        configurations = self._configurations[dataset]
        if isinstance(configurations, Fault):
            raise configurations
        return configurations

    def describe(self, dataset: str) -> dict[str, Any]:
        """Give the distribution of what is in a dataset, as plain data."""
        if dataset not in self._described:
            self._described[dataset] = distribution(self.load(dataset))
        return self._described[dataset]

    def _published(self, model: Model, dataset: str, reference: Configurations) -> Measurement:
        if dataset not in model.published:
            raise NotObtainable(f"{model.id} on {dataset}: no predictions are published")
        path = fetch(model.published[dataset], self.settings)
        selection = self.datasets[dataset].selection
        first_row = selection.first_row if selection else 0
        predictions = read_published(path, reference, first_row)
        identity = published_identity(sha256_of(path), reference.digest)
        return _measurement(model.id, dataset, "published", reference, predictions, identity)

    def _live(self, model: str, live: Live, dataset: str, reference: Configurations) -> Measurement:
        identity = live_identity(live, reference.digest, self.settings.run.name)
        store = Store(self.settings.predictions, identity)
        try:
            predictions = compute(
                live.job,
                store,
                reference,
                self.settings,
                atoms_per_batch=live.atoms_per_batch,
                n_workers=self.n_workers if live.job.device == "cpu" else 1,
                announce=lambda text: self.announce(f"{model} on {dataset}: {text}"),
            )
        except NotMeasured as error:
            raise NotMeasured(f"{model} on {dataset}: {error}") from error
        source: Origin = "live" if live.job.random_seed is None else "random"
        return _measurement(model, dataset, source, reference, predictions, identity)


def _measurement(  # noqa: PLR0913, PLR0917 - the parts of one record
    model: str,
    dataset: str,
    source: Origin,
    reference: Configurations,
    predictions: Predictions,
    identity: dict[str, Any],
) -> Measurement:
    errors = errors_of(reference, predictions)
    metrics = measure_errors(errors)
    groups = _groups(model, dataset, source, systems(reference), errors)
    cell = Cell(model, dataset, source, metrics, errors, predictions.failures, groups)
    return Measurement(cell, identity, energy_windows(errors))


def _groups(
    model: str, dataset: str, source: Origin, names: NDArray[np.str_], errors: Errors
) -> dict[str, Cell]:
    """Measure each chemical system by itself; resamples of different ones are independent."""
    distinct = np.unique(names).tolist()
    if len(distinct) == 1:
        return {}
    groups = {}
    for name in distinct:
        own = errors.select(names == name)
        metrics = measure_errors(own, seed=SEED + zlib.crc32(name.encode()))
        groups[name] = Cell(model, f"{dataset} ({name})", source, metrics, own)
    return groups


def least_trusted(sources: Sequence[Origin]) -> Origin:
    """Give the source that a number over several sources is labelled with."""
    order: tuple[Origin, ...] = ("random", "published", "live")
    return min(sources, key=order.index)


@dataclass
class Bench:
    """What the judging of one item asks for, kept for the report.

    Attributes
    ----------
    laboratory
        Where it is measured.
    source
        Which predictions are taken; the laboratory's choice if it is None.
    measurements
        Everything that was measured on the way.
    datasets
        Every dataset that was read on the way.
    """

    laboratory: Laboratory
    source: Choice | None = None
    measurements: list[Measurement] = field(default_factory=list)
    datasets: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the results file: `measurements`, and `datasets` by id."""
        return {
            "measurements": [measurement.to_json() for measurement in self.measurements],
            "datasets": {name: self.laboratory.describe(name) for name in sorted(self.datasets)},
        }

    @property
    def compared(self) -> list[str]:
        """The models that a claim of the paper compares: those of its Table 1."""
        return self.laboratory.compared

    def members(self, dataset: str) -> tuple[str, ...]:
        """Name the datasets of a pool; of a dataset, itself."""
        pool = self.laboratory.pools.get(dataset)
        return pool.datasets if pool else (dataset,)

    def elements(self, groups: Sequence[str]) -> list[str]:
        """Name the elements of groups of the periodic table."""
        return [symbol for group in groups for symbol in self.laboratory.element_groups[group]]

    def configurations(self, dataset: str) -> Configurations:
        """Give a dataset's configurations."""
        configurations = self.laboratory.load(dataset)
        self.datasets.add(dataset)
        return configurations

    def cell(self, model: str, dataset: str) -> Cell:
        """Give what one model measures on one dataset or pool.

        Raises
        ------
        NotMeasured
            Its weights are random: they never stand for accuracy.
        """
        cell = self.any_cell(model, dataset)
        if cell.source == "random":
            raise NotMeasured(f"{model}: random weights never stand for accuracy")
        return cell

    def any_cell(self, model: str, dataset: str) -> Cell:
        """Give the same with random weights too: whether a model runs."""
        measurement = self.laboratory.measure(model, dataset, self.source)
        self.measurements.append(measurement)
        self.datasets.update(self.members(dataset))
        return measurement.cell
