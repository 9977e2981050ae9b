"""Bounds on what is read as data: `thresholds/reading.toml`."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import NoReturn, TypeVar

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


def in_time(rows: Iterable[T], where: str) -> list[T]:
    """Read the rows of a file, for `seconds` at most.

    The bound holds inside a row too, where the system has a timer and the main thread reads;
    elsewhere it is looked at after each row.

    Raises
    ------
    InputError
        Reading took longer.
    """
    read: list[T] = []
    end_s = time.monotonic() + limits().seconds.max

    def stop(*_: object) -> NoReturn:
        raise InputError(
            f"{where} row {len(read)}: reading took more than {limits().seconds.max} s "
            f"(thresholds/reading.toml); split the file"
        )

    with _alarm(limits().seconds.max, stop):
        for row in rows:
            if time.monotonic() > end_s:
                stop()
            read.append(row)
    return read


@contextmanager
def _alarm(seconds: float, stop: Callable[..., NoReturn]) -> Iterator[None]:
    """Call a function after some time, and again every second: a reader may swallow an error.

    A timer that is set already, as a test's time limit is, goes on afterwards.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "setitimer"):
        yield
        return
    begun_s = time.monotonic()
    others_s, interval_s = signal.getitimer(signal.ITIMER_REAL)
    if 0 < others_s < seconds:
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if others_s:
            rest_s = max(others_s - (time.monotonic() - begun_s), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, rest_s, interval_s)
