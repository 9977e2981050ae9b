"""One line on a terminal: how much of a computation is done."""

from collections.abc import Callable, Collection
from typing import Self, TextIO

from umlip_gate.datasets.configurations import IntArray

LINE = "{desc}{n_fmt}/{total_fmt} atoms, {rate_fmt}, {remaining} left"


class Progress:
    """Configurations and atoms that are done, rate, time left, and workers that are alive.

    Parameters
    ----------
    stream
        A terminal; None for silence.
    rows
        What is to be computed.
    n_atoms
        Of each row of the dataset.
    n_alive
        Counts the workers.
    """

    def __init__(
        self, stream: TextIO | None, rows: IntArray, n_atoms: IntArray, n_alive: Callable[[], int]
    ) -> None:
        self._n_atoms = n_atoms
        self._n_alive = n_alive
        self._done, self._total = 0, len(rows)
        self._bar = None
        if stream is not None and len(rows):
            from tqdm import tqdm  # noqa: PLC0415 - only for a person who looks

            self._bar = tqdm(
                total=int(n_atoms[rows].sum()),
                desc=f"0/{len(rows)} configurations, ",
                file=stream,
                bar_format=LINE,
                unit=" atoms",
                unit_scale=True,
                mininterval=0.5,
                dynamic_ncols=True,
                leave=False,
            )

    def __enter__(self) -> Self:
        """Return the progress."""
        return self

    def __exit__(self, *_: object) -> None:
        """Clear the line."""
        if self._bar is not None:
            self._bar.close()

    def advance(self, rows: Collection[int]) -> None:
        """Count rows as done; by one thread at a time.

        Parameters
        ----------
        rows
            Row numbers.
        """
        if self._bar is not None:
            self._done += len(rows)
            self._bar.desc = (
                f"{self._done}/{self._total} configurations, {self._n_alive()} worker(s), "
            )
            self._bar.update(int(self._n_atoms[list(rows)].sum()))
