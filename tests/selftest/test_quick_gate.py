"""The quick gate tells a sound model from the same model broken, with real models.

Each available model is evaluated once on refractory-mini; what is broken afterwards are its
energies and forces, or the elements that it is shown.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pytest

from tests.selftest.builders.measured import measure
from tests.selftest.checkout import ROOT
from umlip_gate.claims.judge import judge_limit, judge_reference
from umlip_gate.claims.result import Result
from umlip_gate.claims.schema import Gate, GateLimit
from umlip_gate.claims.thresholds import Thresholds, load_thresholds
from umlip_gate.claims.verdict import Outcome
from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import load_registry
from umlip_gate.datasets.subset import subset_rows
from umlip_gate.errors import Unavailable
from umlip_gate.models.combined import load_ensembles, recalculations
from umlip_gate.models.prepare import prepare_model
from umlip_gate.models.registry import load_models
from umlip_gate.predictions.compute import compute
from umlip_gate.predictions.identity import live_identity
from umlip_gate.predictions.pool import Pool
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Store
from umlip_gate.settings import Settings, mirror_folder

pytestmark = pytest.mark.selftest

DATASET = "refractory-mini"
DATASETS = load_registry(ROOT / "fixtures" / "datasets.toml")
MODELS = load_models()
SWAPPED = {41: 42, 42: 41, 73: 74, 74: 73}
"""Neighbours of the periodic table for each other, as an index that is off by one has it."""


class Case(NamedTuple):
    """Rows of refractory-mini, and what a model says of them."""

    rows: IntArray
    configurations: Configurations
    predictions: Predictions

    def broken(self, how: str) -> "Case":
        return self._replace(predictions=BROKEN[how](self.configurations, self.predictions))


Broken = Callable[[Configurations, Predictions], Predictions]
Evaluate = Callable[[str, str], Case]


def scaled(energies: float = 1.0, forces: float = 1.0) -> Broken:
    return lambda _, right: Predictions(energies * right.energies, forces * right.forces, {})


def noisy(configurations: Configurations, right: Predictions) -> Predictions:
    """50 meV/atom of either sign on every energy."""
    noise = np.random.default_rng(0).choice([-0.05, 0.05], size=len(configurations))
    return Predictions(right.energies + configurations.n_atoms * noise, right.forces, {})


BROKEN: dict[str, Broken] = {
    "energies and forces x 0.7": scaled(0.7, 0.7),
    "energies x 0.7": scaled(energies=0.7),
    "forces x 0.7": scaled(forces=0.7),
    "flipped forces": scaled(forces=-1.0),
    "energies in hartree": scaled(energies=1 / 27.211386),
    "energies in kcal/mol": scaled(energies=23.060548),
    "forces in eV/bohr": scaled(forces=0.52917721),
    "forces in hartree/bohr": scaled(forces=0.52917721 / 27.211386),
    "noise of 50 meV/atom": noisy,
}
UNSEEN = {("SevenNet-l3i5", "forces x 0.7")}
"""What a gate for any model cannot tell, and a known model's reference values do: forces 0.7 times
the best are still stiffer than CHGNet's."""

GATES = {
    "CHGNet_0.3.0": "quick",
    "SevenNet-0": "quick",
    "SevenNet-l3i5": "quick",
    "EAM-Zhou": "quick-W",
    "ACE-W-0": "quick-W",
}


