"""What a step costs in a worker, beside the loop that a person would write."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from fixtures.cost import WORKERS_CLOCK, require_alone
from fixtures.plugin.suite import Suite
from umlip_gate.cost.against import per_step, ratio
from umlip_gate.cost.ladder import Ladder
from umlip_gate.cost.workbench import free_bytes, log_file, prepared
from umlip_gate.models import worker

pytestmark = [
    pytest.mark.cost,
    pytest.mark.slow,
    pytest.mark.benchmark(timer=WORKERS_CLOCK, group="MD steps"),
]

BOTH = worker.BOOTSTRAP.replace("umlip_gate.models.serve", "tests.cost.plain_md_loop")
MODEL = "CHGNet_0.3.0"
WARM_UP = 3


def test_a_step_of_the_suite_costs_what_a_bare_one_does(
    benchmark: BenchmarkFixture, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPU time of rounds in turns in one process, since two processes differ by percents.

    The process is a worker that the suite starts, again and again; in each, the suite's rounds
    are run by its ladder, and the bare loop's by one question more.
    """
    require_alone(benchmark)
    bare, protocol = suite.cost.thresholds.bare, suite.cost.thresholds.protocol
    live = prepared(suite.models[MODEL], "cpu", suite.settings, None)
    monkeypatch.setattr(worker, "BOOTSTRAP", BOTH)
    ratios: list[list[float]] = []
    shares: list[float] = []

    def process() -> None:
        ladder = Ladder(MODEL, live, protocol, log_file(suite.settings, "worker"), free_bytes)

        def plain_s() -> float:
            _, seconds = ladder._worker._ask("plain", ladder.n_steps)
            return float(seconds) / ladder.n_steps

        try:
            ladder.prepare(bare.n_atoms)
            theirs = [plain_s() for _ in range(WARM_UP)][:0]
            for pair in range(bare.pairs):
                if pair % 2:
                    theirs.append(plain_s())
                WORKERS_CLOCK.elapsed_s += ladder.round().cpu_s
                if not pair % 2:
                    theirs.append(plain_s())
            cost = ladder.finish()
        finally:
            ladder.close()
        ratios.append([a / b for a, b in zip(per_step(cost), theirs, strict=True)])
        shares.append(cost.call_share)

    benchmark.pedantic(process, rounds=bare.blocks)
    found = ratio([[each] for each in ratios], bare)
    benchmark.extra_info |= {
        "ratio": found.value,
        "interval": found.interval,
        "ratios": ratios,
        "call_shares": shares,
    }
    low, high = found.interval
    said = f"{found.value:.4f} times a bare one ({100 * bare.level:g} %: {low:.4f} to {high:.4f})"
    print(f"a step in a worker costs {said}; by process {ratios}")  # noqa: T201 - its answer
    assert 1 - bare.most_apart <= low <= high <= 1 + bare.most_apart
