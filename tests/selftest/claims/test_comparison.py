"""Differences between models: all of a comparison's intervals hold together."""

import numpy as np
import pytest

from tests.selftest.builders.evidence import ENERGY, STATISTICS, N, result
from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.comparison import differences

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