@pytest.fixture(scope="module")
def thresholds() -> Thresholds:
    ensembles = load_ensembles(ROOT / "fixtures" / "ensembles.toml", set(MODELS))
    known = {*MODELS, *ensembles, *recalculations(DATASETS)}
    return load_thresholds(ROOT / "thresholds", known, DATASETS)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Evaluate:
    """Return a model's predictions, computed once; skip what is not available here."""
    folder = tmp_path_factory.mktemp("quick")
    settings = Settings(folder, folder / "run", mirror_folder(), offline=True)

    @functools.cache
    def evaluate(model: str, elements: str) -> Case:
        rows = rows_of("refractory-mini" if GATES[model] == "quick" else "refractory-mini-W")
        shown = with_numbers(whole(), SWAPPED) if elements == "swapped" else whole()
        live = prepare_model(MODELS[model], "cpu", settings)
        logs = folder / model / elements
        logs.mkdir(parents=True)
        predictions = compute(
            Pool(live.job, [None] * len(os.sched_getaffinity(0)), logs),
            Store(settings.predictions, live_identity(live, shown.digest, "run")),
            shown,
            rows,
            atoms_per_batch=live.atoms_per_batch,
            announce=lambda _: None,
        )
        return Case(rows, whole().select(rows), predictions)

    def evaluate_or_skip(model: str, elements: str) -> Case:
        try:
            return evaluate(model, elements)
        except Unavailable as error:
            pytest.skip(str(error))

    return evaluate_or_skip


@functools.cache
def whole() -> Configurations:
    with TemporaryDirectory() as cache:
        return load_dataset(DATASETS[DATASET], Settings(Path(cache), Path(cache))).configurations


def rows_of(dataset: str) -> IntArray:
    """Rows of refractory-mini that belong to a part of it."""
    entry = DATASETS[dataset]
    if entry.subset is not None:
        return subset_rows(entry, whole(), Settings(Path(), Path()))
    selection = entry.selection
    first, last = (selection.first_row, selection.last_row) if selection else (0, len(whole()) - 1)
    return np.arange(first, last + 1)


def with_numbers(configurations: Configurations, swap: dict[int, int]) -> Configurations:
    numbers = [swap.get(number, number) for number in configurations.numbers.tolist()]
    parts = vars(configurations) | {"numbers": np.array(numbers)}
    return Configurations(**{name: parts[name] for name in Configurations.__annotations__})


def result_of(model: str, dataset: str, case: Case) -> Result:
    """Measure on a part of what was evaluated."""
    own = np.isin(case.rows, rows_of(dataset))
    configurations = case.configurations.select(own)
    forces = case.predictions.forces[np.repeat(own, case.configurations.n_atoms)]
    predictions = Predictions(case.predictions.energies[own], forces, {})
    metrics = measure(configurations, predictions, n_resamples=2)
    return Result(model, dataset, "live", metrics)


def outside(gate: Gate, model: str, case: Case) -> list[str]:
    """Name the limits that a model does not keep to."""
    return [
        limit.name
        for limit in gate.limits
        if isinstance(limit, GateLimit)
        and judge_limit(limit, result_of(model, limit.dataset, case)).outcome is Outcome.FAILED
    ]


def moved(thresholds: Thresholds, model: str, case: Case) -> bool:
    """Whether a known model does not give a number that it is known to give."""
    found = [
        judge_reference(value, result_of(model, reference.dataset, case)).outcome is Outcome.PASSED
        for reference in thresholds.references
        if reference.model == model and reference.dataset.startswith(DATASET)
        for value in reference.values
    ]
    assert found, f"{model} has no reference value on {DATASET}"
    return not all(found)


@pytest.mark.parametrize("model", GATES)
def test_a_sound_model_passes_and_gives_its_reference_values(
    model: str, evaluated: Evaluate, thresholds: Thresholds
) -> None:
    case = evaluated(model, "right")
    assert outside(thresholds.gates[GATES[model]], model, case) == []
    assert not moved(thresholds, model, case)


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("model", GATES)
def test_a_broken_model_does_not_pass(
    model: str, how: str, evaluated: Evaluate, thresholds: Thresholds
) -> None:
    case = evaluated(model, "right").broken(how)
    assert moved(thresholds, model, case)
    seen = outside(thresholds.gates[GATES[model]], model, case)
    assert bool(seen) == ((model, how) not in UNSEEN)


@pytest.mark.parametrize("model", [model for model, gate in GATES.items() if gate == "quick"])
def test_a_model_that_takes_one_element_for_another_does_not_pass(
    model: str, evaluated: Evaluate, thresholds: Thresholds
) -> None:
    case = evaluated(model, "swapped")
    assert moved(thresholds, model, case)
    assert outside(thresholds.gates["quick"], model, case)
