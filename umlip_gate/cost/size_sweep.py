"""One model climbs the sizes: a worker, its warm-up, its rounds, and where it ends."""

import math
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from umlip_gate.cost.costs import Clock, Cost, ModelCosts, Weights
from umlip_gate.cost.protocol import Protocol, crystal, neighbours_per_atom
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.models.prepare import RunnableModel
from umlip_gate.models.worker_process import Worker, WorkerKilled, WorkerLost
from umlip_gate.worker.dynamics import TimedSteps
from umlip_gate.worker.packing import Answer

OVERSHOOT = 1.1
MOST_GROWTH = 10
"""From one run of the warm-up to the next: a little more than it seems to need."""


class Ended(Unavailable):
    """No time at this size or a larger one: memory, or the time given, ended the size sweep."""


def pinned_core() -> int | None:
    """Choose the last core that this process may run on; None where the system does not pin."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


class SizeSweep:
    """Measures one model at one size after the other, in one worker.

    Parameters
    ----------
    model
        Its name.
    live
        What is run; the job's core is where.
    protocol
        Sizes, rounds, and the bounds of time and memory.
    log
        A file for what the worker prints.
    free_bytes
        Tells the memory that a larger crystal may take.

    Attributes
    ----------
    measured
        The record so far.
    clock
        Whose seconds count.
    n_steps
        Of a round, as calibrated at the size that was prepared last.
    """

    def __init__(
        self,
        model: str,
        live: RunnableModel,
        protocol: Protocol,
        log: Path,
        free_bytes: Callable[[], int | None],
    ) -> None:
        job = live.job
        weights: Weights = "real" if job.random_seed is None else "random"
        self.measured = ModelCosts(
            model, job.family, job.device, job.dtype, weights, None, {}, {}, {}
        )
        self.measured.packages = live.environment.packages
        self.clock: Clock = "cpu" if job.device == "cpu" else "wall"
        self._protocol = protocol
        self._free_bytes = free_bytes
        self._worker = Worker(job, log)
        self._lost: str | None = None
        self.measured.n_parameters = self._worker.n_parameters
        self._begun_s = time.monotonic()
        self._n_atoms = 0
        self.n_steps = 1
        self._neighbours: int | None = None
        self._rounds: list[TimedSteps] = []
        self._calls_s: list[float] = []
        self._peak_bytes = 0

    def prepare(self, n_atoms: int) -> int:
        """Build a crystal, warm up, and find how many steps fill a round.

        Returns
        -------
        int
            How many rounds to run.

        Raises
        ------
        Ended
            This size and the larger ones are not available.
        MeasurementError
            The model could not be run, or not as the protocol asks.
        """
        self._foresee(n_atoms)
        protocol = self._protocol
        numbers = {
            "temperature_k": protocol.temperature_k,
            "seed": protocol.seed,
            "timestep_fs": protocol.timestep_fs,
            "most_displacement_ang": protocol.most_displacement_ang,
        }
        self._n_atoms, self._rounds, self._calls_s = n_atoms, [], []
        about = self._answered(lambda: self._worker.build(crystal(n_atoms), numbers))
        self.measured.host = about["host"]
        self._neighbours = neighbours_per_atom(about["cutoff_ang"])
        self._check_host()
        took_s = self._calibrate()
        wanted = math.ceil(protocol.target_s_per_size / took_s)
        return min(max(wanted, protocol.min_rounds), protocol.max_rounds)

    def round(self) -> TimedSteps:
        """Run one round of the calibrated number of steps, and keep what it took."""
        begun_s = time.perf_counter()
        steps = self._time_steps(self.n_steps)
        self._calls_s.append(time.perf_counter() - begun_s - steps.wall_s)
        self._rounds.append(steps)
        return steps

    def finish(self) -> Cost:
        """Make the record of the size.

        Raises
        ------
        MeasurementError
            A round was shorter than the protocol's, or took more than one core.
        """
        cost = Cost(
            n_atoms=self._n_atoms,
            n_steps=self.n_steps,
            wall_s=tuple(steps.wall_s for steps in self._rounds),
            cpu_s=tuple(steps.cpu_s for steps in self._rounds),
            call_s=tuple(self._calls_s),
            clock=self.clock,
            peak_bytes=self._peak_bytes,
            neighbours=self._neighbours,
        )
        shortest_s = min(cost.record_s)
        if shortest_s < self._protocol.min_round_s:
            raise MeasurementError(
                f"{self._who()}: a round of {cost.n_steps} steps took {shortest_s:.3f} s, less "
                f"than {self._protocol.min_round_s:g} s, though one took longer before: measure "
                "again on a steadier machine"
            )
        most = self._protocol.most_cpu_per_wall
        if self.clock == "cpu" and sum(cost.cpu_s) > most * sum(cost.wall_s):
            raise MeasurementError(
                f"{self._who()}: {sum(cost.cpu_s):.2f} s of CPU time in {sum(cost.wall_s):.2f} s: "
                "more than one core"
            )
        self.measured.costs[self._n_atoms] = cost
        return cost

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def _calibrate(self) -> float:
        """Run steps until some in a row fill a round and take as long as each other."""
        warm_up = self._protocol.warm_up
        enough_s = warm_up.margin * self._protocol.min_round_s
        self.n_steps = 1
        steady_s: list[float] = []
        while len(steady_s) < 2 or not (  # noqa: PLR2004 - one alone may be a compilation
            len(steady_s) >= warm_up.runs or sum(steady_s) > warm_up.long_runs_s
        ):
            steps = self._time_steps(self.n_steps)
            took_s = steps.cpu_s if self.clock == "cpu" else steps.wall_s
            if took_s >= enough_s:
                warm = not steady_s or took_s > warm_up.steady_ratio * steady_s[-1]
                steady_s = [*steady_s, took_s] if warm else [took_s]
                continue
            steady_s = []
            growth = min(MOST_GROWTH, OVERSHOOT * enough_s / took_s) if took_s > 0 else MOST_GROWTH
            self.n_steps = math.ceil(growth * self.n_steps)
        return steady_s[-1]

    def _time_steps(self, n_steps: int) -> TimedSteps:
        answer = self._answered(lambda: self._worker.time_steps(n_steps))
        self._peak_bytes = answer.pop("peak_bytes")
        self._check_device(answer.pop("gpu_bytes"), answer.pop("children_s"))
        return TimedSteps(**answer)

    def _answered(self, ask: "Callable[[], Answer]") -> dict[str, Any]:
        if self._lost:
            raise MeasurementError(f"{self._who()}: {self._lost}")
        try:
            kind, said = ask()
        except WorkerKilled as killed:
            raise self._end(f"at {self._n_atoms} atoms {killed}") from killed
        except WorkerLost as lost:
            self._lost = f"not tried, as at {self._n_atoms} atoms {lost}"
            raise MeasurementError(f"{self._who()}: {lost}") from lost
        if kind == "fault":
            raise self._end(f"out of memory at {self._n_atoms} atoms: {said}")
        if kind == "error":
            raise MeasurementError(f"{self._who()}: {said}")
        return dict(said)

    def _foresee(self, n_atoms: int) -> None:
        """End the size sweep before a size that would not fit into the memory or the time left."""
        if self.measured.ended:
            raise Ended(f"{self.measured.model}: {self.measured.ended[1]}")
        if not self.measured.costs or n_atoms <= self._protocol.required_size:
            return
        self._n_atoms = n_atoms
        last = self.measured.costs[max(self.measured.costs)]
        growth = n_atoms / last.n_atoms
        budget_s = getattr(self._protocol.budget_s_per_model, self.measured.device)
        left_s = budget_s - (time.monotonic() - self._begun_s)
        n_runs = 1 + self._protocol.warm_up.runs + self._protocol.min_rounds  # the first to build
        step_s = statistics.median(last.wall_s) / last.n_steps
        needed_s = n_runs * max(growth * step_s, self._protocol.min_round_s)
        if needed_s > left_s:
            raise self._end(
                f"{n_atoms} atoms would take {needed_s:.0f} s, and {max(left_s, 0):.0f} s are left "
                f"of {budget_s:g} s per model"
            )
        free = self._free_bytes()
        needed = growth * last.peak_bytes
        if self.measured.device == "cpu" and free and needed > self._protocol.memory_share * free:
            raise self._end(
                f"{n_atoms} atoms would take up to {needed / 2**30:.1f} GiB, and "
                f"{free / 2**30:.1f} GiB are free"
            )

    def _end(self, why: str) -> Unavailable | MeasurementError:
        self.measured.ended = self._n_atoms, why
        if self._n_atoms <= self._protocol.required_size:
            return MeasurementError(f"{self._who()}: {why}")
        return Ended(f"{self.measured.model}: {why}")

    def _check_host(self) -> None:
        host, core = self.measured.host, self._worker.job.core
        if core is not None and host["cores"] != [core]:
            raise MeasurementError(
                f"{self._who()}: pinned to core {core}, and the model's package lets the process "
                f"run on {host['cores']}"
            )
        several = {pool: count for pool, count in host["threads"].items() if count > 1}
        if several:
            pools = ", ".join(f"{pool} has {count}" for pool, count in several.items())
            raise MeasurementError(f"{self._who()}: one thread was asked for, and {pools}")

    def _check_device(self, gpu_bytes: int, children_s: float) -> None:
        """Check that the steps ran on the requested device: no clock sees work done elsewhere."""
        job = self._worker.job
        if job.device == "cpu" and gpu_bytes:
            raise MeasurementError(
                f"{self._who()}: it is to compute on a core, and took {gpu_bytes / 2**20:.1f} MiB "
                'of a GPU: CPU time is not its cost; say device = "cuda", or hide the GPU from it'
            )
        if job.device == "cuda" and not gpu_bytes:
            raise MeasurementError(
                f"{self._who()}: it is to compute on a GPU, and neither torch nor tensorflow of "
                "its process took any memory there: it computed elsewhere"
            )
        if self.clock == "cpu" and children_s > 0:
            raise MeasurementError(
                f"{self._who()}: processes that it started took {children_s:.2f} s of CPU time "
                "during the steps, which its own does not hold: let it compute in one process"
            )

    def _who(self) -> str:
        return f"{self.measured.model}, {self._n_atoms} atoms"
