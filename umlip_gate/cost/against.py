"""Two models side by side: rounds in turns, in one run on one core or GPU, and their ratio.

What slows the machine down slows both; which of the two comes first changes from pair to pair.
Two processes of the same model differ by percents, by how their memory happens to lie, and stay
so: both are started anew again and again, and which starts first changes too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.cost.costs import Cost, ModelCosts
from umlip_gate.cost.judge import origin, system
from umlip_gate.cost.ladder import Ladder
from umlip_gate.cost.protocol import Count
from umlip_gate.faults import NotMeasured
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.schema import Strict

LEVEL = 0.95
N_RESAMPLES = 4000


class Against(Strict):
    """`[against]` of `thresholds/cost.toml`.

    Attributes
    ----------
    n_atoms
        The size that is run.
    blocks
        How many times two new workers are started: processes of one model differ.
    pairs
        Rounds of each model in a block.
    max_ratio
        How many times the other's a step of the judged model may cost.
    seed
        Of the bootstrap.
    rationale
        Why these numbers.
    """

    n_atoms: Count
    blocks: Annotated[int, Field(ge=4, multiple_of=2)]
    pairs: Annotated[int, Field(ge=2)]
    max_ratio: Annotated[float, Field(gt=1, allow_inf_nan=False)]
    seed: Annotated[int, Field(ge=0)]
    rationale: str


Start = Callable[[], Ladder]
"""Starts a worker of a model."""


@dataclass(frozen=True)
class Ratio:
    """How many times the other's a step costs.

    Attributes
    ----------
    value
        The geometric mean over blocks of the median over their pairs.
    interval
        Its 95 % percentile interval over resampled blocks, with resampled pairs.
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


def side_by_side(judged: Start, other: Start, against: Against, number: int) -> Block:
    """Start a worker of each model, and run their rounds in turns.

    Parameters
    ----------
    judged, other
        The two models.
    against
        Size and number of pairs.
    number
        Of the block: in every other one the other model's worker starts first.

    Raises
    ------
    NotObtainable, NotMeasured
        As `Ladder` does.
    """
    ladders: list[Ladder] = []
    try:
        for start in (judged, other) if number % 2 == 0 else (other, judged):
            ladders.append(start())
            ladders[-1].prepare(against.n_atoms)
        for pair in range(against.pairs):
            for ladder in ladders if pair % 2 == 0 else reversed(ladders):
                ladder.round()
        first, second = ladders if number % 2 == 0 else reversed(ladders)
        _require_one_device(first.measured, second.measured)
        return Block(first.measured, second.measured, first.finish(), second.finish())
    finally:
        for ladder in ladders:
            ladder.close()


def _require_one_device(judged: ModelCosts, other: ModelCosts) -> None:
    if judged.device != other.device:
        raise NotMeasured(
            f"{judged.model} ran on {judged.device}, {other.model} on {other.device}: a ratio of "
            "devices is none of models; give the other as a candidate file with that device"
        )


def ratio(blocks: ArrayLike, seed: int) -> Ratio:
    """Estimate a ratio from those of pairs of rounds.

    Parameters
    ----------
    blocks
        Shape (n_blocks, n_pairs).
    seed
        Of the resamples.
    """
    logs = np.log(np.asarray(blocks, dtype=np.float64))
    n_blocks, n_pairs = logs.shape
    rng = np.random.default_rng(seed)
    drawn = rng.integers(n_blocks, size=(N_RESAMPLES, n_blocks, 1))
    pairs = rng.integers(n_pairs, size=(N_RESAMPLES, n_blocks, n_pairs))
    means = np.median(logs[drawn, pairs], axis=2).mean(axis=1)
    tail = 50 * (1 - LEVEL)
    low, high = np.exp(np.percentile(means, [tail, 100 - tail]))
    value = float(np.exp(np.median(logs, axis=1).mean()))
    return Ratio(value, (float(low), float(high)))


def finding_of(found: Ratio, against: Against) -> Finding:
    """Hold both ends of a ratio's interval against the limit."""
    low, high = found.interval
    return Finding.of_difference((low - against.max_ratio, high - against.max_ratio))


def judge_against(judged: Start, other: Start, against: Against) -> Judgement:
    """Run two models side by side, and judge the ratio by its interval.

    Raises
    ------
    NotObtainable, NotMeasured
        As `side_by_side` does.
    """
    blocks = [side_by_side(judged, other, against, number) for number in range(against.blocks)]
    found = ratio([block.ratios for block in blocks], against.seed)
    low, high = found.interval
    finding = finding_of(found, against)
    verdict = {
        Finding.INSIDE: "inside the limit",
        Finding.OUTSIDE: "outside the limit",
        Finding.UNDECIDED: "not told from the limit by so many rounds",
    }
    last = blocks[-1]
    return Judgement(
        finding=finding,
        model=last.judged.model,
        dataset=system(against.n_atoms),
        source=origin(last.judged),
        value=found.value,
        interval=found.interval,
        relation="≤",
        limit=against.max_ratio,
        unit="1",
        text=f"{last.judged.model} costs {found.value:.3f} times (95 %: {low:.3f} to {high:.3f}) "
        f"what {last.other.model} does ({1e3 * last.ours.step_s:.4g} and "
        f"{1e3 * last.theirs.step_s:.4g} ms per step of {against.n_atoms} atoms, "
        f"{last.ours.clock} time, {against.blocks} blocks of {against.pairs} pairs), "
        f"{verdict[finding]} ≤ {against.max_ratio:g}",
    )


def per_step(cost: Cost) -> list[float]:
    """Seconds per step of each round."""
    return [seconds / cost.n_steps for seconds in cost.record_s]
