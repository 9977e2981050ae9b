"""Costs against `thresholds/cost/`; collected with `--cost-baseline`, after what it judges."""

import pytest

from fixtures.cost_cases import baseline_cases
from fixtures.plugin.suite import suite_of
from umlip_gate.claims.verdict import Judgement

pytestmark = [
    pytest.mark.cost,
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", baseline_cases(suite_of(metafunc.config).cost), ids=str)


def test_baseline(held: Judgement) -> None:
    held.require()
