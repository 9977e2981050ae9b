"""Shares of a dataset's rows, which processes that know nothing of each other compute."""

import re
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import IntArray
from umlip_gate.errors import InputError


@dataclass(frozen=True)
class Shard:
    """One of several shares.

    Attributes
    ----------
    number
        From 1 on.
    count
        How many there are.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `i/N`.

        Raises
        ------
        InputError
            It is not of this form, or i is not one of 1 to N.
        """
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise InputError(f"--shard {text}: i/N with i from 1 to N, as in 1/8")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def name(self) -> str:
        """As a part of a file's name."""
        return f"-{self.number}-of-{self.count}"

    def rows(self, n_atoms: IntArray) -> IntArray:
        """Return its rows: structures by size are dealt out in turn, so that all last as long.

        Parameters
        ----------
        n_atoms
            Of each row of the dataset, shape (n,).
        """
        by_size = np.argsort(-n_atoms, kind="stable")
        return np.sort(by_size[self.number - 1 :: self.count])


def status_lines(kept: NDArray[np.bool_], n_atoms: IntArray, count: int) -> list[str]:
    """Return what lacks of a dataset, and which shards it is in.

    Parameters
    ----------
    kept
        Which rows are kept, shape (n,).
    n_atoms
        Of each row, shape (n,).
    count
        How many shards there are; 1 for the dataset as a whole.
    """
    lines = [f"{int(kept.sum())} of {len(kept)} configurations are kept"]
    lacking = []
    for number in range(1, count + 1):
        shard = Shard(number, count)
        rows = shard.rows(n_atoms)
        missing = rows[~kept[rows]]
        if len(missing):
            lacking.append(number)
            of = f"shard {shard}: " if count > 1 else ""
            lines.append(f"{of}{len(missing)} of {len(rows)} lack: rows {ranges(missing)}")
    if lacking and count > 1:
        lines.append(f"shards that lack rows: {','.join(map(str, lacking))}")
    return lines


def ranges(rows: IntArray, most: int = 10) -> str:
    """Return ascending row numbers as text, in which neighbours are one range.

    Parameters
    ----------
    rows
        The numbers.
    most
        So many ranges are written; the others are counted.
    """
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs[:most]]
    rest = sum(len(run) for run in runs[most:])
    return ", ".join(texts) + (f" and {rest} more" if rest else "")
