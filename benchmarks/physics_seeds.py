"""The laws of physics with many seeds: how often a sound model is failed, and a mutant found.

`python -m benchmarks.physics_seeds SEEDS MODEL...` evaluates registered models on as many draws of
the structures of every study that draws some, and prints the largest deviation of each quantity
over all draws, with how many draws exceed its limit. `python -m benchmarks.physics_seeds SEEDS
mutants` does so for each mutant of the self-tests, with the law that it was made for. Nothing is
kept.
"""

import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from ase.data import chemical_symbols

from tests.selftest.builders.predicted import predictions_of
from tests.selftest.physics import mutants
from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.registry import load_registry
from umlip_gate.models.prepare import prepare_model
from umlip_gate.models.registry import Model, load_models
from umlip_gate.physics.limits import load_physics
from umlip_gate.physics.studies import STUDIES
from umlip_gate.physics.study import Study
from umlip_gate.predictions.batches import packed
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Row
from umlip_gate.settings import FIXTURES, THRESHOLDS, Settings, mirror_folder

PHYSICS = load_physics(THRESHOLDS / "physics")
DATASETS = ("refractory-mini-MoNbTaW", "refractory-mini-W")
SEEDED = ("core", "symmetries", "batches", "potential")
"""Studies of energies and forces whose structures depend on a seed; `large` asks too much."""

MATRIX = Path(mutants.__file__).with_name("matrix.toml")


class Answers(NamedTuple):
    """What evaluates structures: in batches, and one by one."""

    together: Callable[[Configurations], Predictions]
    alone: Callable[[Configurations], Predictions]


def evaluate(pool: Pool, atoms_per_batch: int, configurations: Configurations) -> Predictions:
    """Return the predictions for every configuration."""
    rows: dict[int, Row] = {}
    batches = packed(np.arange(len(configurations)), configurations.n_atoms, atoms_per_batch)
    faults = pool.evaluate(batches, configurations.atoms, lambda part, _: rows.update(part))
    answers = [rows[row] for row in range(len(configurations)) if row not in faults]
    assert all(answer.kind == "ok" for answer in answers), answers
    assert not faults, faults
    return Predictions(
        np.array([answer.energy_ev for answer in answers]),
        np.concatenate([answer.forces_ev_per_ang for answer in answers]),
        {},
    )


def dataset_for(model: Model, datasets: DatasetCache) -> Configurations:
    """Return the alloys if the model covers them, else tungsten."""
    for name in DATASETS:
        configurations = datasets.view(name).configurations
        symbols = {chemical_symbols[number] for number in configurations.numbers.tolist()}
        if {chemical_symbols.index(symbol) for symbol in symbols} <= model.elements:
            return configurations
    raise SystemExit(f"{model.id} covers neither of {DATASETS}")


def deviations(name: str, seed: int, dataset: Configurations, ask: Answers) -> dict[str, float]:
    """Return the deviations of a study whose structures are drawn with a seed."""
    protocol = PHYSICS.protocols[name].model_copy(update={"seed": seed})
    study = STUDIES[name][1](dataset, protocol)
    assert isinstance(study, Study)
    once = ask.together(study.configurations)
    found = study.measure(once)
    if study.again:
        rows = np.arange(len(once))[::-1]
        again = study.configurations.select(rows)
        found |= study.disagreement(once, ask.alone(again).select(rows, again.n_atoms))
    return {quantity: deviation.value for quantity, deviation in found.items()}


def of_models(n_seeds: int, names: list[str]) -> Iterator[str]:
    """Yield a row for each model and quantity, and a last one with the count."""
    models = load_models(FIXTURES / "models")
    yield "| model | dtype | quantity | largest | limit | exceeded |\n|---|---|---|---|---|---|\n"
    n_exceeded = n_checks = 0
    for name in names:
        model = models[name]
        found: dict[str, list[float]] = {}
        with TemporaryDirectory() as folder:
            settings = Settings(Path(folder), Path(folder) / "run", mirror_folder(), offline=True)
            datasets = DatasetCache(load_registry(FIXTURES / "datasets.toml"), settings)
            dataset, live = dataset_for(model, datasets), prepare_model(model, "cpu", settings)
            with Pool(live.job, [None], Path(folder)) as pool:
                ask = Answers(
                    partial(evaluate, pool, live.atoms_per_batch), partial(evaluate, pool, 1)
                )
                for seed in range(n_seeds):
                    for study in SEEDED:
                        for quantity, value in deviations(study, seed, dataset, ask).items():
                            found.setdefault(quantity, []).append(value)
        for quantity, values in found.items():
            limit = PHYSICS.limits[quantity].limit(
                conservative=model.conservative, dtype=live.job.dtype
            )
            exceeded = sum(not value <= limit for value in values)
            n_exceeded, n_checks = n_exceeded + exceeded, n_checks + len(values)
            yield (
                f"| {name} | {live.job.dtype} | {quantity} | {max(values):.2g} | {limit:g} | "
                f"{exceeded} of {len(values)} |\n"
            )
    yield f"\n{n_exceeded} of {n_checks} checks exceeded their limit.\n"


def of_mutants(n_seeds: int) -> Iterator[str]:
    """Yield a row for each mutant whose own law is one of a study that draws structures."""
    yield "| mutant | law | found |\n|---|---|---|\n"
    n_found = n_draws = 0
    for name, entry in tomllib.loads(MATRIX.read_text(encoding="utf-8")).items():
        study = PHYSICS.study_of.get(entry.get("own", ""))
        if study not in SEEDED:
            continue
        limit = PHYSICS.limits[entry["own"]].limit(conservative=True, dtype="float64")
        found = 0
        for seed in range(n_seeds):
            value = deviations(study, seed, _tungsten(), _mutated(name))[entry["own"]]
            found += not value <= limit
        n_found, n_draws = n_found + found, n_draws + n_seeds
        yield f"| {entry['defect']} | `{entry['own']}` | {found} of {n_seeds} |\n"
    yield f"\n{n_found} of {n_draws} draws found their mutant.\n"


@cache
def _tungsten() -> Configurations:
    with TemporaryDirectory() as folder:
        settings = Settings(Path(folder), Path(folder) / "run", mirror_folder(), offline=True)
        datasets = DatasetCache(load_registry(FIXTURES / "datasets.toml"), settings)
        return datasets.view(DATASETS[1]).configurations


def _mutated(name: str) -> Answers:
    def ask(configurations: Configurations) -> Predictions:
        return predictions_of(getattr(mutants, name)(), configurations)

    return Answers(ask, ask)


def main(n_seeds: int, names: list[str]) -> None:
    """Print the table."""
    for line in of_mutants(n_seeds) if names == ["mutants"] else of_models(n_seeds, names):
        sys.stdout.write(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
