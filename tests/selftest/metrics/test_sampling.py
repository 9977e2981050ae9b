import math
from itertools import pairwise

import numpy as np
import pytest

from tests.selftest.reference.metrics import dataset, random_case
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics.bootstrap import Resampling
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import Errors, errors_of
from umlip_gate.metrics.estimates import estimates_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.metrics.sampling import FEWEST_OF_A_STRATUM, GROUPS, Sample, plan
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest


def sized(n: int, seed: int = 0) -> Configurations:
    """Sizes of 1 to 40 atoms, most of them small, energies that spread more the larger."""
    rng = np.random.default_rng(seed)
    n_atoms = rng.geometric(0.1, size=n).clip(max=40)
    energies = n_atoms * (-8 + 0.2 * rng.normal(size=n))
    return dataset(n_atoms.tolist(), energies.tolist(), [[0.0, 0.0, 0.0]] * int(n_atoms.sum()))


@pytest.mark.parametrize("n", [1, 3, 17, 300, 1000])
def test_the_order_has_every_row_once_and_a_seed_reproduces_it(n: int) -> None:
    configurations = sized(n)
    first = plan(configurations, seed=3)
    assert sorted(first.order.tolist()) == list(range(n))
    assert np.array_equal(first.order, plan(configurations, seed=3).order)
    if n > 17:
        assert not np.array_equal(first.order, plan(configurations, seed=4).order)
    assert first.fewest <= min(n, FEWEST_OF_A_STRATUM * GROUPS**2)


@pytest.mark.parametrize("n", [128, 150, 257, 600])
def test_every_beginning_holds_the_strata_in_their_proportion(n: int) -> None:
    made = plan(sized(1000), seed=1)
    sizes = np.bincount(made.strata)
    assert len(sizes) == GROUPS**2
    sample = made.first(n)
    assert len(sample) == n
    drawn = np.bincount(sample.strata, minlength=len(sizes))
    assert drawn.min() >= FEWEST_OF_A_STRATUM
    expected = np.maximum(n * sizes / 1000, FEWEST_OF_A_STRATUM)
    assert np.abs(drawn - expected).max() <= 3
    assert set(sample.rows) <= set(made.first(n + 50).rows)


def test_a_stratum_holds_rows_of_like_size_and_energy() -> None:
    configurations = sized(1000)
    made = plan(configurations)
    of_sizes = [configurations.n_atoms[made.strata // GROUPS == k] for k in range(GROUPS)]
    for smaller, larger in pairwise(of_sizes):
        assert smaller.max() < larger.min()
    per_atom = configurations.energies / configurations.n_atoms
    for k in range(GROUPS):
        within = [per_atom[made.strata == GROUPS * k + j] for j in range(GROUPS)]
        for lower, higher in pairwise(within):
            assert lower.max() < higher.min()


def test_rows_that_are_all_alike_make_one_stratum() -> None:
    made = plan(dataset([2] * 40, [-1.0] * 40, [[0.0, 0.0, 0.0]] * 80))
    assert set(made.strata) == {0}
    assert made.fewest == FEWEST_OF_A_STRATUM


@pytest.mark.parametrize("n", [128, 200, 999, 1000, 5000])
def test_weights_add_up_to_the_whole(n: int) -> None:
    sample = plan(sized(1000), seed=2).first(n)
    assert sample.n_whole == 1000
    assert sample.weights.sum() == pytest.approx(1000)
    drawn = np.bincount(sample.strata)
    np.testing.assert_allclose(sample.design.unseen, 1 - drawn / sample.sizes)
    if n >= 1000:
        assert not sample.design.unseen.any()  # the whole has no sampling error


def test_the_whole_is_estimated_without_bias_and_its_interval_covers() -> None:
    configurations, _ = random_case(600, seed=5)
    rng = np.random.default_rng(6)
    energies = configurations.energies + 0.01 * configurations.n_atoms * rng.normal(size=600)
    forces = configurations.forces + 0.1 * rng.normal(size=configurations.forces.shape)
    errors = errors_of(configurations, Predictions(energies, forces, {}))
    keys = [
        ("energy_rmse", "per_configuration"),
        ("energy_mae", "per_atom"),
        ("force_rmse", "component"),
    ]
    whole = {key: estimates_of(errors)[key].value for key in keys}
    found: dict[tuple[str, str], list[float]] = {key: [] for key in keys}
    covered = dict.fromkeys(keys, 0)
    trials = 200
    for trial in range(trials):
        sample = plan(configurations, seed=trial).first(300)
        error_set = ErrorSet((_rows(errors, sample),), sample=sample)
        metrics = measure_errors(error_set, Resampling(n_resamples=200, seed=trial))
        for quantity, convention in keys:
            key = quantity, convention
            found[key].append(metrics.values[quantity][convention] or 0.0)
            interval = metrics.intervals[quantity][convention]
            assert interval is not None
            covered[key] += interval[0] <= whole[key] <= interval[1]
    for key in keys:
        standard_error = float(np.std(found[key])) / math.sqrt(trials)
        # a root of a mean is a little low in small samples, by half of its relative variance
        assert np.mean(found[key]) == pytest.approx(whole[key], abs=5 * standard_error)
        # the binomial's standard error is 0.015
        assert 0.90 < covered[key] / trials <= 1, key


def test_the_interval_closes_as_the_sample_becomes_the_whole() -> None:
    configurations, predictions = random_case(600, seed=6)
    errors = errors_of(configurations, predictions)
    widths = []
    for n in (128, 200, 590, 600):
        sample = plan(configurations).first(n)
        found = measure_errors(ErrorSet((_rows(errors, sample),), sample=sample))
        low, high = found.intervals["force_rmse"]["component"] or (0.0, 0.0)
        widths.append(high - low)
    assert widths[0] > widths[1] > widths[2] > widths[3] == 0


def _rows(errors: Errors, sample: Sample) -> Errors:
    chosen = np.zeros(len(errors), dtype=bool)
    chosen[sample.rows] = True
    return errors.select(chosen)
