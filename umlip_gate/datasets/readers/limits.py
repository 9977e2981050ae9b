"""Bounds on what is read as data: `thresholds/reading.toml`."""

import time
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TypeVar

from pydantic import Field

from umlip_gate.errors import InputError
from umlip_gate.schema import Strict, read_toml, validate
from umlip_gate.settings import THRESHOLDS

PATH = THRESHOLDS / "reading.toml"
T = TypeVar("T")


class Limit(Strict):
    """One bound, and why it is where it is."""

    max: int = Field(gt=0)
    rationale: str


class Contradiction(Strict):
    """How far apart two references of one structure may be."""

    energy_mev_per_atom: float = Field(gt=0)
    force_mev_per_ang: float = Field(gt=0)
    rationale: str


class Suspicion(Strict):
    """From where on a row looks like a mistake.

    Attributes
    ----------
    fewest_rows
        Of one composition, to tell what is usual.
    far_ev_per_atom
        From the median of the composition.
    unit_share
        How near, by the median, an energy in another unit must come to it.
    least_filled, most_filled
        Volume of the atoms' covalent spheres over that of the cell.
    """

    fewest_rows: int = Field(gt=2)
    far_ev_per_atom: float = Field(gt=0)
    unit_share: float = Field(gt=0, lt=1)
    least_filled: float = Field(gt=0)
    most_filled: float = Field(gt=0)
    rationale: str


class ReadingLimits(Strict):
    """The bounds of every reader.

    Attributes
    ----------
    bytes
        Of one file, decompressed.
    expansion
        Decompressed bytes by compressed byte.
    atoms
        Of one configuration.
    columns
        Of an atom's line.
    depth
        Lists or tables within each other.
    items
        Values by byte of a pickle.
    seconds
        For one file.
    contradiction
        Beyond it, two references of one structure contradict each other.
    suspicion
        Beyond it, a row is named as a possible mistake.
    """

    bytes: Limit
    expansion: Limit
    atoms: Limit
    columns: Limit
    depth: Limit
    items: Limit
    seconds: Limit
    contradiction: Contradiction
    suspicion: Suspicion


@cache
def limits() -> ReadingLimits:
    """Return the bounds, read once.

    Raises
    ------
    InputError
        The file is not valid.
    """
    return validate(ReadingLimits, read_toml(PATH), str(PATH))


def in_time(rows: Iterable[T], where: str) -> Iterator[T]:
    """Yield the rows of a file until `seconds` have passed.

    Raises
    ------
    InputError
        Reading took longer.
    """
    begun_s = time.monotonic()
    for i, row in enumerate(rows):
        if time.monotonic() - begun_s > limits().seconds.max:
            raise InputError(
                f"{where} row {i}: reading took more than {limits().seconds.max} s "
                f"(thresholds/reading.toml); split the file"
            )
        yield row
