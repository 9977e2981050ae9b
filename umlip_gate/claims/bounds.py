"""Numbers in threshold files: of which quantity, under which convention, and how large."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.schema import Strict, nearest

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_LARGEST_WRITTEN_OUT = 1e9
Relation = Literal["<", "≤", ">", "≥", "within"]


class Measured(Strict):
    """What a number in a threshold file is a number of.

    Attributes
    ----------
    quantity
        A name of `QUANTITIES`.
    convention
        The one of its conventions that is judged.
    unit
        The quantity's unit, written out so that a number is never read in another.
    """

    quantity: str
    convention: str
    unit: str

    @field_validator("quantity")
    @classmethod
    def _known_quantity(cls, quantity: str) -> str:
        if quantity not in QUANTITIES:
            raise ValueError(f"unknown quantity; {nearest(quantity, list(QUANTITIES))}")
        return quantity

    @field_validator("convention")
    @classmethod
    def _known_convention(cls, convention: str, info: ValidationInfo) -> str:
        quantity = QUANTITIES.get(info.data.get("quantity", ""))
        if quantity and convention not in quantity.conventions:
            close = nearest(convention, list(quantity.conventions))
            raise ValueError(f"{quantity.name} has no such convention; {close}")
        return convention

    @field_validator("unit")
    @classmethod
    def _right_unit(cls, unit: str, info: ValidationInfo) -> str:
        quantity = QUANTITIES.get(info.data.get("quantity", ""))
        if quantity and unit != quantity.unit:
            raise ValueError(f"{quantity.name} is measured in {quantity.unit!r}")
        return unit


class Ends(Strict):
    """An interval that a value must lie in.

    Attributes
    ----------
    min, max
        Its ends; at least one of them.
    strict
        Whether an end itself is outside ("below 5" instead of "at most 5").
    """

    strict: Annotated[bool, Field(strict=True)] = False
    min: Number | None = None
    max: Annotated[Number | None, Field(validate_default=True)] = None

    @field_validator("max")
    @classmethod
    def _ends(cls, maximum: float | None, info: ValidationInfo) -> float | None:
        minimum = info.data.get("min")
        if maximum is None and "min" in info.data and minimum is None:
            raise ValueError("a bound needs min, max or both")
        if maximum is not None and minimum is not None and maximum < minimum:
            raise ValueError(f"max is below min = {minimum:g}")
        return maximum

    def inside(self, value: float) -> bool:
        """Whether a value lies within; a NaN never does."""
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        return low < value < high if self.strict else low <= value <= high

    def straddled_by(self, interval: tuple[float, float]) -> bool:
        """Whether an interval has values inside and outside."""
        low, high = interval
        ends = [end for end in (self.min, self.max) if end is not None]
        return self.inside(low) != self.inside(high) or any(low < end < high for end in ends)

    @property
    def relation(self) -> Relation:
        """How a value inside stands to `limit`."""
        if self.min is None:
            return "<" if self.strict else "≤"
        if self.max is None:
            return ">" if self.strict else "≥"
        return "within"

    @property
    def limit(self) -> float | tuple[float, float]:
        """The end, or both of them."""
        low, *more = (end for end in (self.min, self.max) if end is not None)
        return (low, more[0]) if more else low


class Bound(Measured, Ends):
    """An interval that a quantity under a convention must lie in, its ends in `unit`."""


class ClaimBound(Bound):
    """A bound of a claim.

    Attributes
    ----------
    printed
        Whether the ends are the rounding of a number that the paper prints. Such a number says by
        itself under which convention it was computed.
    """

    printed: Annotated[bool, Field(strict=True)] = False


class ReferenceValue(Measured):
    """A number that a model is known to give, and how far it may move.

    Attributes
    ----------
    value
        In `unit`.
    relative_tolerance, absolute_tolerance
        One of them: as a fraction of the value, or in `unit`.
    """

    value: Number
    relative_tolerance: Annotated[Number, Field(gt=0)] | None = None
    absolute_tolerance: Annotated[
        Annotated[Number, Field(gt=0)] | None, Field(validate_default=True)
    ] = None

    @field_validator("absolute_tolerance")
    @classmethod
    def _one_tolerance(cls, tolerance: float | None, info: ValidationInfo) -> float | None:
        if "relative_tolerance" in info.data:
            relative = info.data["relative_tolerance"]
            if (relative is None) == (tolerance is None):
                raise ValueError("a reference has either a relative or an absolute tolerance")
        return tolerance

    @property
    def tolerance(self) -> float:
        """In `unit`."""
        if self.relative_tolerance is not None:
            return abs(self.value) * self.relative_tolerance
        return self.absolute_tolerance or 0.0


def show_beside(value: float, limit: float | Sequence[float]) -> str:
    """Two decimals, and as many more as it takes to tell a value from its limit."""
    if not abs(value) < _LARGEST_WRITTEN_OUT:
        return repr(value)
    if value == int(value):
        return f"{value:.0f}"
    ends = limit if isinstance(limit, Sequence) else (limit,)
    for digits in range(2, 12):
        shown = f"{value:.{digits}f}"
        if all(float(shown) != end or value == end for end in ends):
            return shown
    return repr(value)
