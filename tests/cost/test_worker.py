"""What a step costs in a worker, beside the loop that a person would write; both in turns."""

import os
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from fixtures.cost import WORKERS_CLOCK, require_alone
from fixtures.plugin.suite import Suite
from umlip_gate.cost.ladder import Ladder
from umlip_gate.cost.protocol import Protocol
from umlip_gate.cost.workbench import free_bytes, log_file, prepared
from umlip_gate.models.serve import KEPT_BYTES, THREAD_POOLS
from umlip_gate.models.worker import Job

pytestmark = [
    pytest.mark.cost,
    pytest.mark.slow,
    pytest.mark.benchmark(timer=WORKERS_CLOCK, group="MD steps"),
]

PLAIN = Path(__file__).with_name("plain_md_loop.py")
REPEATS = 5
PAIRS = 15
MOST_APART = 0.01


class PlainLoop:
    """The script in a process of its own, on the worker's core."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def cpu_s(self, n_steps: int) -> float:
        """Run steps, and give the CPU time that they took."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{n_steps}\n")
        self.process.stdin.flush()
        answer = next(line for line in self.process.stdout if line.startswith("took "))
        return float(answer.split()[1])


@contextmanager
def plain_loop(job: Job, protocol: Protocol) -> Iterator[PlainLoop]:
    """Start it with the worker's threads, core and allocator."""
    assert job.core is not None
    environment = {
        **os.environ,
        **dict.fromkeys(THREAD_POOLS, "1"),
        "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
        "MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES),
        "MALLOC_TOP_PAD_": str(KEPT_BYTES >> 4),
    }
    numbers = (REPEATS, protocol.temperature_k, protocol.timestep_fs, protocol.seed)
    command = ["taskset", "-c", str(job.core), str(job.python), str(PLAIN), *map(str, numbers)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield PlainLoop(process)
        finally:
            process.kill()


def test_a_step_in_a_worker_costs_what_it_costs_without_one(
    benchmark: BenchmarkFixture, suite: Suite
) -> None:
    """CHGNet, 125 atoms, CPU time; which of the two is first changes from pair to pair."""
    require_alone(benchmark)
    protocol = suite.cost.thresholds.protocol
    live = prepared(suite.models["CHGNet_0.3.0"], "cpu", suite.settings, None)
    log = log_file(suite.settings, "worker")
    ladder = Ladder("CHGNet_0.3.0", live, protocol, log, free_bytes)
    plain_s: list[float] = []
    with plain_loop(live.job, protocol) as plain:
        try:
            ladder.prepare(REPEATS**3)
            n_steps = ladder.n_steps
            for _ in range(3):
                plain.cpu_s(n_steps)  # warms up as the worker did

            def pair() -> None:
                if len(plain_s) % 2:
                    plain_s.append(plain.cpu_s(n_steps))
                    WORKERS_CLOCK.elapsed_s += ladder.round().cpu_s
                else:
                    WORKERS_CLOCK.elapsed_s += ladder.round().cpu_s
                    plain_s.append(plain.cpu_s(n_steps))

            benchmark.pedantic(pair, rounds=PAIRS)
            cost = ladder.finish()
        finally:
            ladder.close()
    ratios = [ours / theirs for ours, theirs in zip(cost.cpu_s, plain_s, strict=True)]
    benchmark.extra_info |= {
        "ratio": statistics.median(ratios),
        "worker_cpu_s": list(cost.cpu_s),
        "plain_cpu_s": plain_s,
        "call_share": cost.call_share,
    }
    assert statistics.median(ratios) == pytest.approx(1, abs=MOST_APART)
