import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from umlip_gate.metrics.ranking import kendall, spearman_interval

pytestmark = pytest.mark.selftest


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    return spearman_interval(x, y, n_resamples=1).value


few_values = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=12)


def slow_ranks(values: list[int]) -> list[float]:
    return [
        sum(other < value for other in values) + (sum(o == value for o in values) + 1) / 2
        for value in values
    ]


def slow_spearman(x: list[int], y: list[int]) -> float:
    a, b = slow_ranks(x), slow_ranks(y)
    mean = (len(x) + 1) / 2
    product = sum((p - mean) * (q - mean) for p, q in zip(a, b, strict=True))
    return product / math.sqrt(sum((p - mean) ** 2 for p in a) * sum((q - mean) ** 2 for q in b))


def slow_kendall(order: list[int], values: list[int]) -> float:
    pairs = [(i, j) for j in range(len(order)) for i in range(j) if order[i] != order[j]]
    sign = {(i, j): (order[i] < order[j]) - (order[i] > order[j]) for i, j in pairs}
    agreed = sum(sign[i, j] * ((values[i] < values[j]) - (values[i] > values[j])) for i, j in pairs)
    return agreed / len(pairs)


@given(few_values)
def test_spearman_agrees_with_plain_python(pairs: list[tuple[int, int]]) -> None:
    x, y = (list(column) for column in zip(*pairs, strict=True))
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(spearman(x, y))
    else:
        assert spearman(x, y) == pytest.approx(slow_spearman(x, y), abs=1e-12)


@given(few_values)
def test_kendall_agrees_with_plain_python(pairs: list[tuple[int, int]]) -> None:
    order, values = (list(column) for column in zip(*pairs, strict=True))
    (tau,) = kendall(np.array(order, float), np.array([values], float))
    if len(set(order)) == 1:
        assert math.isnan(tau)
    else:
        assert tau == pytest.approx(slow_kendall(order, values), abs=1e-12)


@given(few_values, st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(
    pairs: list[tuple[int, int]],
    random: "st.random.Random",  # type: ignore[name-defined]
) -> None:
    x, y = zip(*pairs, strict=True)
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    u, v = zip(*shuffled, strict=True)
    assert spearman(u, v) == pytest.approx(spearman(x, y), abs=1e-12)
    tau, same = (kendall(np.array(a, float), np.array([b], float))[0] for a, b in ((x, y), (u, v)))
    assert same == pytest.approx(tau, abs=1e-12)


def test_spearman_of_monotonic_values_is_one() -> None:
    x = np.linspace(0, 3, 50)
    assert spearman(x, np.exp(x)) == pytest.approx(1)
    assert spearman(x, -(x**3)) == pytest.approx(-1)


def test_resampled_ranks_are_those_of_the_drawn_values() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 9, (2, 40)).astype(float)
    found = spearman_interval(x, y, n_resamples=200, seed=5)
    drawn = np.random.default_rng(5).integers(40, size=(200, 40))
    loop = [slow_spearman(x[rows].tolist(), y[rows].tolist()) for rows in drawn]
    assert found.value == pytest.approx(slow_spearman(x.tolist(), y.tolist()))
    assert found.interval == pytest.approx(tuple(np.percentile(loop, [2.5, 97.5])))


def test_blocks_are_drawn_whole() -> None:
    """Ten copies of each pair, drawn with it, tell no more than the pairs themselves."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=30)
    y = x + rng.normal(size=30)
    alone = spearman_interval(x, y, n_resamples=300)
    block = np.repeat(np.arange(30), 10)
    copied = spearman_interval(x[block], y[block], block, n_resamples=300)
    assert copied.value == pytest.approx(alone.value, abs=0.01)
    assert copied.interval == pytest.approx(alone.interval, abs=0.01)
    naive = spearman_interval(x[block], y[block], n_resamples=300)
    assert naive.interval is not None
    assert alone.interval is not None
    assert naive.interval[1] - naive.interval[0] < 0.5 * (alone.interval[1] - alone.interval[0])


def test_what_has_no_ranks_has_no_correlation() -> None:
    found = spearman_interval([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], n_resamples=20)
    assert math.isnan(found.value)
    assert found.interval is None
