"""The datasets of a run: each is read once, and a subset is taken from the one that holds it."""

from dataclasses import dataclass, field

import numpy as np

from umlip_gate.datasets.interactions import load_interactions
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import Dataset
from umlip_gate.datasets.subset import subset_rows
from umlip_gate.datasets.view import DatasetView
from umlip_gate.errors import Fault
from umlip_gate.notices import add_notice
from umlip_gate.settings import Settings


@dataclass
class DatasetCache:
    """The views of registered datasets, each resolved at its first use and kept.

    Attributes
    ----------
    datasets
        The registry.
    settings
        What may be fetched, and where it is kept.
    """

    datasets: dict[str, Dataset]
    settings: Settings
    _views: dict[str, DatasetView | Fault] = field(default_factory=dict)

    def view(self, id_: str) -> DatasetView:
        """Return a dataset with its configurations read and checked.

        Raises
        ------
        Unavailable, InputError
            It is not available here, or is not what the registry states; the same at each call.
        """
        if id_ not in self._views:
            try:
                self._views[id_] = self._resolve(self.datasets[id_])
            except Fault as fault:
                self._views[id_] = fault
        view = self._views[id_]
        if isinstance(view, Fault):
            raise view
        return view

    def _resolve(self, dataset: Dataset) -> DatasetView:
        if dataset.quantity == "interaction energies":
            interactions = load_interactions(dataset, self.settings)
            rows = np.arange(len(interactions.cells))
            return DatasetView(dataset.id, interactions.cells, dataset.id, rows, interactions)
        if dataset.subset is None:
            configurations, notes = load_dataset(dataset, self.settings)
            for note in notes:
                add_notice(self.settings.run, f"{dataset.id}: {note}")
            rows = np.arange(len(configurations))
            return DatasetView(dataset.id, configurations, dataset.id, rows, notes=notes)
        parent = self.view(dataset.subset.of).configurations
        rows = subset_rows(dataset, parent, self.settings)
        return DatasetView(dataset.id, parent.select(rows), dataset.subset.of, rows)
