"""How often `--cost-against` cries wolf, and how small a slowdown it sees: measured.

Run as a module: `python -m umlip_gate.cost.power --model CHGNet_0.3.0 --runs 20`. Each run starts
two workers of the same model and holds one against the other as the suite does. What a slowdown
of the judged one would have been found to be follows from the same rounds, multiplied by it.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from umlip_gate.claims.verdict import Finding
from umlip_gate.cost.against import Against, finding_of, per_step, ratio, side_by_side
from umlip_gate.cost.ladder import Ladder
from umlip_gate.cost.protocol import Protocol
from umlip_gate.cost.thresholds import load_cost_thresholds
from umlip_gate.cost.workbench import free_bytes, prepared
from umlip_gate.faults import Fault
from umlip_gate.models.registry import Model, load_models
from umlip_gate.settings import ROOT, Settings, cache_folder, mirror_folder

Pairs = tuple[list[float], list[float]]
"""Seconds per step of the rounds of the judged worker, and of the other's."""

SLOWDOWNS = tuple(round(0.01 * percent, 2) for percent in range(21))
MOST_OFTEN = 0.9


def same_against_same(
    model: Model, n_runs: int, protocol: Protocol, against: Against, device: str
) -> Iterator[Pairs]:
    """Time a model against itself, with new workers in every run.

    Raises
    ------
    NotObtainable, NotMeasured
        The model cannot be run here.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(cache_folder(), Path(folder), mirror_folder(), offline=True)
        live = prepared(model, device, settings, None)
        for run in range(n_runs):
            logs = (Path(folder) / f"{run}-{place}.log" for place in ("judged", "other"))
            ladders: list[Ladder] = []
            try:
                ladders += [Ladder(model.id, live, protocol, log, free_bytes) for log in logs]
                judged, other = side_by_side(ladders[0], ladders[1], against)
            finally:
                for ladder in ladders:
                    ladder.close()
            yield per_step(judged), per_step(other)


def rates(runs: Sequence[Pairs], slowdown: float, against: Against) -> dict[Finding, float]:
    """Say how often each finding came out, had the judged model been slower by a fraction."""
    found = [
        finding_of(ratio((1 + slowdown) * np.array(judged), other, against.seed), against)
        for judged, other in runs
    ]
    return {finding: found.count(finding) / len(found) for finding in Finding}


def summary(runs: Sequence[Pairs], against: Against) -> list[str]:
    """Say how often equal models pass, and from which slowdown on it is found out."""
    ratios = [ratio(*pairs, against.seed) for pairs in runs]
    values = np.array([each.value for each in ratios])
    widths = np.array([each.interval[1] - each.interval[0] for each in ratios])
    equal = rates(runs, 0, against)
    seen = [
        slowdown
        for slowdown in SLOWDOWNS
        if all(
            rates(runs, more, against)[Finding.OUTSIDE] >= MOST_OFTEN
            for more in SLOWDOWNS
            if more >= slowdown
        )
    ]
    least = f"{min(seen):.0%}" if seen else f"none up to {max(SLOWDOWNS):.0%}"
    count = f"{len(runs)} runs of {against.pairs} pairs, the model against itself"
    spread = f"from run to run ± {values.std(ddof=1):.4f}, {values.min():.4f} to {values.max():.4f}"
    ends = ", ".join(f"{share:.0%} {finding}" for finding, share in equal.items())
    return [
        f"{count}, limit {against.max_ratio:g}:",
        f"ratio {values.mean():.4f}, {spread}; width of the interval {widths.mean():.4f}",
        f"equal models: {ends}",
        f"a slowdown that is outside at least {MOST_OFTEN:.0%} of the time: {least}",
    ]


def main() -> None:
    """Measure, and print."""
    models = load_models(ROOT / "fixtures" / "models.toml")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", choices=list(models), default="CHGNet_0.3.0", metavar="ID")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    given = parser.parse_args()
    thresholds = load_cost_thresholds(ROOT / "thresholds", models)
    runs: list[Pairs] = []
    try:
        for pairs in same_against_same(
            models[given.model], given.runs, thresholds.protocol, thresholds.against, given.device
        ):
            runs.append(pairs)
            found = ratio(*pairs, thresholds.against.seed)
            low, high = found.interval
            print(f"run {len(runs)}: {found.value:.4f} ({low:.4f} to {high:.4f})", flush=True)  # noqa: T201
    except Fault as fault:
        sys.exit(str(fault))
    print("\n".join(summary(runs, thresholds.against)))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
