"""What an MD step costs: every selected model at every size, timed by its own worker."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.cost_checks import step_checks
from umlip_gate.plugin.run_configuration import run_configuration
from umlip_gate.plugin.timing import WORKERS_CLOCK

pytestmark = [
    pytest.mark.cost,
    pytest.mark.usefixtures("benchmark"),  # --benchmark-only selects by it
    pytest.mark.benchmark(timer=WORKERS_CLOCK, group="MD steps"),
    pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"),  # in what is skipped
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("check", step_checks(run_configuration(metafunc.config).cost), ids=str)


def test_step(verdict: Verdict) -> None:
    verdict.require()
