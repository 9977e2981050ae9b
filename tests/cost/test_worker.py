"""What a step costs in a worker, beside the loop that a person would write."""

import statistics
from typing import NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from umlip_gate.cost.paired import ratio
from umlip_gate.cost.session import free_bytes, log_file, prepared
from umlip_gate.cost.size_sweep import SizeSweep
from umlip_gate.models import worker_process as worker
from umlip_gate.plugin import SUITE
from umlip_gate.plugin.run_configuration import RunConfiguration
from umlip_gate.plugin.timing import WORKERS_CLOCK, require_alone

pytestmark = [
    pytest.mark.cost,
    pytest.mark.slow,
    pytest.mark.benchmark(timer=WORKERS_CLOCK, group="MD steps"),
]

BOTH = SUITE / "cost" / "both_md_loops.py"
MODEL = "CHGNet_0.3.0"
WARM_UP = 3


class Steps(NamedTuple):
    """CPU seconds of a step: all of it, and the model's part."""

    whole_s: float
    inside_s: float


def test_a_step_of_the_suite_costs_what_a_bare_one_does(
    benchmark: BenchmarkFixture, suite: RunConfiguration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPU time of single steps in turns, in workers that the suite starts, whatever slows them.

    Both loops ask the same model, whose time is the mean over all steps; what a machine's changing
    speed does to single ones would hide the rest.
    """
    require_alone(benchmark)
    overhead, protocol = suite.cost.thresholds.overhead, suite.cost.thresholds.protocol
    live = prepared(suite.models[MODEL], "cpu", suite.settings, None)
    monkeypatch.setattr(worker, "START", BOTH)
    ratios: list[list[float]] = []

    def process() -> None:
        sweep = SizeSweep(MODEL, live, protocol, log_file(suite.settings, "worker"), free_bytes)

        def ask(verb: str) -> float:
            return float(sweep._worker._ask(verb, None)[0][1])

        def step(of_the_suite: bool) -> Steps:  # noqa: FBT001 - or of the bare loop
            before_s = ask("inside")
            whole_s = sweep._time_steps(1).cpu_s if of_the_suite else ask("bare")
            return Steps(whole_s, ask("inside") - before_s)

        try:
            sweep.prepare(overhead.n_atoms)
            steps = [
                {
                    of_the_suite: step(of_the_suite)
                    for of_the_suite in (number % 2 > 0, number % 2 < 1)
                }
                for number in range(WARM_UP + overhead.pairs)
            ][WARM_UP:]
        finally:
            sweep.close()
        WORKERS_CLOCK.elapsed_s += sum(pair[True].whole_s for pair in steps)
        ratios.append(_ratios(steps))

    benchmark.pedantic(process, rounds=overhead.blocks)
    found = ratio([[each] for each in ratios], overhead)
    benchmark.extra_info |= {"ratio": found.value, "interval": found.interval, "ratios": ratios}
    low, high = found.interval
    said = (
        f"{found.value:.4f} times a bare one ({100 * overhead.level:g} %: {low:.4f} to {high:.4f})"
    )
    by_process = [round(statistics.median(each), 4) for each in ratios]
    print(f"a step in a worker costs {said}; by process {by_process}")  # noqa: T201 - its answer
    assert 1 - overhead.max_deviation <= low <= high <= 1 + overhead.max_deviation


def _ratios(steps: list[dict[bool, Steps]]) -> list[float]:
    """Return the suite's steps over the bare ones, pair by pair, with the model's mean in both."""
    model_s = statistics.mean(each.inside_s for pair in steps for each in pair.values())
    outside_s = [{of: each.whole_s - each.inside_s for of, each in pair.items()} for pair in steps]
    return [(model_s + pair[True]) / (model_s + pair[False]) for pair in outside_s]
