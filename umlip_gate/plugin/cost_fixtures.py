"""The fixtures that cost tests ask for: the cost session, and the verdict of a case."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from umlip_gate.claims.cost_verdicts import judge_against, judge_baseline, judge_step
from umlip_gate.claims.verdict import Verdict
from umlip_gate.cost.costs import Cost
from umlip_gate.cost.session import CostSession
from umlip_gate.cost.size_sweep import SizeSweep
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.evaluation.evaluator import Evaluator
from umlip_gate.evaluation.recorder import Recorder
from umlip_gate.plugin.accuracy_fixtures import expect_known_failure
from umlip_gate.plugin.checks import Case
from umlip_gate.plugin.cost_checks import CostCase
from umlip_gate.plugin.run_configuration import RunConfiguration
from umlip_gate.plugin.verdicts import COSTS, RECORDER, RESULTS, VERDICT


class WorkersClock:
    """A timer for pytest-benchmark that shows what workers' own clocks have measured.

    So its statistics, files and comparisons are of the record, and not of the call.
    """

    __name__ = "workers_clock"

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def __call__(self) -> float:
        """Return the seconds that all rounds have taken so far."""
        return self.elapsed_s


WORKERS_CLOCK = WorkersClock()


@pytest.fixture(scope="session")
def session(suite: RunConfiguration) -> Iterator[CostSession]:
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
def timed(
    case: CostCase,
    session: CostSession,
    benchmark: BenchmarkFixture,
    request: pytest.FixtureRequest,
) -> Verdict:
    """Measure what a step costs; the times are the benchmark's.

    What was not measured ends here: skipped if it cannot be had, an error if it could.
    """
    require_alone(benchmark)
    with _skipping():
        sweep = session.sweep(case.model)
        request.node.stash[COSTS] = sweep.measured.to_json(session.protocol.timestep_fs)
        try:
            cost = _rounds(sweep, case.n_atoms, benchmark)
        finally:
            request.node.stash[COSTS] = sweep.measured.to_json(session.protocol.timestep_fs)
    benchmark.extra_info |= _extra(sweep, cost, session.protocol.timestep_fs)
    judged = judge_step(sweep.measured, cost)
    request.node.stash[VERDICT] = judged
    return judged


def _rounds(sweep: SizeSweep, n_atoms: int, benchmark: BenchmarkFixture) -> Cost:
    rounds = sweep.prepare(n_atoms)

    def one_round() -> None:
        steps = sweep.round()
        WORKERS_CLOCK.elapsed_s += steps.cpu_s if sweep.clock == "cpu" else steps.wall_s

    benchmark.pedantic(one_round, rounds=rounds)
    return sweep.finish()


def _extra(sweep: SizeSweep, cost: Cost, timestep_fs: float) -> dict[str, Any]:
    measured = sweep.measured
    return {
        "model": measured.model,
        "family": measured.family,
        "device": measured.device,
        "dtype": measured.dtype,
        "weights": measured.weights,
        "atoms": cost.n_atoms,
        "steps": cost.n_steps,
        "clock": cost.clock,
        "us_per_step_per_atom": cost.us_per_step_per_atom,
        "ns_per_day": cost.ns_per_day(timestep_fs),
        "peak_bytes": cost.peak_bytes,
        "neighbours_per_atom": cost.neighbours,
        "wall_s": list(cost.wall_s),
        "cpu_s": list(cost.cpu_s),
        "call_s": list(cost.call_s),
    }


@pytest.fixture
def held(
    case: CostCase,
    suite: RunConfiguration,
    session: CostSession,
    benchmark: BenchmarkFixture,
    request: pytest.FixtureRequest,
) -> Verdict:
    """Compare what was measured with the baseline."""
    require_alone(benchmark)
    baseline = suite.cost.baseline
    assert baseline is not None  # noqa: S101 - else there are no such cases
    entry = baseline.by_key().get((case.model, case.dtype, case.n_atoms))
    if entry is None:
        with _skipping():
            session.cost(case.model, case.n_atoms)
        raise MeasurementError(
            f"{case.model}, {case.dtype}, {case.n_atoms} atoms: measured, and the baseline "
            f"{baseline.name} does not have it: add it there, or name other models by --umlip-model"
        )
    try:
        cost = session.cost(case.model, case.n_atoms)
    except Unavailable as error:
        raise MeasurementError(f"the baseline {baseline.name} has it, and here: {error}") from error
    judged = judge_baseline(session.measured[case.model], cost, baseline, entry)
    request.node.stash[VERDICT] = judged
    return judged


@pytest.fixture
def weighed(  # noqa: PLR0913, PLR0917 - what is measured, and what it is compared with
    case: Case,
    suite: RunConfiguration,
    session: CostSession,
    evaluator: Evaluator,
    benchmark: BenchmarkFixture,
    request: pytest.FixtureRequest,
) -> Verdict:
    """Judge a claim about costs by what this run measured, and what is kept of other devices.

    Errors are those of published predictions: computing others would take what is to be timed.
    """
    require_alone(benchmark)
    if evaluator.sample_limit:
        pytest.skip(
            "judged on whole datasets only: without --umlip-max-configurations and --umlip-budget"
        )
    kept = suite.cost.thresholds.kept
    recorder = Recorder(
        evaluator, "published", lambda device: session.known(device, kept.get(device))
    )
    request.node.stash[RECORDER] = recorder
    with _skipping():
        judged = case.judge(recorder)
    judged = expect_known_failure(request, case, judged)
    request.node.stash[VERDICT] = judged
    return judged


@pytest.fixture
def side_by_side(
    case: CostCase,
    suite: RunConfiguration,
    session: CostSession,
    benchmark: BenchmarkFixture,
    request: pytest.FixtureRequest,
) -> Verdict:
    """Run the two models that the case is about in turns."""
    require_alone(benchmark)
    session.close()
    try:
        verdict = judge_against(
            lambda: session.start(case.model),
            lambda: session.start(case.held_against, case.device),
            suite.cost.thresholds.comparison,
        )
    except Unavailable as error:
        raise MeasurementError(f"asked for, and not available here: {error}") from error
    request.node.stash[VERDICT] = verdict
    return verdict


def require_alone(benchmark: BenchmarkFixture) -> None:
    """Refuse a run in which nothing is timed, or several processes share the cores.

    Raises
    ------
    MeasurementError
        Benchmarks are disabled, as xdist and `--benchmark-disable` do.
    """
    if benchmark.disabled:
        raise MeasurementError(
            "benchmarks are disabled: costs are measured by one process, without xdist (-n) and "
            "--benchmark-disable"
        )


@contextmanager
def _skipping() -> Generator[None]:
    try:
        yield
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    """Name core, GPU and driver in the benchmarks' own file."""
    hosts = [entry["host"] for entry in config.stash[RESULTS].costs.values()]
    machine_info["workers"] = [host for host in hosts if host]
