import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.selftest.reference.metrics import assert_close, flat, random_case, slow
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics.bootstrap import Resampling
from umlip_gate.metrics.error_set import RULES, ErrorSet, Rule
from umlip_gate.metrics.errors import Errors, errors_of, no_stresses
from umlip_gate.metrics.measurement import Metrics, measure_errors
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

Case = tuple[Configurations, Predictions]

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=4)


def measure_pool(parts: list[Errors], n_resamples: int = 2000) -> dict[Rule, Metrics]:
    how = Resampling(n_resamples=n_resamples)
    return {rule: measure_errors(ErrorSet(tuple(parts), rule), how) for rule in RULES}


def parts_of(sizes: list[int]) -> list[tuple[Case, Errors]]:
    cases = [random_case(n, seed=place) for place, n in enumerate(sizes)]
    return [(case, errors_of(*case)) for case in cases]


@given(sizes)
def test_rows_pooled_is_one_long_dataset(sizes: list[int]) -> None:
    parts = [errors for _, errors in parts_of(sizes)]
    pooled = measure_pool(parts, n_resamples=2)["rows"]
    whole = Errors.joined(parts)
    assert pooled.values == measure_errors(ErrorSet((whole,))).values
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
    alone = measure_errors(ErrorSet((errors,)))
    for metrics in by_rule.values():
        assert_close(flat(metrics), flat(alone))


def test_each_dataset_is_drawn_from_itself() -> None:
    """Two datasets of little spread inside have a narrow interval, however far apart."""
    rng = np.random.default_rng(0)
    parts = []
    for level in (1.0, 100.0):
        near = level * (1 + 1e-4 * rng.normal(size=20))
        ones = np.ones(20)
        parts.append(
            Errors(
                *(ones, near, near**2, near, near, near, 0 * ones, ones, ones[:, np.newaxis]),
                groups=np.arange(20),
                n_forces=ones,
                **no_stresses(20),
            )
        )
    for metrics in measure_pool(parts).values():
        low, high = metrics.intervals["energy_rmse"]["per_configuration"] or (0.0, 1.0)
        assert high - low < 0.01


def test_a_configuration_that_failed_leaves_no_number_by_either_rule() -> None:
    parts = [errors for _, errors in parts_of([5, 7])]
    parts[1].energy[3] = np.nan
    for metrics in measure_pool(parts, n_resamples=2).values():
        assert (metrics.n_configurations, metrics.n_failed) == (12, 1)
        assert set(flat(metrics).values()) == {None}
