"""How often the intervals cover the truth, and how often equal models are told apart.

`python -m tests.selftest.resampling [TRIALS]` prints the figures that the README quotes. Errors are
drawn from populations whose RMSE is known; what draws and judges is the suite's own code.
"""

import sys
from collections.abc import Callable

import numpy as np

from umlip_gate.metrics.bootstrap import difference_interval, interval_of, replicates
from umlip_gate.metrics.errors import Errors, FloatArray

Key = tuple[str, str]
Generator = np.random.Generator

KEYS: tuple[Key, ...] = (("energy_rmse", "per_atom"), ("force_rmse", "component"))
N_RESAMPLES = 500
SIZES = (200, 1000)

POPULATIONS: dict[str, Callable[[Generator, int], FloatArray]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "Laplace": lambda rng, n: rng.laplace(scale=np.sqrt(0.5), size=n),
    "Student's t, 5 degrees": lambda rng, n: rng.standard_t(5, size=n) / np.sqrt(5 / 3),
}
"""Errors whose mean square is 1: of ordinary, long and very long tails (kurtosis 3, 6 and 9)."""


def errors_from(energy: FloatArray, force: FloatArray, n_atoms: FloatArray) -> Errors:
    """Make errors of one force component for each configuration; only RMSEs are meant."""
    n = len(energy)
    return Errors(
        n_atoms=n_atoms,
        energy=energy,
        force_squared=3 * n_atoms * force**2,
        force_absolute=np.ones(n),
        force_norm=np.ones(n),
        force_along=np.ones(n),
        reference_energy=np.linspace(-9e3, -8e3, n),
        reference_force_squared=np.ones(n),
        fractions=np.ones((n, 1)),
    )


def coverage(population: str, n: int, trials: int, seed: int = 1) -> dict[Key, float]:
    """Give the share of 95 % intervals that hold the population's RMSE."""
    rng = np.random.default_rng(seed)
    draw = POPULATIONS[population]
    covered = dict.fromkeys(KEYS, 0)
    for trial in range(trials):
        n_atoms = rng.integers(2, 150, size=n).astype(np.float64)
        errors = errors_from(draw(rng, n), draw(rng, n), n_atoms)
        found = replicates(errors, N_RESAMPLES, seed=trial)
        for key in KEYS:
            low, high = interval_of(found[key])
            covered[key] += low <= 1 <= high
    return {key: count / trials for key, count in covered.items()}


def false_separations(population: str, n: int, trials: int, seed: int = 2) -> dict[Key, float]:
    """Give the share of pairs of equally good models that the paired test tells apart.

    The two err alike by half (correlation 0.5), as models trained on the same data do.
    """
    rng = np.random.default_rng(seed)
    draw = POPULATIONS[population]
    told_apart = dict.fromkeys(KEYS, 0)
    for trial in range(trials):
        n_atoms = rng.integers(2, 150, size=n).astype(np.float64)
        shared = draw(rng, n), draw(rng, n)
        models = [
            errors_from(shared[0] + draw(rng, n), shared[1] + draw(rng, n), n_atoms)
            for _ in range(2)
        ]
        first, second = (replicates(errors, N_RESAMPLES, seed=trial) for errors in models)
        for key in KEYS:
            low, high = difference_interval(first[key] - second[key])
            told_apart[key] += not low <= 0 <= high
    return {key: count / trials for key, count in told_apart.items()}


def main(trials: int) -> None:
    """Print both for every population and size."""
    write = sys.stdout.write
    write(f"{trials} trials of {N_RESAMPLES} resamples; energy RMSE per atom, force RMSE\n")
    for population in POPULATIONS:
        for n in SIZES:
            covered = coverage(population, n, trials)
            apart = false_separations(population, n, trials)
            write(
                f"{population}, {n} configurations: 95 % intervals cover "
                f"{', '.join(f'{100 * covered[key]:.1f} %' for key in KEYS)}; equal models "
                f"separated {', '.join(f'{100 * apart[key]:.1f} %' for key in KEYS)}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
