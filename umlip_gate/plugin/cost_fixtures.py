"""The fixtures of checks about costs, where pytest-benchmark is installed."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from umlip_gate.cost.session import CostSession
from umlip_gate.plugin.run_configuration import RunConfiguration
from umlip_gate.plugin.timing import Timing, require_alone
from umlip_gate.plugin.verdicts import RESULTS


@pytest.fixture(scope="session")
def cost_session(suite: RunConfiguration) -> Iterator[CostSession]:
    """Measures one model after the other."""
    plan = suite.cost
    session = CostSession(
        models=dict(plan.models),
        settings=suite.settings,
        protocol=plan.thresholds.protocol,
        device=plan.device,
        random_seed=suite.random_seed,
    )
    yield session
    session.close()


@pytest.fixture
def timing(
    suite: RunConfiguration,
    cost_session: CostSession,
    benchmark: BenchmarkFixture,
    request: pytest.FixtureRequest,
) -> Timing:
    """Return what times the steps of a check."""
    require_alone(benchmark)
    return Timing(cost_session, suite.cost.thresholds.kept, benchmark, request.node.stash)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    """Name core, GPU and driver in the benchmarks' own file."""
    hosts = [entry["host"] for entry in config.stash[RESULTS].costs.values()]
    machine_info["workers"] = [host for host in hosts if host]
