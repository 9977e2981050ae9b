"""What an MD step costs: every selected model at every size, timed by its own worker."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.cost_checks import step_cases
from umlip_gate.plugin.cost_fixtures import WORKERS_CLOCK
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = [
    pytest.mark.cost,
    pytest.mark.benchmark(timer=WORKERS_CLOCK, group="MD steps"),
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),  # in what is skipped
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", step_cases(run_configuration(metafunc.config).cost), ids=str)


def test_step(timed: Verdict) -> None:
    timed.require()
