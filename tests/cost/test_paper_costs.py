"""The paper's claims about costs, after the costs themselves: `thresholds/paper/`."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.cost_checks import cost_claim_checks
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = [
    pytest.mark.cost,
    pytest.mark.usefixtures("benchmark"),  # --benchmark-only selects by it
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("check", cost_claim_checks(run_configuration(metafunc.config)), ids=str)


def test_claim(verdict: Verdict) -> None:
    verdict.require()
