"""How often the intervals cover the truth, and how often equal models are told apart.

`python -m benchmarks.resampling [TRIALS]` prints the tables that `docs/statistics.md` and
`thresholds/statistics.toml` quote. Errors are drawn from populations of which every number is
known, independently or in groups of configurations on which a model errs alike; what draws and
judges is the suite's own code.
"""

import math
import sys
from collections.abc import Callable, Sequence

import numpy as np

from umlip_gate.datasets.configurations import IntArray
from umlip_gate.metrics.bootstrap import LEVEL, Resampling, ResamplingDesign, intervals
from umlip_gate.metrics.errors import Errors, FloatArray, no_stresses
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
    """Return every number of a population that its tails and nothing else decide."""
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


GROUP_SIZES: dict[str, tuple[int, ...]] = {
    "independent": (1,),
    "pairs": (2,),
    "steps and series": (1, 1, 1, 1, 1, 1, 2, 2, 4, 8),
    "as W-g": (1,) * 690 + (2,) * 36 + (4,) * 8 + (5, 5, 5, 16, 20, 20, 20, 20, 121),
}
"""How many configurations the groups hold; each group draws its size from these. Within a group all
errors are equal, the extreme of what is measured (`thresholds/independence.toml`)."""


def grouped(rng: Generator, grouping: str, n_groups: int) -> IntArray:
    """Draw the group of each configuration, shape (n,), numbered from 0 to n_groups - 1."""
    sizes = GROUP_SIZES[grouping]
    if len(sizes) == n_groups:  # the dataset itself, whose series were chosen and not drawn
        return np.repeat(np.arange(n_groups), sizes)
    return np.repeat(np.arange(n_groups), rng.choice(sizes, n_groups))


def sizes_of(rng: Generator, n: int) -> FloatArray:
    """Draw numbers of atoms."""
    return rng.integers(2, 150, size=n).astype(np.float64)


def errors_from(
    energy: FloatArray, force: FloatArray, n_atoms: FloatArray, groups: IntArray
) -> Errors:
    """Make errors of one force component for each configuration, all with a reference of 1."""
    n = len(energy)
    return Errors(
        n_atoms=n_atoms,
        energy=energy,
        force_squared=3 * n_atoms * force**2,
        force_absolute=3 * n_atoms * np.abs(force),
        force_norm=math.sqrt(3) * n_atoms * np.abs(force),
        force_along=3 * n_atoms * force,
        reference_energy=np.where(groups % 2, -9e3, -8e3),
        reference_force_squared=3 * n_atoms,
        fractions=np.ones((n, 1)),
        groups=groups,
        n_forces=n_atoms,
        **no_stresses(n),
    )


def coverage(
    population: str, grouping: str, n_groups: int, trials: int, *, by_rows: bool = False
) -> dict[Key, float]:
    """Return the share of 95 % intervals that hold the population's number.

    Parameters
    ----------
    population, grouping
        Of the errors, and of the sizes of the groups that err alike.
    n_groups, trials
        Groups of each sample, and samples.
    by_rows
        Whether configurations are drawn one by one, as if they were independent.
    """
    rng = np.random.default_rng(1)
    draw, true = POPULATIONS[population], truths(population)
    covered = dict.fromkeys(true, 0)
    for trial in range(trials):
        groups = grouped(rng, grouping, n_groups)
        energy, force, n_atoms = draw(rng, n_groups), draw(rng, n_groups), sizes_of(rng, n_groups)
        errors = errors_from(energy[groups], force[groups], n_atoms[groups], groups)
        estimates = estimates_of(errors)
        drawn = np.arange(len(groups)) if by_rows else groups
        found = intervals(
            [estimates[key] for key in true],
            ResamplingDesign.of_groups([drawn]),
            Resampling(n_resamples=N_RESAMPLES, seed=trial),
            never_negative=[QUANTITIES[name].never_negative for name, _ in true],
        )
        for key, interval in zip(true, found, strict=True):
            if interval is None:
                covered[key] += 1  # nothing is said, and nothing passes by it
            else:
                covered[key] += interval[0] <= true[key] <= interval[1]
    return {key: count / trials for key, count in covered.items()}


