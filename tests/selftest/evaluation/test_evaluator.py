"""How results are put together: ensembles, pools of them, samples of different length."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.selftest.builders.evidence import ENERGY, STATISTICS
from tests.selftest.reference.metrics import dataset as made_dataset
from tests.selftest.reference.metrics import random_case
from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.schema import Pool
from umlip_gate.datasets.configurations import Configurations, IntArray
from umlip_gate.datasets.registry import Dataset
from umlip_gate.datasets.view import DatasetView
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.evaluation.evaluator import Evaluator
from umlip_gate.metrics.ensemble import Deviations, correlations
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.metrics.sampling import SampleLimit, plan
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.combined import Ensemble
from umlip_gate.notices import notices
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

SIZES = {"one": 40, "two": 60, "large": 400, "alike": 400}
REACHED = {"a": 400, "b": 300, "c": 200}
"""How many rows of `large` each model reaches within a budget."""


R2SCAN = {"name": "a", "calculator": "x:y", "level_of_theory": "r2SCAN", "folder": "."}


class FakeDatasets:
    def load(self, dataset: str) -> Configurations:
        if dataset not in SIZES:
            raise Unavailable(f"{dataset}: nobody has it")
        if dataset == "alike":
            return made_dataset([2] * 400, [-1.0] * 400, [[0.0, 0.0, 0.0]] * 800)
        return random_case(SIZES[dataset], seed=SIZES[dataset])[0]

    def view(self, dataset: str) -> DatasetView:
        configurations = self.load(dataset)
        return DatasetView(dataset, configurations, dataset, np.arange(len(configurations)))


class FakeSources:
    """Each model errs in its own way, and is stopped where `REACHED` says."""

    def __init__(self) -> None:
        self.failures: dict[str, dict[int, str]] = {}
        """Dataset -> row -> error, of every model."""

    def of(
        self,
        model: SimpleNamespace,
        view: DatasetView,
        rows: IntArray,
        *,
        choice: str,
        budget_s: float | None,
    ) -> Predictions:
        assert choice
        name, dataset, whole = model.name, view.id, view.configurations
        rng = np.random.default_rng(ord(name))
        energies = whole.energies + 0.01 * whole.n_atoms * rng.normal(size=len(whole))
        forces = whole.forces + 0.1 * rng.standard_t(3, size=whole.forces.shape)
        n = len(rows) if budget_s is None else REACHED[name]
        failures = self.failures.get(dataset, {})
        energies[list(failures)] = np.nan
        everything = Predictions(
            energies, forces, failures, provenance="live", identity={"name": name}
        )
        return everything.only(np.sort(rows[:n]), whole.n_atoms)


def evaluator(sample_limit: SampleLimit | None = None) -> Evaluator:
    models: dict[str, Any] = {name: SimpleNamespace(name=name) for name in "abc"}
    models["all"] = Ensemble(name="all", members=("a", "b", "c"))
    datasets: Any = FakeDatasets()
    sources: Any = FakeSources()
    pool = Pool(id="pool", datasets=("one", "two"), rule="rows", rationale="a self-test's")
    lost = Pool(id="lost", datasets=("one", "nowhere"), rule="rows", rationale="a self-test's")
    return Evaluator(
        datasets=datasets,
        sources=sources,
        models=models,
        pools={"pool": pool, "lost": lost},
        element_groups={},
        statistics=STATISTICS,
        source="auto",
        sample_limit=sample_limit or SampleLimit(),
    )


def test_an_ensemble_errs_as_its_mean_does() -> None:
    subject = evaluator()
    energies = [subject.evaluate(name, "one").errors.energy for name in "abc"]
    ensemble = subject.evaluate("all", "one")
    np.testing.assert_allclose(ensemble.errors.energy, np.mean(energies, axis=0), atol=1e-9)
    assert ensemble.identity == {"members": {name: {"name": name} for name in "abc"}}
    assert ensemble.to_json()["uncertainty"]


def test_over_a_pool_the_deviations_are_pooled() -> None:
    subject = evaluator()
    parts = [subject.evaluate("all", dataset).deviations for dataset in ("one", "two")]
    assert all(parts)
    pooled = subject.evaluate("all", "pool")
    found = correlations(Deviations.pooled([part for part in parts if part]), n_resamples=2)
    for (quantity, convention), expected in found.items():
        assert pooled.metrics.values[quantity][convention] == pytest.approx(expected.value)
    # a model has none of its own
    assert subject.evaluate("a", "pool").metrics.values["force_deviation_spearman"] == {
        "vector": None
    }


def test_a_pool_with_a_dataset_that_cannot_be_had_is_not_measured() -> None:
    with pytest.raises(Unavailable, match="nowhere: nobody has it"):
        evaluator().evaluate("all", "lost")


def test_members_that_came_to_different_ends_are_compared_where_all_have_been() -> None:
    subject = evaluator(SampleLimit(budget_s=10.0))
    assert subject.evaluate("a", "large").metrics.n_whole is None
    assert subject.evaluate("b", "large").metrics.n_configurations == 300
    ensemble = subject.evaluate("all", "large")
    assert (ensemble.metrics.n_configurations, ensemble.metrics.n_whole) == (200, 400)
    rows = plan(FakeDatasets().load("large")).first(200).rows
    whole = evaluator()
    of_whole = whole.evaluate("all", "large").errors.energy[rows]
    np.testing.assert_allclose(ensemble.errors.energy, of_whole, atol=1e-9)
    # what the spread says of the error is not estimated from a sample
    assert ensemble.deviations is None
    assert ensemble.metrics.values["force_deviation_spearman"] == {"vector": None}


def test_a_budget_that_ends_before_a_sample_is_of_use_measures_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(REACHED, "c", 20)
    with pytest.raises(
        MeasurementError, match="all on large: 20 of 400 configurations were evaluated"
    ):
        evaluator(SampleLimit(budget_s=10.0)).evaluate("all", "large")


def test_a_result_is_tried_once_and_fails_alike_at_every_call() -> None:
    subject = evaluator()
    assert subject.evaluate("a", "one") is subject.evaluate("a", "one")
    for _ in range(2):
        with pytest.raises(Unavailable, match="nobody has it"):
            subject.evaluate("a", "nowhere")


def test_a_pool_of_samples_is_not_measured() -> None:
    """Its rows would be taken for the whole."""
    subject = evaluator(SampleLimit(configurations=150))
    mixed = Pool(id="mixed", datasets=("one", "large"), rule="rows", rationale="a self-test's")
    subject.pools = {"mixed": mixed}
    with pytest.raises(MeasurementError, match="a on mixed: of large there is a sample only"):
        subject.evaluate("a", "mixed")


def test_what_failed_in_a_pool_is_named_by_dataset_and_row() -> None:
    subject = evaluator()
    subject.sources.failures["two"] = {3: "MemoryError: no"}  # type: ignore[attr-defined] # the fake
    result = subject.evaluate("a", "pool")
    assert result.failures == {SIZES["one"] + 3: "two row 3: MemoryError: no"}
    with pytest.raises(MeasurementError, match="1 of 100 configurations failed, first row 43: two"):
        result.value(Measured.model_validate(ENERGY))


def test_a_sample_of_fewer_than_tell_anything_is_not_measured() -> None:
    """Where rows are all of one kind, eight would fill its stratum."""
    assert plan(FakeDatasets().load("alike")).fewest == 8
    with pytest.raises(
        MeasurementError, match=r"99 of 400 .* were evaluated, and a sample needs 100"
    ):
        evaluator(SampleLimit(configurations=99)).evaluate("a", "alike")
    few = evaluator(SampleLimit(configurations=100)).evaluate("a", "alike").metrics
    assert (few.n_configurations, few.n_whole) == (100, 400)


def test_a_dispersion_correction_is_noticed(tmp_path: Path) -> None:
    subject = evaluator()
    with_d3 = {**R2SCAN, "level_of_theory": "PBE", "d3": True}
    subject.models = {**subject.models, "a": Candidate.model_validate(with_d3)}
    dataset = {"id": "one", "title": "one", "elements": ["W"], "dft": {"functional": "PBE"}}
    files = {"files": [{"path": "x.xyz"}], "reader": "extxyz"}
    subject.datasets.datasets = {"one": Dataset.model_validate({**dataset, **files})}
    settings: Any = SimpleNamespace(run=tmp_path)
    subject.datasets.settings = settings
    result = subject.evaluate("a", "one")
    assert result.metrics.values["energy_rmse"]["per_atom"] is not None
    (notice,) = notices(tmp_path)
    assert notice.startswith("a predicts energies with a D3 correction, and one is PBE without")


def test_energies_of_another_functional_have_no_raw_value() -> None:
    subject = evaluator()
    subject.models = {**subject.models, "a": Candidate.model_validate(R2SCAN)}
    dataset = {"id": "one", "title": "one", "elements": ["W"], "dft": {"functional": "PBE"}}
    files = {"files": [{"path": "x.xyz"}], "reader": "extxyz"}
    subject.datasets.datasets = dict.fromkeys(SIZES, Dataset.model_validate({**dataset, **files}))
    result, same = subject.evaluate("a", "one"), subject.evaluate("b", "one")
    for name, quantity in QUANTITIES.items():
        for convention in quantity.conventions:
            number = Measured(quantity=name, convention=convention, unit=quantity.unit)
            raw = name.startswith("energy_") and "composition_removed" not in convention
            if raw:
                assert result.metrics.values[name][convention] is None
                with pytest.raises(Unavailable, match="it predicts r2SCAN, and one is PBE"):
                    result.value(number)
            elif same.metrics.values[name][convention] is not None:
                assert result.value(number) is not None
    pooled = subject.evaluate("a", "pool")
    assert pooled.metrics.values["energy_rmse"]["per_atom"] is None
    assert subject.evaluate("a", "one").to_json()["other_functional"] == result.other_functional
    assert subject.evaluate("a", "one").energy_windows == []
    assert same.other_functional is None
    assert same.metrics.values["energy_rmse"]["per_atom"] is not None
