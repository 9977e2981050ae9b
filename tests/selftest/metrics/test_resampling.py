"""Intervals cover, and equal models are not told apart, as often as they should be."""

import pytest

from benchmarks.resampling import POPULATIONS, coverage, false_separations
from umlip_gate.report.claims import committed_thresholds

pytestmark = pytest.mark.selftest

PAIR = [(0, 1)]


def test_a_few_intervals_cover_the_truth() -> None:
    # of 100 trials at 95 %, fewer than 87 are one case in a thousand; 17 numbers are judged
    assert min(coverage("normal", 200, trials=100).values()) >= 86 / 100


def test_few_equal_models_are_told_apart() -> None:
    # of 100 trials at 5 %, more than 12 are one case in a thousand
    assert false_separations(["normal"] * 2, PAIR, 200, trials=100, level=0.95) <= 12 / 100


@pytest.mark.slow
@pytest.mark.parametrize("population", list(POPULATIONS))
def test_intervals_of_a_datasets_size_cover_the_truth(population: str) -> None:
    for share in coverage(population, 1000, trials=1000).values():
        assert 0.90 <= share <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("population", list(POPULATIONS))
def test_equal_models_are_rarely_told_apart(population: str) -> None:
    level = committed_thresholds().statistics.order_level
    assert false_separations([population] * 2, PAIR, 200, trials=1000, level=level) <= 0.05
