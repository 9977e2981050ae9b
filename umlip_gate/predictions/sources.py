"""Where predictions come from: computed here, published by others, or another DFT."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from ase.data import chemical_symbols

from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.subset import matched_rows
from umlip_gate.datasets.view import DatasetView
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Recalculation
from umlip_gate.models.prepare import RunnableModel, prepare_candidate, prepare_model
from umlip_gate.models.registry import Model
from umlip_gate.predictions.compute import Extent, compute
from umlip_gate.predictions.identity import live_identity, published_identity
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.published import read_published
from umlip_gate.predictions.store import Store
from umlip_gate.provenance import Provenance

Choice = Literal["auto", "live", "published"]
Source = Model | Candidate | Recalculation


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions for rows of a dataset.

    Attributes
    ----------
    rows
        Their numbers in the dataset, ascending, shape (n,).
    predictions
        Of these rows.
    source
        Where they come from.
    identity
        All that they depend on.
    """

    rows: IntArray
    predictions: Predictions
    source: Provenance
    identity: dict[str, Any]

    def only(self, rows: IntArray, dataset: Configurations) -> "Predicted":
        """Keep some of the rows, ascending; `dataset` is the one whose rows they are."""
        if len(rows) == len(self.rows):
            return self
        kept = self.predictions.select(np.searchsorted(self.rows, rows), dataset.n_atoms[self.rows])
        return Predicted(rows, kept, self.source, self.identity)


@dataclass
class Predictor:
    """Gives the predictions of one model for one dataset.

    Attributes
    ----------
    library
        The datasets.
    device
        Where the registry's models compute.
    random_seed
        Random weights of this seed instead of the registry's, if it is given.
    n_workers
        Processes that share a computation.
    announce
        Is told what is being computed.
    announced
        What it was told once, and is not told again.
    """

    library: DatasetCache
    device: str
    random_seed: int | None
    n_workers: int
    announce: Callable[[str], None]
    announced: set[str] = field(default_factory=set)

    def predict(
        self, name: str, model: Source, dataset: str, source: Choice, extent: Extent
    ) -> Predicted:
        """Give predictions for the rows of a dataset.

        Of a subset, those of the dataset that it is of: nothing is predicted twice.

        Parameters
        ----------
        name, model
            What reports call the model, and its entry.
        dataset
            A registry id.
        source
            Which predictions are taken: `auto` computes if the model can run here, and takes
            published ones else.
        extent
            Which rows of the dataset.

        Raises
        ------
        Unavailable
            The dataset or the model cannot be had here.
        MeasurementError, InputError
            They could be had, and were not predicted.
        """
        if isinstance(model, Recalculation):
            return self._recalculated(name, dataset, extent)
        live = self._live(model, dataset, source)
        if live is None:
            assert isinstance(model, Model)  # noqa: S101 - a candidate is always live
            return self._published(model, dataset, extent)
        return self._computed(name, live, self.library.view(dataset), extent)

    def predict_structures(
        self, name: str, model: Model | Candidate, view: DatasetView
    ) -> Predicted:
        """Return predictions for structures that are of no registered dataset.

        They are computed here and kept as all predictions are, under the structures' own digest.

        Parameters
        ----------
        name, model
            As for `predict`.
        view
            The structures; its id is for messages, and it is its own parent.

        Raises
        ------
        Unavailable
            The model is not available here, or does not cover an element.
        MeasurementError, InputError
            It is, and a structure was not predicted.
        """
        if isinstance(model, Candidate):
            live = prepare_candidate(model)
        else:
            _require_coverage(model, view.id, view.configurations)
            settings = self.library.settings
            live = prepare_model(model, self.device, settings, self.random_seed, self.announce_once)
        return self._computed(name, live, view, Extent(view.rows_in_parent))

    def _live(self, model: Model | Candidate, dataset: str, source: Choice) -> RunnableModel | None:
        """Prepare a model; None where published predictions are taken instead."""
        settings = self.library.settings
        if isinstance(model, Candidate):
            return prepare_candidate(model)
        if source == "published" and self.random_seed is None:
            return None
        try:
            _require_coverage(model, dataset, self.library.view(dataset).configurations)
            return prepare_model(model, self.device, settings, self.random_seed, self.announce_once)
        except Unavailable:
            elsewhere = self.library.view(dataset).parent in model.published
            if source == "live" or self.random_seed is not None or not elsewhere:
                raise
            return None

    def announce_once(self, text: str) -> None:
        """Say what is true of a model on every dataset, such as its licence, a single time."""
        if text not in self.announced:
            self.announced.add(text)
            self.announce(text)

    def _published(self, model: Model, dataset: str, extent: Extent) -> Predicted:
        view = self.library.view(dataset)
        whole = view.parent
        if whole not in model.published:
            raise Unavailable(f"{model.id} on {dataset}: no predictions are published")
        path = fetch(model.published[whole], self.library.settings)
        selection = self.library.datasets[whole].selection
        reference = self.library.view(whole).configurations
        predictions = read_published(path, reference, selection.first_row if selection else 0)
        identity = published_identity(sha256_of(path), reference.digest)
        everything = Predicted(np.arange(len(reference)), predictions, "published", identity)
        kept = everything.only(np.sort(view.rows_in_parent[extent.order]), reference)
        return replace(kept, rows=np.searchsorted(view.rows_in_parent, kept.rows))

    def _computed(
        self, name: str, live: RunnableModel, view: DatasetView, extent: Extent
    ) -> Predicted:
        own = view.rows_in_parent
        whole = view if view.parent == view.id else self.library.view(view.parent)
        reference = whole.configurations
        settings = self.library.settings
        identity = live_identity(live, reference.digest, settings.run.name)
        folder = settings.predictions if live.reusable else settings.passing_predictions
        store = Store(folder, identity)
        try:
            rows, predictions = compute(
                live.job,
                store,
                reference,
                settings,
                Extent(own[extent.order], extent.budget_s),
                atoms_per_batch=live.atoms_per_batch,
                n_workers=self.n_workers if live.job.device == "cpu" else 1,
                announce=lambda text: self.announce(f"{name} on {view.id}: {text}"),
            )
        except MeasurementError as error:
            raise MeasurementError(f"{name} on {view.id}: {error}") from error
        for reason in store.unknown:
            self.announce_once(f"{name}: its predictions are not reused by a later run: {reason}")
        source: Provenance = "live" if live.job.random_seed is None else "random"
        return Predicted(np.searchsorted(own, rows), predictions, source, store.whole_identity)

    def _recalculated(self, name: str, dataset: str, extent: Extent) -> Predicted:
        entry = self.library.datasets[dataset]
        if entry.subset is None or entry.subset.recalculation != name:
            raise Unavailable(f"{name} on {dataset}: it has no other DFT of these structures")
        whole = self.library.view(entry.subset.of).configurations
        rows, others = matched_rows(entry, whole, self.library.settings)
        identity = published_identity(others.digest, whole.digest)
        predictions = Predictions(others.energies, others.forces, {})
        everything = Predicted(np.arange(len(rows)), predictions, "published", identity)
        return everything.only(np.sort(extent.order), self.library.view(dataset).configurations)


def _require_coverage(model: Model, dataset: str, configurations: Configurations) -> None:
    """Ask a model about its own elements only: of others it would refuse every configuration."""
    foreign = sorted(set(configurations.numbers.tolist()) - model.elements)
    if foreign:
        names = ", ".join(chemical_symbols[number] for number in foreign)
        raise Unavailable(f"{model.id} on {dataset}: it does not cover {names}")
