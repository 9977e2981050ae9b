"""The paper's claims about costs, after the costs themselves: `thresholds/paper/`."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.checks import cost_claim_cases
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = [
    pytest.mark.cost,
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", cost_claim_cases(run_configuration(metafunc.config)), ids=str)


def test_claim(weighed: Verdict) -> None:
    weighed.require()
