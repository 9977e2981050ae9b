"""The paper's claims about costs, after the costs themselves: `thresholds/paper/`."""

import pytest

from fixtures.cases import cost_claim_cases
from fixtures.plugin.suite import suite_of
from umlip_gate.claims.verdict import Judgement

pytestmark = [
    pytest.mark.cost,
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", cost_claim_cases(suite_of(metafunc.config)), ids=str)


def test_claim(weighed: Judgement) -> None:
    weighed.require()
