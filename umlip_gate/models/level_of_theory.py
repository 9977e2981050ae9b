"""The level of theory that a model predicts, compared with a dataset's.

Energies of two functionals count from other zeros: only what does not depend on the elements'
reference energies compares (`Quantity.needs_same_functional`).
"""

from collections.abc import Mapping
from typing import Literal

from umlip_gate.datasets.registry import NOT_STATED, Dataset

FUNCTIONALS = ("PBE", "r2SCAN")
LevelOfTheory = Literal["PBE", "r2SCAN", "experiment", "not stated"]
"""A functional; `experiment` for a potential that is fitted to measured properties."""

ASSUMED = "PBE"
"""The functional of a dataset that states none: all of the paper's that state one are PBE."""


def functional_of(dataset: str, datasets: Mapping[str, Dataset]) -> str:
    """Return the functional of a dataset's energies and forces; of a subset, of its parent's."""
    entry = datasets[dataset]
    if entry.subset is not None:
        entry = datasets[entry.subset.of]
    stated = entry.dft.functional
    return ASSUMED if stated == NOT_STATED else stated


def functional_difference(
    level: LevelOfTheory | None, dataset: str, datasets: Mapping[str, Dataset]
) -> str | None:
    """Return how the functionals of a model and a dataset differ, or None if they do not.

    Parameters
    ----------
    level
        The model's. Where it is no functional, or not stated, the model is compared as it is.
    dataset
        A registry id.
    datasets
        The registry.
    """
    if level not in FUNCTIONALS:
        return None
    functional = functional_of(dataset, datasets)
    return None if level == functional else f"predicts {level}, and {dataset} is {functional}"
