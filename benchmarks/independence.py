"""How far the errors of near-identical configurations agree, and what that does to intervals.

`python -m benchmarks.independence` prints the tables of `docs/statistics.md` and the figures of
`thresholds/independence.toml`, from the published predictions of nine models on W-g.
"""

import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np

from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations, FloatArray, IntArray
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.independence import Independence, independent_groups, linked_pairs
from umlip_gate.datasets.registry import load_registry
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import Errors, errors_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.models.registry import load_models
from umlip_gate.predictions.published import read_published
from umlip_gate.settings import FIXTURES, Settings, cache_folder, mirror_folder

DATASET = "W-g"
STRAIN = 0.021
EDGES_ANG = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
SHOWN = {
    "E /conf.": ("energy_rmse", "per_configuration"),
    "E /atom": ("energy_rmse", "per_atom"),
    "F": ("force_rmse", "component"),
}
write = sys.stdout.write


def intraclass(values: FloatArray, first: IntArray, second: IntArray) -> float:
    """Return how far the values of pairs agree, about the mean of all: 1 if they are equal."""
    one, other = values[first] - values.mean(), values[second] - values.mean()
    return float(2 * (one @ other) / (one @ one + other @ other))


def agreement(whole: Configurations, errors: dict[str, Errors]) -> None:
    """Print how far squared force errors of linked pairs agree, by their displacement."""
    structures = [whole.atoms(row) for row in range(len(whole))]
    write(f"Pairs within a strain of {STRAIN:.1%}, without two-atom cells:\n\n")
    write("| displacement | pairs | agreement of squared force errors | groups | largest |\n")
    write("|---|---|---|---|---|\n")
    for least, most in pairwise(EDGES_ANG):
        rule, below = (
            Independence(largest_displacement_ang=end, largest_strain=STRAIN, rationale="table")
            for end in (most, max(least, 1e-9))
        )
        nearer = set(linked_pairs(structures, below))
        pairs = [pair for pair in linked_pairs(structures, rule) if pair not in nearer]
        first, second = np.array([pair for pair in pairs if whole.n_atoms[pair[0]] > 2]).T
        shares = [
            intraclass(each.force_squared / each.n_atoms, first, second) for each in errors.values()
        ]
        sizes = np.bincount(independent_groups(structures, [None] * len(whole), rule))
        write(
            f"| {least:g} to {most:g} Å | {len(first)} | {min(shares):.2f} to {max(shares):.2f} "
            f"| {len(sizes)} | {', '.join(map(str, np.sort(sizes)[:-6:-1]))} |\n"
        )


def intervals(errors: dict[str, Errors]) -> None:
    """Print the 95 % intervals of every model by rows and by groups."""
    heads = [f"{name} | by rows | by groups" for name in SHOWN]
    write(f"\n| model | {' | '.join(heads)} |\n|{'---|' * (1 + 3 * len(SHOWN))}\n")
    for name, own in errors.items():
        by_rows = measure_errors(ErrorSet((replace(own, groups=np.arange(len(own))),)))
        by_groups = measure_errors(ErrorSet((own,)))
        cells = []
        for quantity, convention in SHOWN.values():
            cells.append(f"{by_groups.values[quantity][convention]:.2f}")
            for metrics in (by_rows, by_groups):
                interval = metrics.intervals[quantity][convention]
                cells.append(
                    "none" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"
                )
        write(f"| {name} | {' | '.join(cells)} |\n")


def main() -> None:
    """Print both tables."""
    settings = Settings(cache_folder(), cache_folder() / "runs" / "benchmark", mirror_folder())
    datasets = load_registry(FIXTURES / "datasets.toml")
    whole = DatasetCache(datasets, settings).view(DATASET).configurations
    errors = {
        name: errors_of(whole, read_published(fetch(model.published[DATASET], settings), whole, 0))
        for name, model in load_models().items()
        if DATASET in model.published
    }
    agreement(whole, errors)
    intervals(errors)


if __name__ == "__main__":
    main()
