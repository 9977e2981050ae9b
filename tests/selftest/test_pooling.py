import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.selftest.slow_metrics import assert_close, flat, random_case, slow
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.errors import Errors, errors_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.metrics.pooling import measure_pool
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

Case = tuple[Configurations, Predictions]

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=4)


def parts_of(sizes: list[int]) -> list[tuple[Case, Errors]]:
    cases = [random_case(n, seed=place) for place, n in enumerate(sizes)]
    return [(case, errors_of(*case)) for case in cases]


@given(sizes)
def test_rows_pooled_is_one_long_dataset(sizes: list[int]) -> None:
    parts = [errors for _, errors in parts_of(sizes)]
    pooled = measure_pool(parts, n_resamples=2)["rows"]
    whole = Errors.joined(parts)
    assert pooled.values == measure_errors(whole, n_resamples=2).values
    for name in ("per_configuration", "per_atom"):
        weight = np.ones(len(whole)) if name == "per_configuration" else whole.n_atoms
        expected = math.sqrt(float(weight @ whole.energy**2 / weight.sum()))
        assert pooled.values["energy_rmse"][name] == pytest.approx(expected)


@given(sizes)
def test_the_mean_of_datasets_is_that_of_plain_python(sizes: list[int]) -> None:
    parts = parts_of(sizes)
    pooled = flat(measure_pool([errors for _, errors in parts], n_resamples=2)["mean-of-datasets"])
    each = [slow(*case, rows=list(range(n))) for (case, _), n in zip(parts, sizes, strict=True)]
    expected = {
        key: None if any(one[key] is None for one in each) else _mean([one[key] for one in each])
        for key in pooled
    }
    assert_close(pooled, expected)


def _mean(values: list[float | None]) -> float:
    return sum(value or 0.0 for value in values) / len(values)


def test_one_dataset_is_its_own_pool() -> None:
    (_, errors), *_ = parts_of([30])
    by_rule = measure_pool([errors], n_resamples=50)
    alone = measure_errors(errors, n_resamples=50)
    for metrics in by_rule.values():
        assert_close(flat(metrics), flat(alone))


def test_each_dataset_is_drawn_from_itself() -> None:
    """Two datasets without spread inside have an interval without width, however far apart."""
    constant = [
        Errors(
            n_atoms=np.ones(20),
            energy=np.full(20, level),
            force_squared=np.full(20, level**2),
            force_absolute=np.full(20, level),
            force_norm=np.full(20, level),
            force_along=np.full(20, level),
            reference_energy=np.zeros(20),
            reference_force_squared=np.ones(20),
            fractions=np.ones((20, 1)),
        )
        for level in (1.0, 100.0)
    ]
    for metrics in measure_pool(constant, n_resamples=100).values():
        low, high = metrics.intervals["energy_rmse"]["per_configuration"] or (0.0, 1.0)
        assert high - low < 1e-9


def test_resamples_of_a_pool_agree_with_an_explicit_loop() -> None:
    parts = [errors for _, errors in parts_of([12, 30])]
    replicates = measure_pool(parts, n_resamples=40, seed=3)["rows"].replicates
    generators = [np.random.default_rng([3, place]) for place in range(2)]
    for found in replicates["energy_rmse", "per_atom"][:1]:
        drawn = [
            generator.integers(len(part), size=(40, len(part)))[0]
            for generator, part in zip(generators, parts, strict=True)
        ]
        weight = np.concatenate([p.n_atoms[rows] for p, rows in zip(parts, drawn, strict=True)])
        error = np.concatenate([p.energy[rows] for p, rows in zip(parts, drawn, strict=True)])
        assert found == pytest.approx(math.sqrt(weight @ error**2 / weight.sum()))


def test_models_are_drawn_alike() -> None:
    parts = [errors for _, errors in parts_of([40, 25])]
    first, second = (
        measure_pool(parts, n_resamples=60, seed=bootstrap.SEED)["rows"] for _ in range(2)
    )
    for key, values in first.replicates.items():
        np.testing.assert_array_equal(values, second.replicates[key])


def test_a_configuration_that_failed_leaves_no_number_by_either_rule() -> None:
    parts = [errors for _, errors in parts_of([5, 7])]
    parts[1].energy[3] = np.nan
    for metrics in measure_pool(parts, n_resamples=2).values():
        assert (metrics.n_configurations, metrics.n_failed) == (12, 1)
        assert set(flat(metrics).values()) == {None}
        assert metrics.replicates == {}
