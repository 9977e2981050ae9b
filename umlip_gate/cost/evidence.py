"""What is known of the costs of models on one machine, for claims that compare them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from umlip_gate.cost.baseline import Baseline
from umlip_gate.cost.costs import Cost, ModelCosts, fit_line
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.provenance import Provenance

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class KnownCost:
    """What a step of one model costs.

    Attributes
    ----------
    model
        A registry id.
    source
        `live` or `random` for one that this run measured, else `stored`.
    step_s
        Seconds per step, by number of atoms.
    steps
        How many were timed, by number of atoms.
    """

    model: str
    source: Provenance
    step_s: Mapping[int, float]
    steps: Mapping[int, int]

    def at(self, n_atoms: int) -> float:
        """Return µs per step and atom at a size.

        Raises
        ------
        MeasurementError
            This size was not measured.
        """
        if n_atoms not in self.step_s:
            raise MeasurementError(f"{self.model}: not timed at {n_atoms} atoms")
        return 1e6 * self.step_s[n_atoms] / n_atoms

    def residual(self) -> float:
        """Return the root mean square relative residual of the line through all sizes.

        Raises
        ------
        MeasurementError
            There are too few sizes for a line.
        """
        line = fit_line(self.step_s)
        if line is None:
            raise MeasurementError(f"{self.model}: timed at {len(self.step_s)} sizes only")
        return line.rms_residual


@dataclass(frozen=True)
class KnownCosts:
    """Costs of several models on one machine.

    Attributes
    ----------
    machine
        The CPU or GPU.
    models
        What is known, by model.
    problems
        Why others could not be measured in this run.
    """

    machine: str
    models: Mapping[str, KnownCost]
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> list[str]:
        """Every model that is known, or could be and is not."""
        return list({**self.models, **self.problems})

    def of(self, model: str) -> KnownCost:
        """Look up one model.

        Raises
        ------
        MeasurementError
            It could have been measured, and was not.
        Unavailable
            It is not known.
        """
        if model in self.problems:
            raise MeasurementError(f"{model}: {self.problems[model]}")
        if model in self.models:
            return self.models[model]
        raise Unavailable(f"what {model} costs on {self.machine} is not known here")

    def known(self, models: Iterable[str], n_atoms: int) -> dict[str, KnownCost]:
        """Keep those that are known at a size.

        Raises
        ------
        MeasurementError
            One could have been measured, and was not.
        """
        broken = [model for model in models if model in self.problems]
        if broken:
            raise MeasurementError(
                "; ".join(f"{model}: {self.problems[model]}" for model in broken)
            )
        return {
            model: self.models[model]
            for model in models
            if model in self.models and n_atoms in self.models[model].step_s
        }


def measured_here(
    measured: Mapping[str, ModelCosts],
    problems: Mapping[str, Exception],
    device: str,
    required_size: int,
) -> KnownCosts:
    """Make evidence of what this run measured on a device.

    A model that was begun and has no time at the required size is a problem.
    """
    found = {name: costs for name, costs in measured.items() if costs.device == device}
    hosts = [costs.host for costs in found.values() if costs.host]
    machine = str(hosts[0]["gpu" if device == "cuda" else "cpu"]) if hosts else "this machine"
    broken = {
        name: str(problem).removeprefix(f"{name}: ")
        for name, problem in problems.items()
        if isinstance(problem, MeasurementError)
    }
    broken |= {
        name: f"not timed at {required_size} atoms"
        for name, costs in found.items()
        if required_size not in costs.costs
    }
    return KnownCosts(machine, {name: _known(costs) for name, costs in found.items()}, broken)


def stored(baseline: Baseline, dtypes: Mapping[str, str]) -> KnownCosts:
    """Make evidence of a baseline.

    Parameters
    ----------
    baseline
        Costs of another run.
    dtypes
        What each model computes in: its costs in another dtype are those of another model.
    """
    ours = [cost for cost in baseline.costs if dtypes.get(cost.model) == cost.dtype]
    known = {
        name: KnownCost(
            name,
            "stored",
            {cost.n_atoms: cost.step_s for cost in ours if cost.model == name},
            {cost.n_atoms: cost.steps for cost in ours if cost.model == name},
        )
        for name in dict.fromkeys(cost.model for cost in ours)
    }
    return KnownCosts(f"{baseline.device} (stored as {baseline.name})", known)


def _known(costs: ModelCosts) -> KnownCost:
    return KnownCost(
        costs.model,
        costs.source,
        {size: cost.step_s for size, cost in costs.costs.items()},
        {size: _timed(cost) for size, cost in costs.costs.items()},
    )


def _timed(cost: Cost) -> int:
    return cost.n_steps * len(cost.record_s)


def geometric_mean(values: Iterable[float]) -> float:
    """Return the mean of magnitudes."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))
