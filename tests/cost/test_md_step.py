"""What an MD step costs: every selected model at every size, timed by its own worker."""

import pytest

from fixtures.cost import WORKERS_CLOCK
from fixtures.cost_cases import step_cases
from fixtures.plugin.suite import suite_of
from umlip_gate.claims.verdict import Judgement

pytestmark = [
    pytest.mark.cost,
    pytest.mark.benchmark(timer=WORKERS_CLOCK, group="MD steps"),
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),  # in what is skipped
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", step_cases(suite_of(metafunc.config).cost), ids=str)


def test_step(timed: Judgement) -> None:
    timed.require()
