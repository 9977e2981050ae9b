"""The level of theory that a model predicts, compared with a dataset's.

Energies of two functionals count from other zeros: only what does not depend on the elements'
reference energies compares (`Quantity.needs_same_functional`). A dispersion correction such as D3
adds to energies and forces alike: a systematic difference, which no convention removes.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

from umlip_gate.datasets.registry import NOT_STATED, Dataset

FUNCTIONALS = ("PBE", "r2SCAN")
LevelOfTheory = Literal["PBE", "r2SCAN", "experiment", "not stated"]
"""A functional; `experiment` for a potential that is fitted to measured properties."""

ASSUMED = "PBE"
"""The functional of a dataset that states none: all of the paper's that state one are PBE."""


DISPERSION = ("-D2", "-D3", "-D4", "-TS", "-MBD")
"""What the functional of a dataset ends with, or has before parentheses, if its labels are
corrected for dispersion, as "PBE-D3" or "PBE-D3(BJ)"."""


class HasDispersion(Protocol):
    """A model that says whether its energies and forces are corrected for dispersion."""

    @property
    def d3(self) -> bool:
        """Whether they have a D3 correction."""


def functional_of(dataset: str, datasets: Mapping[str, Dataset]) -> str:
    """Return the functional of a dataset's energies and forces; of a subset, of its parent's."""
    entry = datasets[dataset]
    if entry.subset is not None:
        entry = datasets[entry.subset.of]
    stated = entry.dft.functional
    return ASSUMED if stated == NOT_STATED else stated


def without_dispersion(functional: str) -> str:
    """Return a functional's name without its dispersion correction: PBE of PBE-D3(BJ)."""
    name = functional.partition("(")[0]
    suffix = next((each for each in DISPERSION if name.endswith(each)), "")
    return name.removesuffix(suffix) if suffix else functional


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
    same = level in {functional, without_dispersion(functional)}
    return None if same else f"predicts {level}, and {dataset} is {functional}"


def dispersion_difference(
    entry: HasDispersion, dataset: str, datasets: Mapping[str, Dataset]
) -> str | None:
    """Return how the dispersion corrections of a model and a dataset differ, or None.

    Parameters
    ----------
    entry
        The model.
    dataset
        A registry id.
    datasets
        The registry.
    """
    functional = functional_of(dataset, datasets)
    corrected = without_dispersion(functional) != functional
    if entry.d3 and not corrected:
        return f"predicts energies with a D3 correction, and {dataset} is {functional} without"
    if corrected and not entry.d3:
        return f"predicts energies without dispersion, and {dataset} is {functional}"
    return None
