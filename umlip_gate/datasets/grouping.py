"""The chemical systems of a dataset: which configurations are of the same elements."""

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import Configurations


def systems(configurations: Configurations) -> NDArray[np.str_]:
    """Name the elements of each configuration.

    Returns
    -------
    array
        Shape (n,): the symbols in alphabetical order, written together. A configuration of
        one element is named by it; alloys of the same elements share a name, whatever their
        composition is.
    """
    return np.array(
        [
            "".join(sorted(chemical_symbols[number] for number in np.unique(numbers)))
            for numbers in np.split(configurations.numbers, configurations.offsets[1:-1])
        ]
    )
