"""Costs against `thresholds/cost/`; collected with `--umlip-cost-baseline`."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.cost_checks import baseline_cases
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = [
    pytest.mark.cost,
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", baseline_cases(run_configuration(metafunc.config).cost), ids=str)


def test_baseline(held: Verdict) -> None:
    held.require()
