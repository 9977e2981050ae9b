"""The core of physics on real models: how often a sound one is failed, and by how much it passes.

`python -m benchmarks.physics_core SEEDS MODEL...` evaluates registered models on as many draws of
cells, and prints the largest deviation of each quantity over all draws, with how many draws exceed
its limit. Nothing is kept.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from ase.data import chemical_symbols

from umlip_gate.datasets.cache import DatasetCache
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.registry import load_registry
from umlip_gate.models.prepare import prepare_model
from umlip_gate.models.registry import Model, load_models
from umlip_gate.physics.core import core_study
from umlip_gate.physics.limits import load_physics
from umlip_gate.predictions.batches import packed
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Row
from umlip_gate.settings import FIXTURES, THRESHOLDS, Settings, mirror_folder

PHYSICS = load_physics(THRESHOLDS / "physics")
PROTOCOL = PHYSICS.protocols["core"]
LIMITS = [PHYSICS.limits[name] for name, study in PHYSICS.study_of.items() if study == "core"]
DATASETS = ("refractory-mini-MoNbTaW", "refractory-mini-W")


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


def main(n_seeds: int, names: list[str]) -> None:
    """Print a row for each model and quantity."""
    models = load_models(FIXTURES / "models")
    sys.stdout.write(
        "| model | dtype | quantity | largest | limit | exceeded |\n|---|---|---|---|---|---|\n"
    )
    for name in names:
        model = models[name]
        with TemporaryDirectory() as folder:
            settings = Settings(Path(folder), Path(folder) / "run", mirror_folder(), offline=True)
            datasets = DatasetCache(load_registry(FIXTURES / "datasets.toml"), settings)
            live = prepare_model(model, "cpu", settings)
            found: dict[str, list[float]] = {}
            with Pool(live.job, [None], Path(folder)) as pool:
                for seed in range(n_seeds):
                    protocol = PROTOCOL.model_copy(update={"seed": seed})
                    study = core_study(dataset_for(model, datasets), protocol)
                    predictions = evaluate(pool, live.atoms_per_batch, study.configurations)
                    for quantity, deviation in study.measure(predictions).items():
                        found.setdefault(quantity, []).append(deviation.value)
        for each in LIMITS:
            values = found[each.quantity]
            limit = each.limit(conservative=model.conservative, dtype=live.job.dtype)
            exceeded = sum(not value <= limit for value in values)
            sys.stdout.write(
                f"| {name} | {live.job.dtype} | {each.quantity} | {max(values):.2g} | {limit:g} | "
                f"{exceeded} of {n_seeds} |\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
