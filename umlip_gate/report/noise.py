"""How well DFT agrees with DFT: what stands beside every model on the same structures."""

from collections.abc import Iterable, Mapping

from umlip_gate.claims.schema import Reference
from umlip_gate.datasets.registry import Dataset

Floor = dict[str, dict[str, tuple[float, float]]]
"""Quantity -> convention -> the lowest and the highest of what parts of a dataset give."""


def noise_floors(
    references: Iterable[Reference], datasets: Mapping[str, Dataset]
) -> dict[str, Floor]:
    """Collect what is known of the agreement of two groups' DFT.

    Parameters
    ----------
    references
        All reference values; those of a recalculation of a subset are taken.
    datasets
        The registry.

    Returns
    -------
    dict
        Dataset -> floor, for the dataset that the subsets are of, the one that holds the other
        DFT, and each subset by itself.
    """
    floors: dict[str, Floor] = {}
    for reference in references:
        subset = datasets[reference.dataset].subset
        if subset is None or subset.recalculation != reference.model:
            continue
        for dataset in filter(None, (reference.dataset, subset.of, subset.recalculation_of)):
            floor = floors.setdefault(dataset, {})
            for value in reference.values:
                ends = floor.setdefault(value.quantity, {})
                low, high = ends.get(value.convention, (value.value, value.value))
                ends[value.convention] = min(low, value.value), max(high, value.value)
    return floors
