"""By how much models differ, or the parts of a dataset."""

from collections.abc import Sequence

import numpy as np

from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.evidence import Cell
from umlip_gate.claims.statistics import Statistics
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.bootstrap import Interval, Resampling, ResamplingDesign, intervals, moves_of
from umlip_gate.metrics.errors import FloatArray
from umlip_gate.metrics.estimates import Estimate

Pair = tuple[Cell, Cell]


def differences(
    pairs: Sequence[Pair], number: Measured, statistics: Statistics
) -> list[Interval | None]:
    """Give the intervals of differences, first minus second, all of which hold together.

    Cells of one dataset are paired: its configurations are drawn for all models together. Cells
    of different ones are drawn independently.

    Parameters
    ----------
    pairs
        At least one.
    number
        What is compared.
    statistics
        The level, and the fewest independent groups from which anything is told.

    Returns
    -------
    list
        (low, high) of each pair; None where nothing can be told: there are too few
        configurations, or the two do not differ from configuration to configuration.

    Raises
    ------
    MeasurementError
        A cell has no value, or two of one dataset were measured on different configurations.
    """
    estimates, design = together([cell for pair in pairs for cell in pair], number)
    by = [first.minus(other) for first, other in zip(estimates[::2], estimates[1::2], strict=True)]
    found = intervals(by, design, Resampling(statistics.order_level), joint=True)
    return [
        None if min(a.basis.n_groups, b.basis.n_groups) < statistics.fewest_configurations else one
        for (a, b), one in zip(pairs, found, strict=True)
    ]


def resampled(cells: Sequence[Cell], number: Measured) -> FloatArray:
    """Give the values of several cells in every resample, shape (n_resamples, n_cells)."""
    estimates, design = together(cells, number)
    influences = np.column_stack([estimate.influence for estimate in estimates])
    return np.array([estimate.value for estimate in estimates]) + moves_of(influences, design).by


def together(cells: Sequence[Cell], number: Measured) -> tuple[list[Estimate], ResamplingDesign]:
    """Lay the configurations of all datasets of some cells one after the other.

    Returns
    -------
    tuple
        What each cell measures, with the influence of every configuration, 0 where it is not of
        the cell's dataset; and how the configurations were drawn.

    Raises
    ------
    MeasurementError
        A cell has no value, or two of one dataset were measured on different configurations.
    """
    bases = {cell.dataset: cell.basis for cell in reversed(cells)}
    starts = dict(zip(bases, np.cumsum([0, *map(len, bases.values())]).tolist(), strict=False))
    estimates: dict[int, Estimate] = {}
    for cell in {id(cell): cell for cell in cells}.values():
        start, end = starts[cell.dataset], starts[cell.dataset] + len(bases[cell.dataset])
        if len(cell.basis) != end - start:
            raise MeasurementError(
                f"{cell.model} on {cell.dataset} was measured on {len(cell.basis)} "
                f"configurations, another on {end - start}: they cannot be compared"
            )
        influence = np.zeros(sum(map(len, bases.values())))
        influence[start:end] = cell.influence(number)
        estimates[id(cell)] = Estimate(cell.value(number), influence)
    designs = [basis.design for basis in bases.values()]
    return [estimates[id(cell)] for cell in cells], ResamplingDesign.joined(designs)
