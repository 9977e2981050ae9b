"""What was measured of one model: the cost of a step at each size, and the line through them."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from umlip_gate.provenance import Provenance

Clock = Literal["cpu", "wall"]
Weights = Literal["real", "random"]

STEP_UNIT = "µs/step/atom"
SECONDS_PER_DAY = 86400.0
FEWEST_SIZES = 3
"""A line has two numbers: with fewer sizes than this nothing is left to judge it by."""


def system(n_atoms: int) -> str:
    """Return the name of the crystal of a size; it takes the place of a dataset's id."""
    return f"bcc-W-{n_atoms}"


@dataclass(frozen=True)
class Cost:
    """The cost of a step at one size.

    Attributes
    ----------
    n_atoms
        Of the crystal.
    n_steps
        Of each round.
    wall_s, cpu_s
        Of each round, by the worker's clocks.
    call_s
        What each round's call took beyond the worker's wall time.
    clock
        Which of the two is the record: CPU time on a core, wall time on a GPU.
    peak_bytes
        The most memory, of the process on a CPU and of the framework on a GPU.
    neighbours
        Per atom, within the model's cutoff on the perfect lattice; None if that is not known.
    """

    n_atoms: int
    n_steps: int
    wall_s: tuple[float, ...]
    cpu_s: tuple[float, ...]
    call_s: tuple[float, ...]
    clock: Clock
    peak_bytes: int
    neighbours: int | None

    @property
    def record_s(self) -> tuple[float, ...]:
        """Seconds of each round by the clock that counts."""
        return self.cpu_s if self.clock == "cpu" else self.wall_s

    @property
    def step_s(self) -> float:
        """Seconds per step: the median of the rounds."""
        return statistics.median(self.record_s) / self.n_steps

    @property
    def us_per_step_per_atom(self) -> float:
        """The paper's measure of cost, in µs."""
        return 1e6 * self.step_s / self.n_atoms

    def ns_per_day(self, timestep_fs: float) -> float:
        """Return the simulated time per day of computing."""
        return SECONDS_PER_DAY / self.step_s * timestep_fs * 1e-6

    def to_json(self, timestep_fs: float) -> dict[str, Any]:
        """Plain data for the results file."""
        return {
            **vars(self),
            "wall_s": list(self.wall_s),
            "cpu_s": list(self.cpu_s),
            "call_s": list(self.call_s),
            "us_per_step_per_atom": self.us_per_step_per_atom,
            "ns_per_day": self.ns_per_day(timestep_fs),
        }


@dataclass(frozen=True)
class Fit:
    """The line t(N) = intercept + slope N through the costs at several sizes.

    Attributes
    ----------
    intercept_s
        What a step takes without any atom.
    slope_s
        What every atom adds.
    rms_residual
        Root mean square of (t - line) / t.
    bytes_per_atom
        The slope of the same line through the peaks of memory; None where they do not rise.
    sizes
        What it was fitted to.
    """

    intercept_s: float
    slope_s: float
    rms_residual: float
    bytes_per_atom: float | None
    sizes: tuple[int, ...]


def fit(costs: Mapping[int, Cost]) -> Fit | None:
    """Fit the line by least squares of the relative residuals.

    Times are as uncertain as they are long, so each is weighed by its inverse: unweighed, the
    largest size alone would decide.

    Parameters
    ----------
    costs
        By number of atoms; None is returned for fewer than `FEWEST_SIZES`.
    """
    line = fit_line({size: cost.step_s for size, cost in costs.items()})
    if line is None:
        return None
    peaks = np.array([costs[size].peak_bytes for size in line.sizes], dtype=float)
    (_, per_atom), _ = _line(np.array(line.sizes, dtype=float), peaks)
    return replace(line, bytes_per_atom=per_atom if per_atom > 0 else None)


def fit_line(step_s: Mapping[int, float]) -> Fit | None:
    """Fit the times alone; `step_s` are seconds per step by number of atoms."""
    if len(step_s) < FEWEST_SIZES:
        return None
    sizes = sorted(step_s)
    times_s = np.array([step_s[size] for size in sizes])
    (intercept_s, slope_s), residuals = _line(np.array(sizes, dtype=float), times_s)
    return Fit(
        intercept_s=intercept_s,
        slope_s=slope_s,
        rms_residual=float(np.sqrt((residuals**2).mean())),
        bytes_per_atom=None,
        sizes=tuple(sizes),
    )


def _line(x: np.ndarray, y: np.ndarray) -> tuple[tuple[float, float], np.ndarray]:
    """Intercept and slope of least relative squares, and the relative residuals."""
    rows = np.column_stack([np.ones_like(x), x]) / y[:, np.newaxis]
    (intercept, slope), *_ = np.linalg.lstsq(rows, np.ones_like(y), rcond=None)
    return (float(intercept), float(slope)), 1 - rows @ np.array([intercept, slope])


@dataclass
class ModelCosts:
    """What was measured of one model on one device.

    Attributes
    ----------
    model, family, device, dtype
        Device is `cpu` or `cuda`.
    weights
        Whether they are the published ones, or random.
    n_parameters
        How many weights it has; None if it is no network.
    packages
        Distributions of its environment and their versions.
    host
        What its worker saw of the machine (`models.devices.describe`).
    costs
        By number of atoms, ascending.
    ended
        The size at which the sweep ended, and why; None if it did not.
    """

    model: str
    family: str
    device: str
    dtype: str
    weights: Weights
    n_parameters: int | None
    packages: dict[str, str]
    host: dict[str, Any]
    costs: dict[int, Cost]
    ended: tuple[int, str] | None = None

    @property
    def source(self) -> Provenance:
        """Of which weights the costs are."""
        return "live" if self.weights == "real" else "random"

    def to_json(self, timestep_fs: float) -> dict[str, Any]:
        """Return plain data for the results file."""
        line = fit(self.costs)
        return {
            **vars(self),
            "costs": [cost.to_json(timestep_fs) for cost in self.costs.values()],
            "ended": list(self.ended) if self.ended else None,
            "fit": {**vars(line), "sizes": list(line.sizes)} if line else None,
        }
