"""Equations (1) and (2) of the paper and Spearman's correlation, in plain Python."""

import math
from collections.abc import Sequence

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.predictions.predictions import Predictions

Pairs = list[tuple[float, float]]


def energies(
    configurations: Configurations, members: Sequence[Predictions], row: int
) -> tuple[float, float]:
    """dev(E) and the error of the mean, meV, of one configuration."""
    each = [1000 * float(member.energies[row]) for member in members]
    mean = sum(each) / len(each)
    return max(abs(e - mean) for e in each), abs(1000 * float(configurations.energies[row]) - mean)


def forces(
    configurations: Configurations, members: Sequence[Predictions], atom: int
) -> tuple[float, float]:
    """dev(F_i) and the error of the mean, meV/Å, of one atom."""
    each = [[1000 * float(c) for c in member.forces[atom]] for member in members]
    mean = [sum(vector[axis] for vector in each) / len(each) for axis in range(3)]
    true = [1000 * float(c) for c in configurations.forces[atom]]
    return max(math.dist(vector, mean) for vector in each), math.dist(true, mean)


def spearman(pairs: Pairs) -> float | None:
    """None where one of the two is constant."""
    first, second = (_ranks([pair[side] for pair in pairs]) for side in (0, 1))
    middle = (len(pairs) + 1) / 2
    across = sum((a - middle) * (b - middle) for a, b in zip(first, second, strict=True))
    spreads = [sum((rank - middle) ** 2 for rank in ranks) for ranks in (first, second)]
    return across / math.sqrt(spreads[0] * spreads[1]) if all(spreads) else None


def _ranks(values: list[float]) -> list[float]:
    return [
        sum(other < value for other in values) + (values.count(value) + 1) / 2 for value in values
    ]
