"""Two models side by side: rounds in turns, in one run on one core or GPU, and their ratio.

What slows the machine down slows both; which of the two comes first changes from pair to pair.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.cost.costs import Cost
from umlip_gate.cost.judge import origin, system
from umlip_gate.cost.ladder import Ladder
from umlip_gate.cost.protocol import Count
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
    pairs
        How many rounds of each model.
    max_ratio
        How many times the other's a step of the judged model may cost.
    seed
        Of the bootstrap.
    rationale
        Why these numbers.
    """

    n_atoms: Count
    pairs: Annotated[int, Field(ge=6)]
    max_ratio: Annotated[float, Field(gt=1, allow_inf_nan=False)]
    seed: Annotated[int, Field(ge=0)]
    rationale: str


@dataclass(frozen=True)
class Ratio:
    """How many times the other's a step costs.

    Attributes
    ----------
    value
        The median over the pairs.
    interval
        Its 95 % percentile interval over resampled pairs.
    """

    value: float
    interval: Interval


def side_by_side(judged: Ladder, other: Ladder, against: Against) -> tuple[Cost, Cost]:
    """Run the rounds of both in turns.

    Returns
    -------
    tuple
        The judged model's cost and the other's, with as many rounds as there are pairs.

    Raises
    ------
    NotObtainable, NotMeasured
        As `Ladder` does.
    """
    for ladder in (judged, other):
        ladder.prepare(against.n_atoms)
    for pair in range(against.pairs):
        first, second = (judged, other) if pair % 2 == 0 else (other, judged)
        first.round()
        second.round()
    return judged.finish(), other.finish()


def ratio(judged_s: ArrayLike, other_s: ArrayLike, seed: int) -> Ratio:
    """Estimate the ratio of two costs from pairs of rounds.

    Parameters
    ----------
    judged_s, other_s
        Seconds per step of each pair's rounds, both of shape (n_pairs,).
    seed
        Of the resamples.
    """
    ratios = np.asarray(judged_s) / np.asarray(other_s)
    draws = np.random.default_rng(seed).integers(len(ratios), size=(N_RESAMPLES, len(ratios)))
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(np.median(ratios[draws], axis=1), [tail, 100 - tail])
    return Ratio(float(np.median(ratios)), (float(low), float(high)))


def finding_of(found: Ratio, against: Against) -> Finding:
    """Hold both ends of a ratio's interval against the limit."""
    low, high = found.interval
    return Finding.of_difference((low - against.max_ratio, high - against.max_ratio))


def judge_against(judged: Ladder, other: Ladder, against: Against) -> Judgement:
    """Run two models side by side, and judge the ratio by its interval.

    Raises
    ------
    NotObtainable, NotMeasured
        As `side_by_side` does.
    """
    ours, theirs = side_by_side(judged, other, against)
    found = ratio(per_step(ours), per_step(theirs), against.seed)
    low, high = found.interval
    finding = finding_of(found, against)
    verdict = {
        Finding.INSIDE: "inside the limit",
        Finding.OUTSIDE: "outside the limit",
        Finding.UNDECIDED: "which this many pairs do not tell from the limit",
    }
    return Judgement(
        finding=finding,
        model=judged.measured.model,
        dataset=system(against.n_atoms),
        source=origin(judged.measured),
        value=found.value,
        interval=found.interval,
        relation="≤",
        limit=against.max_ratio,
        unit="1",
        text=f"{judged.measured.model} costs {found.value:.3f} times (95 %: {low:.3f} to "
        f"{high:.3f}) what {other.measured.model} does ({1e3 * ours.step_s:.4g} and "
        f"{1e3 * theirs.step_s:.4g} ms per step of {against.n_atoms} atoms, {ours.clock} time, "
        f"{against.pairs} pairs), {verdict[finding]} ≤ {against.max_ratio:g}",
    )


def per_step(cost: Cost) -> list[float]:
    """Seconds per step of each round."""
    return [seconds / cost.n_steps for seconds in cost.record_s]
