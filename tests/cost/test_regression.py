"""Costs against `thresholds/cost/`; collected with `--umlip-cost-baseline`."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.cost_checks import baseline_checks
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = [
    pytest.mark.cost,
    pytest.mark.usefixtures("benchmark"),  # --benchmark-only selects by it
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("check", baseline_checks(run_configuration(metafunc.config).cost), ids=str)


def test_baseline(verdict: Verdict) -> None:
    verdict.require()
