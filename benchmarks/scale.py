"""What the metrics cost at the paper's own size: time and peak memory.

`python -m benchmarks.scale [MODELS [CONFIGURATIONS]]` measures synthetic predictions of 26
models on 54,084 configurations, 7.3 million atoms, one model at a time, and ranks the models by a
paired bootstrap, all by the suite's own code.
"""

import resource
import sys
import time

import numpy as np

from tests.selftest.builders.evidence import STATISTICS
from umlip_gate.claims.assertions import Order
from umlip_gate.claims.assertions.base import Subject
from umlip_gate.claims.result import Result
from umlip_gate.cost.evidence import Device, KnownCosts
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import errors_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.predictions.predictions import Predictions

N_MODELS = 26
N_CONFIGURATIONS = 54_084
ATOMS = (20, 251)
"""Of a configuration, from and up to: 135 on average, 7.3 million in all."""


def made_dataset(n: int) -> Configurations:
    """Make tungsten at random places: the reference alone matters."""
    rng = np.random.default_rng(0)
    n_atoms = rng.integers(*ATOMS, size=n)
    total = int(n_atoms.sum())
    return Configurations(
        n_atoms=n_atoms,
        numbers=np.full(total, 74),
        positions=np.zeros((total, 3)),
        cells=np.tile(np.eye(3), (n, 1, 1)),
        pbc=np.ones((n, 3), dtype=bool),
        energies=-13.0 * n_atoms + rng.normal(size=n),
        forces=rng.normal(size=(total, 3)),
        groups=np.arange(n),
    )


def measured(name: str, scale: float, reference: Configurations, seed: int) -> Result:
    """Return the result of a model whose errors are some meV."""
    rng = np.random.default_rng(seed)
    energies = reference.n_atoms * rng.normal(scale=0.005 * scale, size=len(reference))
    forces = rng.normal(scale=0.1 * scale, size=reference.forces.shape)
    forces += reference.forces
    predictions = Predictions(reference.energies + energies, forces, {})
    error_set = ErrorSet((errors_of(reference, predictions),))
    return Result(name, "made", "published", measure_errors(error_set))


class MeasuredContext:
    """The results that were measured."""

    statistics = STATISTICS

    def __init__(self, results: dict[str, Result], reference: Configurations) -> None:
        self.results, self.reference, self.compared = results, reference, list(results)

    def members(self, dataset: str) -> tuple[str, ...]:
        return (dataset,)

    def elements(self, groups: object) -> list[str]:
        raise NotImplementedError

    def configurations(self, dataset: str) -> Configurations:  # noqa: ARG002 - there is one
        return self.reference

    def result(self, model: str, dataset: str) -> Result:  # noqa: ARG002 - there is one
        return self.results[model]

    def costs(self, device: Device) -> KnownCosts:
        raise NotImplementedError


def main(n_models: int, n_configurations: int) -> None:
    """Measure and rank, and print what it took."""
    say = sys.stdout.write
    reference = made_dataset(n_configurations)
    started = time.process_time()
    names = [f"model-{number}" for number in range(1, n_models + 1)]
    results = {
        name: measured(name, 1 + 0.05 * place, reference, seed=place)
        for place, name in enumerate(names, start=1)
    }
    middle = time.process_time()
    ranking = Order.model_validate(
        {
            "kind": "order",
            "name": "all",
            "tiers": [[name] for name in names],
            "datasets": ["made"],
            "quantity": "force_rmse",
            "convention": "component",
            "unit": "meV/Å",
        }
    )
    verdict = ranking.judge(Subject(None, "made"), MeasuredContext(results, reference))
    ended = time.process_time()
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    say(f"{n_models} models on {len(reference)} configurations, {len(reference.forces)} atoms\n")
    say(f"{middle - started:.0f} s of CPU to measure, {ended - middle:.1f} s to rank; ")
    say(f"the order is found {verdict.outcome}; {peak_gb:.1f} GB at most\n")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*[*given, *(N_MODELS, N_CONFIGURATIONS)[len(given) :]])
