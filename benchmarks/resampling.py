"""How often the intervals cover the truth, and how often equal models are told apart.

`python -m benchmarks.resampling [TRIALS]` prints the figures that README and
`thresholds/statistics.toml` quote. Errors are drawn from populations of which every number is
known; what draws and judges is the suite's own code.
"""

import math
import sys
from collections.abc import Callable, Sequence

import numpy as np

from umlip_gate.metrics.bootstrap import LEVEL, Resampling, ResamplingDesign, intervals
from umlip_gate.metrics.errors import Errors, FloatArray
from umlip_gate.metrics.estimates import estimates_of, ratio
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.report.claims import committed_thresholds

Key = tuple[str, str]
Generator = np.random.Generator
Pairs = Sequence[tuple[int, int]]
Draw = Callable[[Generator, int], FloatArray]

N_RESAMPLES = 500


def _mixture(rng: Generator, n: int) -> FloatArray:
    """One configuration in twenty errs five times as much as the others."""
    return rng.normal(size=n) * np.where(rng.random(n) < 0.05, 5, 1) / math.sqrt(2.2)


POPULATIONS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "Laplace": lambda rng, n: rng.laplace(scale=np.sqrt(0.5), size=n),
    "Student's t, 5 degrees": lambda rng, n: rng.standard_t(5, size=n) / np.sqrt(5 / 3),
    "mixture": _mixture,
}
"""Errors whose mean square is 1: of ordinary, long and very long tails (kurtosis 3, 6, 9), and of
two kinds of configurations (kurtosis 20)."""

MEAN_ABSOLUTE = {
    "normal": math.sqrt(2 / math.pi),
    "Laplace": math.sqrt(0.5),
    "Student's t, 5 degrees": 0.9490167 / math.sqrt(5 / 3),
    "mixture": 1.2 * math.sqrt(2 / math.pi) / math.sqrt(2.2),
}


def truths(population: str) -> dict[Key, float]:
    """Give every number of a population that its tails and nothing else decide."""
    absolute = MEAN_ABSOLUTE[population]
    weights = ("per_configuration", "per_atom")
    energies = [f"{weight}{removed}" for weight in weights for removed in ("", "_offset_removed")]
    return {
        **{("energy_rmse", convention): 1.0 for convention in energies},
        **{("energy_rmse", f"{weight}_composition_removed"): 1.0 for weight in weights},
        **{("energy_slope", f"{weight}_composition_removed"): 1.0 for weight in weights},
        **{("energy_mae", convention): absolute for convention in energies},
        **{("energy_offset", weight): 0.0 for weight in weights},
        ("force_rmse", "component"): 1.0,
        ("force_mae", "component"): absolute,
        ("force_slope", "component"): 1.0,
    }


def sizes_of(rng: Generator, n: int) -> FloatArray:
    """Draw numbers of atoms."""
    return rng.integers(2, 150, size=n).astype(np.float64)


def errors_from(energy: FloatArray, force: FloatArray, n_atoms: FloatArray) -> Errors:
    """Make errors of one force component for each configuration, all with a reference of 1."""
    n = len(energy)
    return Errors(
        n_atoms=n_atoms,
        energy=energy,
        force_squared=3 * n_atoms * force**2,
        force_absolute=3 * n_atoms * np.abs(force),
        force_norm=math.sqrt(3) * n_atoms * np.abs(force),
        force_along=3 * n_atoms * force,
        reference_energy=np.where(np.arange(n) % 2, -9e3, -8e3),
        reference_force_squared=3 * n_atoms,
        fractions=np.ones((n, 1)),
    )


def coverage(population: str, n: int, trials: int, seed: int = 1) -> dict[Key, float]:
    """Give the share of 95 % intervals that hold the population's number."""
    rng = np.random.default_rng(seed)
    draw, true = POPULATIONS[population], truths(population)
    covered = dict.fromkeys(true, 0)
    for trial in range(trials):
        estimates = estimates_of(errors_from(draw(rng, n), draw(rng, n), sizes_of(rng, n)))
        found = intervals(
            [estimates[key] for key in true],
            ResamplingDesign.of_parts([n]),
            Resampling(n_resamples=N_RESAMPLES, seed=trial),
            never_negative=[QUANTITIES[name].never_negative for name, _ in true],
        )
        for key, interval in zip(true, found, strict=True):
            if interval is None:
                covered[key] += 1  # nothing is said, and nothing passes by it
            else:
                covered[key] += interval[0] <= true[key] <= interval[1]
    return {key: count / trials for key, count in covered.items()}


def false_separations(
    populations: Sequence[str], pairs: Pairs, n: int, trials: int, level: float
) -> float:
    """Give the share of samples in which any pair of models of one RMSE is told apart.

    All err alike by half (correlation 0.5), as models trained on the same data do.

    Parameters
    ----------
    populations
        Of each model.
    pairs
        The models that are compared; their intervals hold together.
    n, trials, level
        Configurations of each sample, samples, and the level of the intervals.
    """
    rng = np.random.default_rng(2)
    draws = [POPULATIONS[population] for population in populations]
    told = 0
    for trial in range(trials):
        n_atoms = sizes_of(rng, n)
        shared = rng.normal(size=n)
        squared = [n_atoms * (shared + draw(rng, n)) ** 2 for draw in draws]
        models = [ratio(np.ones(n), own, n_atoms).root() for own in squared]
        found = intervals(
            [models[first].minus(models[second]) for first, second in pairs],
            ResamplingDesign.of_parts([n]),
            Resampling(level, N_RESAMPLES, trial),
            joint=True,
        )
        told += any(each and not each[0] <= 0 <= each[1] for each in found)
    return told / trials


RANKING = [(place, place + 1) for place in range(21)]
"""The links of an order of 22 models."""


def main(trials: int) -> None:
    """Print both for every population and size."""
    write = sys.stdout.write
    statistics = committed_thresholds().statistics
    level = statistics.order_level
    write(
        f"{trials} trials of {N_RESAMPLES} resamples: intervals at {LEVEL:.0%}, "
        f"models of one RMSE told apart at {level:.0%}\n"
    )
    for population in POPULATIONS:
        for n in (statistics.fewest_configurations, 200, 1000):
            covered = coverage(population, n, trials)
            lowest = min(covered, key=covered.__getitem__)
            apart = {
                "two models": false_separations([population] * 2, [(0, 1)], n, trials, level),
                "one of them normal": false_separations(
                    ["normal", population], [(0, 1)], n, trials, level
                ),
                "any link of 22": false_separations([population] * 22, RANKING, n, trials, level),
            }
            write(
                f"{population}, {n} configurations: covered {min(covered.values()):.1%} "
                f"({' '.join(lowest)}) to {max(covered.values()):.1%}; told apart "
                f"{', '.join(f'{name} {share:.1%}' for name, share in apart.items())}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
