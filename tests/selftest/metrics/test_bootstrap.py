import math
import tracemalloc

import numpy as np
import pytest

from tests.selftest.builders.measured import measure
from tests.selftest.reference.metrics import random_case
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import (
    LEVEL,
    Resampling,
    ResamplingDesign,
    draw,
    interval,
    intervals,
    moves_of,
)
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import Errors, FloatArray, errors_of, no_stresses
from umlip_gate.metrics.estimates import Estimate, estimates_of
from umlip_gate.metrics.measurement import measure_errors

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
        groups=np.arange(n),
        n_forces=np.ones(n),
        **no_stresses(n),
    )


@pytest.mark.parametrize("n", [2, 13, 230])
def test_an_influence_is_what_one_more_of_a_configuration_does(n: int) -> None:
    errors, step = errors_of(*random_case(n, seed=n)), 1e-5
    estimates = estimates_of(errors)
    for row in (0, n // 2, n - 1):
        nudged = {}
        for sign in (1, -1):
            times = np.ones(n)
            times[row] += sign * step
            nudged[sign] = estimates_of(errors, times)
        for key, (value, influence) in estimates.items():
            if not math.isfinite(value) or key[0].endswith("worst_share"):
                continue  # a number of configurations, rounded up, has no slope
            slope = (nudged[1][key].value - nudged[-1][key].value) / (2 * step)
            assert influence[row] == pytest.approx(
                slope, rel=1e-4, abs=1e-6 * max(1, abs(value))
            ), key


@pytest.mark.parametrize("n", [2, 13, 230])
def test_the_influences_of_all_add_up_to_nothing(n: int) -> None:
    for key, (value, influence) in estimates_of(errors_of(*random_case(n, seed=n))).items():
        if math.isfinite(value):
            assert influence.sum() == pytest.approx(
                0, abs=1e-9 * max(1, np.abs(influence).max())
            ), key


def test_the_influence_on_a_worst_share_is_that_of_a_mean_of_the_worst() -> None:
    """Of 200 configurations the worst two; a threshold that moves costs nothing to first order."""
    rng = np.random.default_rng(3)
    errors = normal_errors(200, 1.0, rng)
    squared = errors.energy**2
    value, influence = estimates_of(errors)["energy_worst_share", "per_configuration"]
    worst = np.sort(squared)[-2:]
    assert value == pytest.approx(worst.sum() / squared.sum())
    above = np.maximum(squared - worst[0], 0) + worst[0] / 100
    np.testing.assert_allclose(influence, (above - value * squared) / squared.sum())


def test_the_interval_is_that_of_an_explicit_loop() -> None:
    errors = errors_of(*random_case(200, seed=1))
    value, own = estimates_of(errors)["energy_rmse", "per_atom"]
    farthest = []
    generator = np.random.default_rng([7, 0])
    for _ in range(400):
        drawn = own[generator.integers(200, size=200)]
        farthest.append(abs(drawn.sum()) / math.sqrt(200 * drawn.var(ddof=1)))
    reach = np.quantile(farthest, 0.95) * math.sqrt(200 * own.var(ddof=1))
    metrics = measure(*random_case(200, seed=1), n_resamples=400, seed=7)
    found = metrics.intervals["energy_rmse"]["per_atom"]
    spread = 2 * reach / value  # the interval is symmetric in 1 / value²
    expected = (value / math.sqrt(1 + spread), value / math.sqrt(1 - spread))
    assert found == pytest.approx(expected, rel=1e-10)
    value, own = estimates_of(errors)["energy_offset", "per_configuration"]
    low, high = metrics.intervals["energy_offset"]["per_configuration"] or (0.0, 0.0)
    assert (low + high) / 2 == pytest.approx(value)  # what may have either sign


def made(values: FloatArray, value: float = 0.0) -> Estimate:
    """An estimate of which the configurations have these influences."""
    return Estimate(value, values - values.mean())


def test_joint_intervals_hold_together_and_are_wider() -> None:
    rng = np.random.default_rng(1)
    design = ResamplingDesign.of_parts([300])
    estimates = [made(rng.normal(size=300)) for _ in range(20)]
    apart, together = (intervals(estimates, design, joint=joint) for joint in (False, True))
    for one, all_of_them in zip(apart, together, strict=True):
        assert one is not None
        assert all_of_them is not None
        assert 1.3 < all_of_them[1] / one[1] < 1.9  # of normal numbers 3.0 / 1.96
    twice = intervals([estimates[0], estimates[0]], design, joint=True)
    assert twice[0] == pytest.approx(apart[0])  # what always agrees costs nothing


def test_a_number_that_nothing_moves_has_no_interval_and_spoils_no_other() -> None:
    rng = np.random.default_rng(2)
    design = ResamplingDesign.of_parts([100])
    still, moving = made(np.zeros(100), 3.0), made(rng.normal(size=100))
    assert intervals([still, moving], design, joint=True) == [None, interval(moving, design)]
    assert interval(made(np.full(100, np.nan), np.nan), design) is None
    assert interval(made(np.zeros(1), 3.0), ResamplingDesign.of_parts([1])) is None


def test_what_one_configuration_alone_carries_has_no_interval() -> None:
    """A resample without it, which is one of three, says nothing of how far it may be."""
    carried = np.zeros(200)
    carried[17] = 1.0
    assert interval(made(carried, 1.0), ResamplingDesign.of_parts([200])) is None
    errors = errors_of(*random_case(200, seed=9))
    errors.energy[:] = 0.0
    errors.energy[17] = 50.0
    found = measure_errors(ErrorSet((errors,)))
    assert found.values["energy_rmse"]["per_configuration"] == pytest.approx(50 / math.sqrt(200))
    assert found.intervals["energy_rmse"]["per_configuration"] is None


def test_what_few_configurations_do_not_bound_has_no_interval() -> None:
    """Three of twelve carry it: by its inverse square it would reach beyond any size."""
    carried = np.zeros(12)
    carried[:3] = 1.0, 2.0, 3.0
    few = made(carried / 12, 0.5)
    design = ResamplingDesign.of_parts([12])
    assert interval(few, design) is not None
    assert interval(few, design, never_negative=True) is None


def test_each_stratum_is_drawn_from_itself() -> None:
    """Levels that differ between strata, and not within, do not move a number."""
    rng = np.random.default_rng(5)
    level = np.repeat([-100.0, 100.0], 60)
    noise = rng.normal(size=120)
    of_parts = interval(made(level + noise), ResamplingDesign.of_parts([60, 60]))
    of_one = interval(made(level + noise), ResamplingDesign.of_parts([120]))
    assert of_parts is not None
    assert of_one is not None
    assert of_parts[1] - of_parts[0] < 0.1 * (of_one[1] - of_one[0])
    seen = ResamplingDesign(np.repeat([0, 1], 60), np.array([0.0, 1.0]), np.arange(120))
    assert interval(Estimate(0.0, np.repeat([1.0, 0.0], 60) * noise), seen) is None


def test_groups_are_drawn_whole() -> None:
    """Copies of a configuration in its group say no more than the configuration itself."""
    rng = np.random.default_rng(7)
    own = made(rng.normal(size=80), 3.0)
    groups = np.repeat(np.arange(80), 5)
    copied = Estimate(3.0, own.influence[groups] / 5)
    once = interval(own, ResamplingDesign.of_parts([80]))
    assert interval(copied, ResamplingDesign.of_groups([groups])) == pytest.approx(once)
    by_rows = interval(copied, ResamplingDesign.of_parts([400]))
    assert once is not None
    assert by_rows is not None
    assert 2 < (once[1] - once[0]) / (by_rows[1] - by_rows[0]) < 2.6  # sqrt(5)


def test_groups_of_one_label_in_two_parts_are_two() -> None:
    rng = np.random.default_rng(8)
    design = ResamplingDesign.of_groups([np.arange(60) // 2, np.arange(40) // 4])
    assert design.n_groups == 40
    again = ResamplingDesign.joined(
        [
            ResamplingDesign.of_groups([np.arange(60) // 2]),
            ResamplingDesign.of_groups([np.arange(40) // 4]),
        ]
    )
    number = made(rng.normal(size=100))
    assert interval(number, design) == interval(number, again)


def test_the_level_that_is_asked_for_is_that_of_the_interval() -> None:
    number, design = made(np.arange(50.0)), ResamplingDesign.of_parts([50])
    usual, half = interval(number, design), interval(number, design, Resampling(level=0.5))
    assert usual is not None
    assert half is not None
    assert half[1] < usual[1] / 2


def test_each_number_says_whether_it_is_a_size() -> None:
    number, design = made(np.arange(50.0), 900.0), ResamplingDesign.of_parts([50])
    with pytest.raises(ValueError, match=r"zip\(\)"):
        intervals([number, number], design, never_negative=[True])


@pytest.mark.filterwarnings("error")
def test_no_warning_is_given_of_what_no_resample_bounds() -> None:
    carried = np.zeros(30)
    carried[3] = 1.0
    assert interval(made(carried, 1.0), ResamplingDesign.of_parts([30])) is None


def test_the_interval_of_a_size_ends_at_ten_times_the_size() -> None:
    assert bootstrap._interval(2.0, 0.9899, positive=True) == pytest.approx(
        (2 / math.sqrt(1.9899), 2 / math.sqrt(0.0101))
    )
    assert bootstrap._interval(2.0, 0.99, positive=True) is None
    assert bootstrap._interval(2.0, 0.995, positive=True) is None


@pytest.mark.parametrize("n", [2, 3, 7])
def test_the_standard_error_is_that_of_a_sum(n: int) -> None:
    own = np.random.default_rng(n).normal(size=(n, 1))
    moves = moves_of(own, ResamplingDesign.of_parts([n]), Resampling(n_resamples=20, seed=5))
    assert moves.error == pytest.approx(math.sqrt(n) * own.std(ddof=1))
    generator = np.random.default_rng([5, 0])
    for by, error in zip(moves.by, moves.errors, strict=True):
        drawn = own[generator.integers(n, size=n), 0]
        assert by == pytest.approx((drawn - own.mean()).sum())
        expected = math.sqrt(n) * drawn.std(ddof=1)
        assert error == pytest.approx(expected if len(set(drawn)) > 1 else 0)


def test_strata_after_one_that_moves_nothing_are_drawn() -> None:
    """Whether the first is known whole, or is a single group of configurations."""
    own = np.random.default_rng(9).normal(size=20)
    alone = moves_of(own[:, np.newaxis], ResamplingDesign.of_parts([20])).error
    influences = np.append([5.0, -5.0], own)[:, np.newaxis]
    strata, groups = np.repeat([0, 1], [2, 20]), np.arange(22)
    whole = moves_of(influences, ResamplingDesign(strata, np.array([0.0, 1.0]), groups))
    assert whole.error == pytest.approx(alone)
    groups[1] = 0
    influences = np.column_stack([np.append([0.0, 0.0], own), influences])
    single = moves_of(influences, ResamplingDesign(strata, np.ones(2), groups))
    assert single.error[0] == pytest.approx(alone[0])
    assert single.error[1] == alone[0]  # the two of the group cancel
    assert single.by.std(axis=0).min() > 0
    influences[0] *= 2
    single = moves_of(influences, ResamplingDesign(strata, np.ones(2), groups))
    assert single.error[0] == pytest.approx(alone[0])
    assert single.error[1] == np.inf


def test_one_group_alone_has_no_interval() -> None:
    number = made(np.arange(50.0))
    assert interval(number, ResamplingDesign.of_groups([np.zeros(50, dtype=np.int64)])) is None


def test_a_stratum_of_one_configuration_says_nothing_of_what_it_moves() -> None:
    rng = np.random.default_rng(6)
    design = ResamplingDesign.of_parts([50, 1])
    both, first = rng.normal(size=51), np.append(rng.normal(size=50), 0.0)
    assert interval(Estimate(0.0, both), design) is None
    assert interval(Estimate(0.0, first), design) is not None
    empty = ResamplingDesign(np.zeros(50, dtype=np.int64), np.ones(2), np.arange(50))
    assert interval(made(rng.normal(size=50)), empty) is None


@pytest.mark.parametrize("n", [1, 7, 300])
@pytest.mark.parametrize("chunk", [1, 1000, 10**6])
def test_the_chunk_does_not_matter(n: int, chunk: int) -> None:
    whole = np.concatenate(list(draw(n, 50, seed=3)))
    assert whole.shape == (50, n)
    assert np.array_equal(np.concatenate(list(draw(n, 50, 3, chunk))), whole)


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
        error_set = ErrorSet((normal_errors(200, sigma, rng),))
        metrics = measure_errors(error_set, Resampling(n_resamples=300, seed=trial))
        for key, true in truth.items():
            interval = metrics.intervals[key[0]][key[1]]
            assert interval is not None
            covered[key] += interval[0] <= true <= interval[1]
    assert LEVEL == 0.95
    for key, count in covered.items():  # the binomial's standard error is 0.013
        assert 0.91 < count / trials < 0.985, key


def test_memory_is_bounded_for_a_large_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond two blocks of resamples, each takes a byte a configuration."""
    n, blocks = 54_000, (64, 320)
    errors = normal_errors(n, 1.0, np.random.default_rng(13))
    peaks = []
    for n_resamples in blocks:
        monkeypatch.setattr(bootstrap, "_kept", {})
        tracemalloc.start()
        measure_errors(ErrorSet((errors,)), Resampling(n_resamples=n_resamples))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 100e6
    assert peaks[1] - peaks[0] < 1.1 * n * (blocks[1] - blocks[0])


def test_counts_that_are_kept_are_those_that_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the first model, for the next, and where there are too many to keep."""
    drawn = np.concatenate(list(draw(300, 50, (3, 0))))
    monkeypatch.setattr(bootstrap, "_kept", {})
    for _ in range(2):
        kept = np.concatenate(list(bootstrap._kept_counts(300, 50, (3, 0))))
        assert np.array_equal(kept, drawn)
    assert len(bootstrap._kept) == 1
    monkeypatch.setattr(bootstrap, "_KEPT_BYTES", 300 * 50)
    list(bootstrap._kept_counts(200, 50, (3, 0)))
    assert list(bootstrap._kept) == [(200, 50, (3, 0))]
    monkeypatch.setattr(bootstrap, "_KEPT_BYTES", 1)
    unkept = np.concatenate(list(bootstrap._kept_counts(300, 50, (3, 0))))
    assert np.array_equal(unkept, drawn)


def test_as_many_counts_are_kept_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first, and what alone is larger is not kept."""
    monkeypatch.setattr(bootstrap, "_kept", {})
    monkeypatch.setattr(bootstrap, "_KEPT_BYTES", 2 * 30 * 50)
    first, second, third = ((30, 50, (seed, 0)) for seed in (1, 2, 3))
    for key in (first, second):
        list(bootstrap._kept_counts(*key))
    assert list(bootstrap._kept) == [first, second]
    list(bootstrap._kept_counts(*third))
    assert list(bootstrap._kept) == [second, third]
    list(bootstrap._kept_counts(61, 50, (4, 0)))
    assert list(bootstrap._kept) == [second, third]
    list(bootstrap._kept_counts(60, 50, (4, 0)))
    assert list(bootstrap._kept) == [(60, 50, (4, 0))]


@pytest.mark.parametrize("kept_bytes", [1, 2**27])
def test_of_many_groups_a_block_of_resamples_is_drawn_at_once(
    kept_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_kept", {})
    monkeypatch.setattr(bootstrap, "_KEPT_BYTES", kept_bytes)
    n = 2**14
    blocks = [block.shape for block in bootstrap._kept_counts(n, 40, (3, 0))]
    assert blocks == [(32, n), (8, n)]
    assert next(draw(n, 2, (3, 0), n - 1)).shape == (1, n)


def test_strata_are_drawn_independently() -> None:
    """With the same draws in both, opposite influences would cancel in every resample."""
    own = np.random.default_rng(4).normal(size=200)
    own -= own.mean()
    one = moves_of(own[:, np.newaxis], ResamplingDesign.of_parts([200])).by.std()
    opposite = np.concatenate([own, -own])[:, np.newaxis]
    both = moves_of(opposite, ResamplingDesign.of_parts([200, 200])).by.std()
    assert both / one == pytest.approx(np.sqrt(2), rel=0.1)
