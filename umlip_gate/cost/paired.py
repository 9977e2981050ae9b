"""Two models side by side: rounds in turns, in one run on one core or GPU, and their ratio.

What slows the machine down slows both. Two processes of the same model differ by percents, by how
their memory happens to lie, and stay so; and the one that starts first was seen to differ from the
other. So both are started anew again and again, in one order and in the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from umlip_gate.cost.costs import Cost, ModelCosts
from umlip_gate.cost.protocol import Count
from umlip_gate.cost.size_sweep import SizeSweep
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.schema import Strict


class Resampling(Strict):
    """How the interval of a ratio is found: resampled blocks, with resampled pairs.

    Attributes
    ----------
    blocks
        How many times everything is started anew.
    pairs
        Rounds of each of the two between two starts, in turns.
    level
        Of the percentile interval.
    resamples, seed
        Of the bootstrap.
    """

    blocks: Annotated[int, Field(ge=4)]
    pairs: Annotated[int, Field(ge=2, multiple_of=2)]
    level: Annotated[float, Field(gt=0, lt=1)]
    resamples: Annotated[int, Field(ge=1000)]
    seed: Annotated[int, Field(ge=0)]


class PairedComparison(Resampling):
    """`[comparison]` of `thresholds/cost.toml`.

    A block starts two workers twice: the judged model's first, and the other's first.

    Attributes
    ----------
    n_atoms
        The size that is run.
    max_ratio
        How many times the other's a step of the judged model may cost.
    rationale
        Why these numbers.
    """

    n_atoms: Count
    max_ratio: Annotated[float, Field(gt=1, allow_inf_nan=False)]
    rationale: str


class OverheadProtocol(Resampling):
    """`[overhead]` of `thresholds/cost.toml`: a worker's steps beside those of a plain ASE loop.

    A block is one new worker.

    Attributes
    ----------
    n_atoms
        The size that is run.
    max_deviation
        How far the ratio's whole interval may be from one.
    rationale
        Why these numbers.
    """

    n_atoms: Count
    max_deviation: Annotated[float, Field(gt=0, lt=1)]
    rationale: str


Start = Callable[[], SizeSweep]
"""Starts a worker of a model."""


@dataclass(frozen=True)
class Ratio:
    """How many times the other's a step costs.

    Attributes
    ----------
    value
        The geometric mean over all starts of the median over their pairs.
    interval
        Its percentile interval.
    """

    value: float
    interval: Interval


@dataclass(frozen=True)
class Block:
    """Two workers side by side: the judged model's record and cost, and the other's."""

    judged: ModelCosts
    other: ModelCosts
    ours: Cost
    theirs: Cost

    @property
    def ratios(self) -> list[float]:
        """Of each pair of rounds."""
        pairs = zip(per_step(self.ours), per_step(self.theirs), strict=True)
        return [ours / theirs for ours, theirs in pairs]


def block(judged: Start, other: Start, comparison: PairedComparison) -> tuple[Block, Block]:
    """Start a worker of each model, and run their rounds in turns; then in the other order.

    Parameters
    ----------
    judged, other
        The two models.
    comparison
        Size and number of pairs.

    Raises
    ------
    Unavailable, MeasurementError
        As `SizeSweep` does.
    """
    first, second = (_block(starts, comparison) for starts in ((judged, other), (other, judged)))
    return first, Block(second.other, second.judged, second.theirs, second.ours)


def _block(starts: tuple[Start, Start], comparison: PairedComparison) -> Block:
    sweeps: list[SizeSweep] = []
    try:
        for start in starts:
            sweeps.append(start())
            sweeps[-1].prepare(comparison.n_atoms)
        for pair in range(comparison.pairs):
            for sweep in sweeps if pair % 2 == 0 else reversed(sweeps):
                sweep.round()
        first, second = sweeps
        _require_one_device(first.measured, second.measured)
        return Block(first.measured, second.measured, first.finish(), second.finish())
    finally:
        for sweep in sweeps:
            sweep.close()


def _require_one_device(judged: ModelCosts, other: ModelCosts) -> None:
    if judged.device != other.device:
        raise MeasurementError(
            f"{judged.model} ran on {judged.device} and {other.model} on {other.device}, so their "
            "times cannot be compared; pass the second model as a candidate file with "
            f'device = "{judged.device}"'
        )


def ratio(blocks: ArrayLike, how: Resampling) -> Ratio:
    """Estimate a ratio from those of pairs of rounds.

    Parameters
    ----------
    blocks
        Shape (n_blocks, n_starts, n_pairs).
    how
        Of the resamples.
    """
    logs = np.log(np.asarray(blocks, dtype=np.float64))
    n_blocks, n_starts, n_pairs = logs.shape
    rng = np.random.default_rng(how.seed)
    drawn = rng.integers(n_blocks, size=(how.resamples, n_blocks, 1, 1))
    pairs = rng.integers(n_pairs, size=(how.resamples, n_blocks, n_starts, n_pairs))
    every_start = np.arange(n_starts)[:, np.newaxis]
    means = np.median(logs[drawn, every_start, pairs], axis=3).mean(axis=(1, 2))
    tail = 50 * (1 - how.level)
    low, high = np.exp(np.percentile(means, [tail, 100 - tail]))
    value = float(np.exp(np.median(logs, axis=2).mean()))
    return Ratio(value, (float(low), float(high)))


def per_step(cost: Cost) -> list[float]:
    """Seconds per step of each round."""
    return [seconds / cost.n_steps for seconds in cost.record_s]
