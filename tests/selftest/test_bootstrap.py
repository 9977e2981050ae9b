import math
import tracemalloc

import numpy as np
import pytest

from tests.selftest.slow_metrics import REFERENCED, Cells, assert_close, dataset, random_case, slow
from umlip_gate.metrics.bootstrap import LEVEL, draw, intervals, replicates
from umlip_gate.metrics.errors import Errors, Estimates, Estimator, errors_of
from umlip_gate.metrics.measurement import measure
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest


def normal_errors(n: int, sigma: float, rng: np.random.Generator) -> Errors:
    """One atom per configuration, every component normal."""
    force = rng.normal(scale=sigma, size=(n, 3))
    return Errors(
        n_atoms=np.ones(n),
        energy=rng.normal(loc=3 * sigma, scale=sigma, size=n),
        force_squared=(force**2).sum(axis=1),
        force_absolute=np.abs(force).sum(axis=1),
        force_norm=np.linalg.norm(force, axis=1),
        force_along=np.zeros(n),
        reference_energy=rng.normal(scale=sigma, size=n),
        reference_force_squared=np.ones(n),
        fractions=np.ones((n, 1)),
    )


def one(estimates: Estimates, resample: int) -> Cells:
    values = {key: float(column[resample]) for key, column in estimates.items()}
    return {key: None if math.isnan(value) else value for key, value in values.items()}


@pytest.mark.parametrize(("n", "n_resamples"), [(1, 3), (2, 20), (13, 60), (230, 12)])
def test_resamples_agree_with_plain_python(n: int, n_resamples: int) -> None:
    case = random_case(n, seed=n)
    estimates = replicates(errors_of(*case), n_resamples, seed=5)
    drawn = np.random.default_rng(5).integers(n, size=(n_resamples, n))
    for resample, rows in enumerate(drawn.tolist()):
        assert_close(one(estimates, resample), slow(*case, rows=rows))


def test_the_energy_interval_is_that_of_an_explicit_loop() -> None:
    case = random_case(50, seed=1)
    errors = errors_of(*case)
    loop = []
    generator = np.random.default_rng(7)
    for _ in range(400):
        rows = generator.integers(50, size=50)
        mean = (errors.n_atoms[rows] * errors.energy[rows] ** 2).sum() / errors.n_atoms[rows].sum()
        loop.append(math.sqrt(mean))
    expected = np.percentile(loop, [2.5, 97.5])
    metrics = measure(*case, n_resamples=400, seed=7)
    assert metrics.intervals["energy_rmse"]["per_atom"] == pytest.approx(tuple(expected), rel=1e-12)


@pytest.mark.parametrize("n", [1, 7, 300])
@pytest.mark.parametrize("chunk", [1, 1000, 10**6])
def test_the_chunk_does_not_matter(n: int, chunk: int) -> None:
    whole = np.concatenate(list(draw(n, 50, seed=3)))
    assert whole.shape == (50, n)
    assert np.array_equal(np.concatenate(list(draw(n, 50, 3, chunk))), whole)
    errors = errors_of(*random_case(n, seed=2))
    expected = replicates(errors, 50, 3)
    for key, values in replicates(errors, 50, 3, chunk).items():
        absolute = REFERENCED if key[1].endswith("composition_removed") else 1e-10
        np.testing.assert_allclose(values, expected[key], rtol=1e-12, atol=absolute)


def test_a_seed_reproduces_and_another_differs() -> None:
    case = random_case(30, seed=3)
    first, again, other = (measure(*case, n_resamples=100, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.values == other.values
    assert first.intervals["energy_rmse"] != other.intervals["energy_rmse"]


def test_draws_are_uniform_with_replacement() -> None:
    counts = np.concatenate(list(draw(100, 2000, seed=4)))
    assert np.array_equal(counts.sum(axis=1), np.full(2000, 100))
    # a count is binomial(100, 1/100); each mean of 2,000 has a standard error of 0.022
    assert np.abs(counts.mean(axis=0) - 1).max() < 0.1
    assert counts.var() == pytest.approx(0.99, rel=0.02)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    sigma, trials = 7.0, 300
    truth = {
        ("energy_offset", "per_configuration"): 3 * sigma,
        ("energy_rmse", "per_configuration"): math.sqrt(10) * sigma,
        ("energy_rmse", "per_atom_offset_removed"): sigma,
        ("energy_mae", "per_configuration_offset_removed"): math.sqrt(2 / math.pi) * sigma,
        ("force_rmse", "component"): sigma,
        ("force_mae", "vector"): math.sqrt(8 / math.pi) * sigma,
    }
    covered = dict.fromkeys(truth, 0)
    for trial in range(trials):
        found = intervals(replicates(normal_errors(200, sigma, rng), 300, trial))
        for key, true in truth.items():
            interval = found[key]
            assert interval is not None
            covered[key] += interval[0] <= true <= interval[1]
    assert LEVEL == 0.95
    # the binomial's standard error is 0.013, and percentile intervals are a little narrow
    for key, count in covered.items():
        assert 0.90 < count / trials < 0.985, key


def test_the_worst_share_is_found_where_the_worst_rows_are_not_drawn() -> None:
    n = 400
    least = Estimator(normal_errors(n, 1.0, np.random.default_rng(12)))
    table = np.eye(n) * n  # each resample is one configuration, n times
    estimates = least(table)
    for key in (("energy_worst_share", "per_atom"), ("force_worst_share", "component")):
        np.testing.assert_allclose(estimates[key], 4 / n, rtol=1e-12)


def test_what_some_resample_leaves_undefined_has_no_interval() -> None:
    configurations = dataset([1] * 4, [0.0] * 4, [[0.0, 0.0, 0.0]] * 4)
    energies = np.array([0.01, 0.0, 0.0, 0.0])  # a third of the resamples draw only zeros
    metrics = measure(configurations, Predictions(energies, np.zeros((4, 3)), {}), n_resamples=200)
    assert metrics.values["energy_worst_share"]["per_atom"] == 1
    assert metrics.intervals["energy_worst_share"]["per_atom"] is None
    assert metrics.intervals["energy_rmse"]["per_atom"] == pytest.approx((0, 10), abs=2)


def test_memory_is_bounded_for_a_large_dataset() -> None:
    errors = normal_errors(54_000, 1.0, np.random.default_rng(13))
    peaks = []
    for n_resamples in (8, 80):
        tracemalloc.start()
        replicates(errors, n_resamples, seed=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 100e6
    assert peaks[1] < 1.2 * peaks[0]
