"""Intervals cover, and equal models are not told apart, as often as they should be."""

import pytest

from tests.selftest.resampling import POPULATIONS, coverage, false_separations

pytestmark = pytest.mark.selftest


def test_a_few_intervals_cover_the_truth() -> None:
    # of 60 trials at 95 %, fewer than 51 are one case in a thousand
    assert min(coverage("normal", 200, trials=60).values()) >= 51 / 60


def test_few_equal_models_are_told_apart() -> None:
    # of 60 trials at 5 %, more than 9 are one case in a thousand
    assert max(false_separations("normal", 200, trials=60).values()) <= 9 / 60


@pytest.mark.slow
@pytest.mark.parametrize("population", list(POPULATIONS))
def test_intervals_of_a_datasets_size_cover_the_truth(population: str) -> None:
    for share in coverage(population, 1000, trials=400).values():
        assert 0.90 <= share <= 0.98


@pytest.mark.slow
def test_equal_models_of_a_datasets_size_are_rarely_told_apart() -> None:
    shares = [
        share
        for population in POPULATIONS
        for share in false_separations(population, 1000, trials=400).values()
    ]
    assert sum(shares) / len(shares) <= 0.05
    assert max(shares) <= 0.05 + 2 * 0.011  # twice the binomial's standard error