def false_separations(  # noqa: PLR0913, PLR0917 - a case of the table
    populations: Sequence[str],
    pairs: Pairs,
    grouping: str,
    n_groups: int,
    trials: int,
    level: float,
    *,
    by_rows: bool = False,
) -> float:
    """Return the share of samples in which any pair of models of one RMSE is told apart.

    All err alike by half (correlation 0.5), as models trained on the same data do.

    Parameters
    ----------
    populations
        Of each model.
    pairs
        The models that are compared; their intervals hold together.
    grouping
        Of the sizes of the groups that err alike.
    n_groups, trials, level
        Groups of each sample, samples, and the level of the intervals.
    by_rows
        Whether configurations are drawn one by one, as if they were independent.
    """
    rng = np.random.default_rng(2)
    draws = [POPULATIONS[population] for population in populations]
    told = 0
    for trial in range(trials):
        groups = grouped(rng, grouping, n_groups)
        n_atoms = sizes_of(rng, n_groups)
        shared = rng.normal(size=n_groups)
        squared = [n_atoms * (shared + draw(rng, n_groups)) ** 2 for draw in draws]
        once = np.ones(len(groups))
        models = [ratio(once, own[groups], n_atoms[groups]).root() for own in squared]
        found = intervals(
            [models[first].minus(models[second]) for first, second in pairs],
            ResamplingDesign.of_groups([np.arange(len(groups)) if by_rows else groups]),
            Resampling(level, N_RESAMPLES, trial),
            joint=True,
        )
        told += any(each and not each[0] <= 0 <= each[1] for each in found)
    return told / trials


PAIR = [(0, 1)]
RANKING = [(place, place + 1) for place in range(21)]
"""The links of an order of 22 models."""


def main(trials: int) -> None:
    """Print both tables."""
    statistics = committed_thresholds().statistics
    few = statistics.fewest_configurations
    _write(
        f"{trials} trials of {N_RESAMPLES} resamples. Covered: the least, the most and the mean of "
        f"{len(truths('normal'))} numbers whose {LEVEL:.0%} interval holds the truth. Told apart: "
        f"models of one RMSE at {statistics.order_level:.0%}: two models, two of which one is "
        "normal, any link of 22.\n\n"
        "| errors | groups | number | covered | by rows | told apart | by rows |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    whole = len(GROUP_SIZES["as W-g"])
    for grouping in GROUP_SIZES:
        for population in POPULATIONS:
            if grouping != "independent" and population == "mixture":
                continue  # what its groups lack is another question, and the same answer
            for n_groups in (whole,) if grouping == "as W-g" else (few, 200, 1000):
                _case(population, grouping, n_groups, trials, statistics.order_level)


def _case(population: str, grouping: str, n_groups: int, trials: int, level: float) -> None:
    cells = [population, grouping, str(n_groups)]
    told = []
    models = {
        "two": ([population] * 2, PAIR),
        "one normal": (["normal", population], PAIR),
        "22": ([population] * 22, RANKING),
    }
    for by_rows in (False, True) if grouping != "independent" else (False,):
        covered = coverage(population, grouping, n_groups, trials, by_rows=by_rows).values()
        mean = sum(covered) / len(covered)
        cells.append(f"{min(covered):.1%} to {max(covered):.1%} (mean {mean:.1%})")
        shares = [
            false_separations(names, pairs, grouping, n_groups, trials, level, by_rows=by_rows)
            for names, pairs in models.values()
        ]
        told.append(", ".join(f"{share:.1%}" for share in shares))
    blank = [""] * (2 - len(told))
    _write(f"| {' | '.join([*cells, *blank, *told, *blank])} |\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
