"""How often a release is found worse than its predecessor, when it is and when it is not.

`python -m benchmarks.against_release` prints the table of docs/against-the-last-release.md. The
predecessor is a published model on W-g; W-g's independent groups of configurations are drawn anew,
with replacement, for each of the resamples, and both models are judged on what was drawn, as by a
gate's limits relative to another model. Noise is drawn for each drawn configuration: a group that
is drawn twice is two.
"""

import argparse
import sys
from dataclasses import replace

import numpy as np

from umlip_gate.claims.against import AgainstLimit
from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Outcome
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.registry import load_registry
from umlip_gate.metrics.bootstrap import Resampling
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import Errors, errors_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.models.registry import load_models
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.published import read_published
from umlip_gate.schema import read_toml, validate
from umlip_gate.settings import FIXTURES, THRESHOLDS, Settings, cache_folder, mirror_folder

DATASET, PREDECESSOR = "W-g", "eqV2-31M-omat-mp-salex"
NOISE_MEV_PER_ATOM, SCALE = 3.0, 0.97
NUMBERS = (
    ("energy_rmse", "per_atom", "meV/atom"),
    ("force_rmse", "component", "meV/Å"),
)
LIMITS = ({"max_difference": 0.0}, {"max_ratio": 1.05})
SEED = 20250701
write = sys.stdout.write


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resamples", type=int, default=200)
    n_resamples = parser.parse_args().resamples
    settings = Settings(cache_folder(), cache_folder(), mirror_folder())
    datasets = DatasetCache(load_registry(FIXTURES / "datasets.toml"), settings)
    whole = datasets.view(DATASET).configurations
    path = fetch(load_models()[PREDECESSOR].published[DATASET], settings)
    first = read_published(path, whole, 0)
    statistics = _statistics()
    write(f"{PREDECESSOR} on {DATASET}, {n_resamples} resamples of its groups\n\n")
    write("| the second model | number | limit | failed | inconclusive | passed |\n")
    write("|---|---|---|---|---|---|\n")
    for name, pair in PAIRS.items():
        found: dict[tuple[str, str], list[Outcome]] = {}
        for seed in range(n_resamples):
            rng = np.random.default_rng([SEED, seed])
            rows, groups = _draw(whole.groups, rng)
            drawn = replace(whole.select(rows), groups=groups)
            models = pair(drawn, first.select(rows, whole.n_atoms), rng)
            old, new = (_result(name, errors_of(drawn, each)) for each in models)
            for limit in _limits():
                ends = found.setdefault((f"{limit.quantity} {limit.convention}", _shown(limit)), [])
                ends.append(limit.judge(new, old, statistics).outcome)
        for (number, limit_text), ends in found.items():
            shares = [
                f"{ends.count(outcome) / n_resamples:.1%}"
                for outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.PASSED)
            ]
            write(f"| {name} | {number} | {limit_text} | {' | '.join(shares)} |\n")


def worse(
    whole: Configurations, first: Predictions, rng: np.random.Generator
) -> tuple[Predictions, Predictions]:
    """Return the first, and a second with forces x 0.97 and 3 meV/atom of noise."""
    return first, replace(_noised(whole, first, rng), forces=SCALE * first.forces)


def equal(
    whole: Configurations, first: Predictions, rng: np.random.Generator
) -> tuple[Predictions, Predictions]:
    """Return two models that are equally good: each the first with noise of its own."""
    one, other = (_shaken(whole, first, rng) for _ in range(2))
    return one, other


def itself(
    _whole: Configurations, first: Predictions, _rng: np.random.Generator
) -> tuple[Predictions, Predictions]:
    """Return the first twice."""
    return first, first


PAIRS = {
    f"forces x {SCALE}, {NOISE_MEV_PER_ATOM:g} meV/atom of noise": worse,
    "as good, with other errors": equal,
    "the first itself": itself,
}


def _noised(whole: Configurations, first: Predictions, rng: np.random.Generator) -> Predictions:
    noise = 1e-3 * NOISE_MEV_PER_ATOM * rng.normal(size=len(whole))
    return replace(first, energies=first.energies + whole.n_atoms * noise)


def _shaken(whole: Configurations, first: Predictions, rng: np.random.Generator) -> Predictions:
    """Add noise to the energies, and 30 meV/Å to each component of the forces."""
    forces = first.forces + 0.03 * rng.normal(size=first.forces.shape)
    return replace(_noised(whole, first, rng), forces=forces)


def _draw(groups: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Draw groups with replacement; return the rows, and which draw each belongs to."""
    labels = np.unique(groups)
    members = [np.flatnonzero(groups == label) for label in rng.choice(labels, len(labels))]
    return np.concatenate(members), np.repeat(np.arange(len(members)), list(map(len, members)))


def _result(name: str, errors: Errors) -> Result:
    metrics = measure_errors(ErrorSet((errors,)), Resampling(n_resamples=2))
    return Result(name, DATASET, "published", metrics)


def _limits() -> list[AgainstLimit]:
    base = {"name": "limit", "dataset": DATASET, "relative_to": "against", "rationale": "table"}
    return [
        AgainstLimit.model_validate(
            {**base, "quantity": quantity, "convention": convention, "unit": unit, **limit}
        )
        for quantity, convention, unit in NUMBERS
        for limit in LIMITS
    ]


def _shown(limit: AgainstLimit) -> str:
    kind = "ratio" if limit.max_ratio is not None else "difference"
    return f"{kind} ≤ {limit.limit:g}"


def _statistics() -> Statistics:
    path = THRESHOLDS / "statistics.toml"
    return validate(Statistics, read_toml(path), str(path))


if __name__ == "__main__":
    main()
