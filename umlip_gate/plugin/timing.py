"""Times the steps of one check: the session's workers, and pytest-benchmark, which records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from umlip_gate.cost.baseline import Baseline
from umlip_gate.cost.costs import Cost
from umlip_gate.cost.evidence import Device, KnownCosts
from umlip_gate.cost.session import CostSession
from umlip_gate.cost.size_sweep import SizeSweep
from umlip_gate.errors import MeasurementError

if TYPE_CHECKING:  # not installed where no cost is measured
    from pytest_benchmark.fixture import BenchmarkFixture

COSTS = pytest.StashKey[dict[str, Any]]()
"""What is known of the costs of the item's model, as plain data."""


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


@dataclass
class Timing:
    """What a check about costs measures with.

    Attributes
    ----------
    session
        Measures one model after the other.
    kept
        What stands in for a device that this run does not measure on.
    benchmark
        The item's.
    stash
        The item's, for the report.
    """

    session: CostSession
    kept: Mapping[Device, Baseline]
    benchmark: "BenchmarkFixture"
    stash: pytest.Stash

    def run(self, model: str, n_atoms: int) -> Cost:
        """Run the rounds of one size; the benchmark's times are theirs.

        Raises
        ------
        Unavailable, MeasurementError
            As `SizeSweep` does; what the model's other sizes cost is kept in the stash.
        """
        sweep = self.session.sweep(model)
        timestep_fs = self.session.protocol.timestep_fs
        try:
            rounds = sweep.prepare(n_atoms)

            def one_round() -> None:
                steps = sweep.round()
                WORKERS_CLOCK.elapsed_s += steps.cpu_s if sweep.clock == "cpu" else steps.wall_s

            self.benchmark.pedantic(one_round, rounds=rounds)
            cost = sweep.finish()
        finally:
            self.stash[COSTS] = sweep.measured.to_json(timestep_fs)
        self.benchmark.extra_info |= _extra(sweep, cost, timestep_fs)
        return cost

    def known(self, device: Device) -> KnownCosts:
        """Return what is known of the costs on a device."""
        return self.session.known(device, self.kept.get(device))


def require_alone(benchmark: "BenchmarkFixture") -> None:
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
