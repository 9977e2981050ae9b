"""By how much models differ, or the parts of a dataset."""

from collections.abc import Sequence

import numpy as np

from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.bootstrap import Interval, Resampling, ResamplingDesign, intervals, moves_of
from umlip_gate.metrics.errors import FloatArray
from umlip_gate.metrics.estimates import Estimate

Pair = tuple[Result, Result]


def differences(
    pairs: Sequence[Pair], number: Measured, statistics: Statistics
) -> list[Interval | None]:
    """Return the intervals of differences, first minus second, all of which hold together.

    Results on one dataset are paired: its configurations are drawn for all models together. Results
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
        A result has no value, or two of one dataset were measured on different configurations.
    """
    estimates, design = together([result for pair in pairs for result in pair], number)
    by = [first.minus(other) for first, other in zip(estimates[::2], estimates[1::2], strict=True)]
    found = intervals(by, design, Resampling(statistics.order_level), joint=True)
    return [
        None
        if min(a.error_set.n_groups, b.error_set.n_groups) < statistics.fewest_configurations
        else one
        for (a, b), one in zip(pairs, found, strict=True)
    ]


def resampled(results: Sequence[Result], number: Measured) -> FloatArray:
    """Return the values of several results in every resample, shape (n_resamples, n_results)."""
    estimates, design = together(results, number)
    influences = np.column_stack([estimate.influence for estimate in estimates])
    return np.array([estimate.value for estimate in estimates]) + moves_of(influences, design).by


def together(
    results: Sequence[Result], number: Measured
) -> tuple[list[Estimate], ResamplingDesign]:
    """Lay the configurations of all datasets of some results one after the other.

    Returns
    -------
    tuple
        What each result measures, with the influence of every configuration, 0 where it is not of
        the result's dataset; and how the configurations were drawn.

    Raises
    ------
    MeasurementError
        A result has no value, or two of one dataset were measured on different configurations.
    """
    bases = {result.dataset: result.error_set for result in reversed(results)}
    starts = dict(zip(bases, np.cumsum([0, *map(len, bases.values())]).tolist(), strict=False))
    estimates: dict[int, Estimate] = {}
    for result in {id(result): result for result in results}.values():
        start, end = starts[result.dataset], starts[result.dataset] + len(bases[result.dataset])
        if len(result.error_set) != end - start:
            raise MeasurementError(
                f"{result.model} on {result.dataset} was measured on {len(result.error_set)} "
                f"configurations, another on {end - start}: they cannot be compared"
            )
        influence = np.zeros(sum(map(len, bases.values())))
        influence[start:end] = result.influence(number)
        estimates[id(result)] = Estimate(result.value(number), influence)
    designs = [error_set.design for error_set in bases.values()]
    return [estimates[id(result)] for result in results], ResamplingDesign.joined(designs)
