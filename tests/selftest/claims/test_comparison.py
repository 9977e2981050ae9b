"""Differences between models: all of a comparison's intervals hold together."""

from dataclasses import replace

import numpy as np
import pytest

from tests.selftest.builders.evidence import ENERGY, STATISTICS, N, result
from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.comparison import differences, resampled, together
from umlip_gate.claims.result import Result
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.errors import FloatArray

pytestmark = pytest.mark.selftest

RMSE = Measured.model_validate(ENERGY)


def test_the_more_models_are_compared_the_wider_is_each_interval() -> None:
    rng = np.random.default_rng(3)
    models = [result(name, 5.0, spread=rng.uniform(-0.9, 0.9, N)) for name in "abcdefghijk"]
    pairs = [(models[0], other) for other in models[1:]]
    (alone,) = differences(pairs[:1], RMSE, STATISTICS)
    among = differences(pairs, RMSE, STATISTICS)[0]
    assert alone is not None
    assert among is not None
    assert 1.15 < (among[1] - among[0]) / (alone[1] - alone[0]) < 1.7


def unlike(seed: int, n: int = N) -> FloatArray:
    """Return errors of configurations that are unlike those of another seed."""
    return np.random.default_rng(seed).uniform(-0.9, 0.9, n)


@pytest.fixture
def first() -> Result:
    return result("a", 5.0)


@pytest.fixture
def second() -> Result:
    return result("b", 9.0, spread=unlike(5))


def test_a_difference_is_the_first_less_the_second(first: Result, second: Result) -> None:
    (below,) = differences([(first, second)], RMSE, STATISTICS)
    (above,) = differences([(second, first)], RMSE, STATISTICS)
    assert below is not None
    assert above is not None
    assert below[0] < -4.0 < below[1] < 0
    assert above == pytest.approx((-below[1], -below[0]))


def test_each_pair_has_its_own_interval(first: Result, second: Result) -> None:
    third = result("c", 20.0, spread=unlike(6))
    found = differences([(first, second), (third, second)], RMSE, STATISTICS)
    assert [np.sign(one).tolist() for one in found if one] == [[-1, -1], [1, 1]]


@pytest.mark.parametrize(("fewest", "is_told"), [(N, True), (N + 1, False)])
def test_nothing_is_told_of_too_few(
    first: Result, second: Result, fewest: int, *, is_told: bool
) -> None:
    statistics = STATISTICS.model_copy(update={"fewest_configurations": fewest})
    (found,) = differences([(first, second)], RMSE, statistics)
    assert (found is not None) is is_told


def test_either_of_a_pair_may_have_too_few(first: Result, second: Result) -> None:
    few = replace(result("b", 9.0, spread=unlike(5, 60)), dataset="Mo-g")
    for pair in ((first, few), (few, first)):
        assert differences([pair], RMSE, STATISTICS) == [None]
    enough = replace(second, dataset="Mo-g")
    assert differences([(first, enough)], RMSE, STATISTICS) != [None]


def test_two_that_do_not_differ_tell_nothing(first: Result) -> None:
    assert differences([(first, replace(first, model="b"))], RMSE, STATISTICS) == [None]


def test_values_of_resamples_are_around_what_was_measured(first: Result, second: Result) -> None:
    found = resampled([first, second], RMSE)
    assert found.shape[1] == 2
    assert found.mean(axis=0) == pytest.approx([5.0, 9.0], abs=0.02)
    assert (found.std(axis=0) > 0.01).all()
    (interval,) = differences([(first, second)], RMSE, STATISTICS)
    assert interval is not None
    assert interval == pytest.approx(
        np.quantile(found[:, 0] - found[:, 1], [0.015, 0.985]), abs=0.1
    )


def test_a_resample_with_more_of_a_large_error_has_a_larger_one() -> None:
    """One configuration is drawn not at all, or several times: the tail is above."""
    spread = np.zeros(N)
    spread[0] = 100.0
    moves = resampled([result("a", 5.0, spread=spread)], RMSE)[:, 0] - 5.0
    assert moves.max() > 2 * -moves.min() > 0


def test_results_of_other_configurations_are_not_compared(first: Result) -> None:
    cut = result("b", 9.0, spread=unlike(5, N - 1))
    with pytest.raises(MeasurementError) as fault:
        differences([(first, cut)], RMSE, STATISTICS)
    assert str(fault.value) == (
        f"b on W-g was measured on {N - 1} configurations, another on {N}: they cannot be compared"
    )


def test_a_higher_level_makes_wider_intervals(first: Result, second: Result) -> None:
    widths = []
    for level in (0.5, 0.97):
        statistics = STATISTICS.model_copy(update={"order_level": level})
        (found,) = differences([(first, second)], RMSE, statistics)
        assert found is not None
        widths.append(found[1] - found[0])
    assert widths[1] > 2 * widths[0]


def test_the_other_number_of_configurations_is_that_of_the_dataset(first: Result) -> None:
    whole = replace(first, dataset="Mo-g")
    cut = replace(result("b", 9.0, spread=unlike(5, N - 1)), dataset="Mo-g")
    with pytest.raises(MeasurementError, match=f"{N} configurations, another on {N - 1}:"):
        together([cut, whole, first], RMSE)


def test_datasets_stand_one_after_the_other(first: Result, second: Result) -> None:
    elsewhere = replace(second, dataset="Mo-g")
    estimates, design = together([first, elsewhere, first], RMSE)
    assert [estimate.value for estimate in estimates] == [5.0, 9.0, 5.0]
    assert estimates[0] is estimates[2]
    np.testing.assert_array_equal(estimates[0].influence[:N], first.influence(RMSE))
    np.testing.assert_array_equal(estimates[0].influence[N:], 0)
    np.testing.assert_array_equal(estimates[1].influence[N:], elsewhere.influence(RMSE))
    np.testing.assert_array_equal(estimates[1].influence[:N], 0)
    assert design.n_groups == 2 * N
    assert design.strata.tolist() == [0] * N + [1] * N
