"""The datasets of a run: each is read once, and a subset is taken from the one that holds it."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.interactions import Interactions, load_interactions
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import Dataset
from umlip_gate.datasets.subset import subset_rows
from umlip_gate.errors import Fault
from umlip_gate.settings import Settings


class Place(NamedTuple):
    """Where the rows of a dataset stand.

    Attributes
    ----------
    whole
        The id of the dataset that is predicted: the one a subset is of, else the dataset itself.
    rows
        The dataset's rows in the whole, shape (n,).
    """

    whole: str
    rows: IntArray


@dataclass
class DatasetCache:
    """Gives configurations.

    Attributes
    ----------
    datasets
        The registry.
    settings
        What may be fetched, and where it is kept.
    """

    datasets: dict[str, Dataset]
    settings: Settings
    _loaded: dict[str, tuple[Place, Configurations] | Fault] = field(default_factory=dict)
    _interactions: dict[str, Interactions] = field(default_factory=dict)

    def load(self, dataset: str) -> Configurations:
        """Give a dataset's configurations, read and checked once.

        Of interaction energies, the cells that they are differences of.

        Raises
        ------
        Unavailable, InputError
            They cannot be had here, or are not what the registry says; the same at each call.
        """
        return self._load(dataset)[1]

    def interactions(self, dataset: str) -> Interactions | None:
        """Give a dataset's interaction energies; None if it is not of these.

        Raises
        ------
        Unavailable, InputError
            As `load`.
        """
        self._load(dataset)
        return self._interactions.get(dataset)

    def place(self, dataset: str) -> Place:
        """Tell where a dataset's rows stand.

        Raises
        ------
        Unavailable, InputError
            As `load`.
        """
        return self._load(dataset)[0]

    def _load(self, dataset: str) -> tuple[Place, Configurations]:
        if dataset not in self._loaded:
            try:
                self._loaded[dataset] = self._read(self.datasets[dataset])
            except Fault as fault:
                self._loaded[dataset] = fault
        loaded = self._loaded[dataset]
        if isinstance(loaded, Fault):
            raise loaded
        return loaded

    def _read(self, dataset: Dataset) -> tuple[Place, Configurations]:
        if dataset.quantity == "interaction energies":
            interactions = load_interactions(dataset, self.settings)
            self._interactions[dataset.id] = interactions
            return Place(dataset.id, np.arange(len(interactions.cells))), interactions.cells
        if dataset.subset is None:
            configurations = load_dataset(dataset, self.settings)
            return Place(dataset.id, np.arange(len(configurations))), configurations
        whole = self.load(dataset.subset.of)
        rows = subset_rows(dataset, whole, self.settings)
        return Place(dataset.subset.of, rows), whole.select(rows)
