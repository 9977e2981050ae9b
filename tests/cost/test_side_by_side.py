"""One model against another in one run; collected with `--cost-against`."""

import pytest

from fixtures.cost_cases import against_cases
from fixtures.plugin.suite import suite_of
from umlip_gate.claims.verdict import Judgement

pytestmark = [
    pytest.mark.cost,
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", against_cases(suite_of(metafunc.config).cost), ids=str)


def test_ratio(side_by_side: Judgement) -> None:
    side_by_side.require()
