"""Axes of charts: where a value lies, which values are written, and how."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

N_TICKS = 6
"""About so many values are written along an axis."""
STEPS = (1.0, 2.0, 5.0, 10.0)
FEWEST_DECADES = 2
"""A logarithmic axis that spans fewer has ticks between the powers of ten."""


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    Attributes
    ----------
    low, high
        The values at its ends; positive on a logarithmic axis.
    start, end
        Where these lie in the picture, px.
    logarithmic
        Whether it is.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return where a value lies, px; of one beyond an end, the end."""
        measure = math.log if self.logarithmic else float
        low, high = measure(self.low), measure(self.high)
        inside = measure(min(max(value, self.low), self.high))
        # each divided before they are subtracted: the difference of two large values is infinite
        size = max(abs(low), abs(high)) or 1.0
        span = high / size - low / size
        share = (inside / size - low / size) / span if span else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return the values that are written along the axis, ascending."""
        if self.logarithmic:
            return logarithmic_ticks(self.low, self.high)
        return linear_ticks(self.low, self.high)


def linear_ticks(low: float, high: float) -> list[float]:
    """Return multiples of 1, 2 or 5 times a power of ten between two values."""
    rough = (high - low) / N_TICKS
    if not sys.float_info.min < rough < math.inf:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in STEPS if power * factor >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [step * k for k in range(first, last + 1)]


def logarithmic_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten between two positive values, and 2 and 5 times these if they are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = STEPS[:3] if math.log10(high) - math.log10(low) < FEWEST_DECADES else STEPS[:1]
    every = max(1, -(-(last - first) // (2 * N_TICKS)))
    found = [
        value
        for power in range(first, last + 1, every)
        for factor in factors
        if low <= (value := factor * 10.0**power) <= high
    ]
    return found or [low]


def tick_text(value: float) -> str:
    """Return a value as an axis shows it."""
    return "0" if value == 0 else f"{value:.6g}".replace("e+0", "e").replace("e-0", "e-")


def spans_decades(values: Sequence[float], most: float) -> bool:
    """Return whether positive values differ by more than a factor."""
    finite = all(0 < value < math.inf for value in values)
    return finite and math.log(max(values)) - math.log(min(values)) > math.log(most)
