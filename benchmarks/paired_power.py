"""The false-alarm rate of the cost comparison, and the slowdown that it detects.

Run as a module: `python -m benchmarks.paired_power --model CHGNet_0.3.0 --blocks 24`. Each block
starts two workers of the same model and times one against the other, as the suite does; a run of
the suite is some blocks drawn from all of them. What a slowdown of the judged model would have been
found to be follows from the same rounds, multiplied by it.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umlip_gate.claims.cost_verdicts import outcome_of
from umlip_gate.claims.verdict import Outcome
from umlip_gate.cost.evidence import Device
from umlip_gate.cost.paired import PairedComparison, block, ratio
from umlip_gate.cost.protocol import Protocol
from umlip_gate.cost.session import CostSession
from umlip_gate.cost.size_sweep import SizeSweep
from umlip_gate.cost.thresholds import load_cost_thresholds
from umlip_gate.errors import Fault
from umlip_gate.models.registry import Model, load_models
from umlip_gate.settings import THRESHOLDS, Settings, cache_folder, mirror_folder

Blocks = NDArray[np.float64]
"""Ratios of the pairs of both starts of every block, shape (n_blocks, 2, n_pairs)."""

SLOWDOWNS = tuple(round(0.01 * percent, 2) for percent in range(21))
MOST_OFTEN = 0.9
N_RUNS = 200
JUDGED = (Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE)
SEED = 1


def same_against_same(
    model: Model, n_blocks: int, protocol: Protocol, against: PairedComparison, device: Device
) -> Iterator[list[list[float]]]:
    """Time a model against itself; yield the ratios of each block's pairs.

    Raises
    ------
    Unavailable, MeasurementError
        The model cannot be run here.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(cache_folder(), Path(folder), mirror_folder(), offline=True)
        session = CostSession({model.id: model}, settings, protocol, device, None)

        def start() -> SizeSweep:
            return session.start(model.id)

        for _ in range(n_blocks):
            yield [meeting.ratios for meeting in block(start, start, against)]


def rates(blocks: Blocks, slowdown: float, against: PairedComparison) -> dict[Outcome, float]:
    """Return the share of each outcome, had the judged model been slower by a fraction."""
    rng = np.random.default_rng(SEED)
    runs = [rng.choice(len(blocks), against.blocks, replace=False) for _ in range(N_RUNS)]
    found = [outcome_of(ratio((1 + slowdown) * blocks[run], against), against) for run in runs]
    return {outcome: found.count(outcome) / N_RUNS for outcome in JUDGED}


def summary(blocks: Blocks, against: PairedComparison) -> list[str]:
    """Return how often equal models pass, and the least slowdown that is detected."""
    starts = np.exp(np.median(np.log(blocks), axis=2))
    centres = np.exp(np.log(starts).mean(axis=1))
    equal = rates(blocks, 0, against)
    seen = {slowdown: rates(blocks, slowdown, against)[Outcome.FAILED] for slowdown in SLOWDOWNS}
    often = [slowdown for slowdown, share in seen.items() if share >= MOST_OFTEN]
    least = f"{min(often):.0%}" if often else f"none up to {max(SLOWDOWNS):.0%}"
    ends = ", ".join(f"{share:.1%} {outcome}" for outcome, share in equal.items())
    count = f"{len(blocks)} blocks of two starts of {against.pairs} pairs, the model against itself"
    return [
        f"{count}: {_spread(centres)}",
        f"by the worker that started first over the other: {_spread(_first_over_second(starts))}",
        f"runs of {against.blocks} blocks, limit {against.max_ratio:g}; equal models: {ends}",
        f"a slowdown that fails at least {MOST_OFTEN:.0%} of the time: {least}",
    ]


def _first_over_second(starts: Blocks) -> Blocks:
    """Return the ratios of every start by the order in which its workers were started."""
    return np.concatenate([starts[:, 0], 1 / starts[:, 1]])


def _spread(ratios: Blocks) -> str:
    ends = f"{ratios.min():.4f} to {ratios.max():.4f}"
    return f"{ends}, mean {ratios.mean():.4f} ± {ratios.std(ddof=1):.4f} each"


def main() -> None:
    """Measure, and print."""
    models = load_models()
    thresholds = load_cost_thresholds(THRESHOLDS, models)
    against = thresholds.comparison
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", choices=list(models), default="CHGNet_0.3.0", metavar="ID")
    parser.add_argument("--blocks", type=int, default=24)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    given = parser.parse_args()
    if given.blocks < 2 * against.blocks:
        parser.error(f"--blocks {given.blocks}: at least {2 * against.blocks}, to draw runs from")
    blocks: list[list[list[float]]] = []
    try:
        for ratios in same_against_same(
            models[given.model], given.blocks, thresholds.protocol, against, given.device
        ):
            blocks.append(ratios)
            print(f"block {len(blocks)}: {np.round(ratios, 4).tolist()}", flush=True)  # noqa: T201
    except Fault as fault:
        sys.exit(str(fault))
    print("\n".join(summary(np.array(blocks), against)))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
