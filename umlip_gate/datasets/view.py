"""A dataset, or rows of another one, as predictions and metrics see it."""

from dataclasses import dataclass

from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.interactions import Interactions


@dataclass(frozen=True, eq=False)
class DatasetView:
    """The configurations of a dataset, and the rows that they are in their parent.

    Predictions are made and stored for the parent, so that a subset shares those of the dataset
    that holds it.

    Attributes
    ----------
    id
        The registry id.
    configurations
        n configurations; of interaction energies, the cells that they are differences of.
    parent
        The id of the dataset that is predicted: the one a subset is of, else the dataset itself.
    rows_in_parent
        Row numbers in the parent, ascending, shape (n,).
    interactions
        The interaction energies; None of a dataset of energies and forces.
    notes
        What a person should know about the configurations.
    """

    id: str
    configurations: Configurations
    parent: str
    rows_in_parent: IntArray
    interactions: Interactions | None = None
    notes: tuple[str, ...] = ()
