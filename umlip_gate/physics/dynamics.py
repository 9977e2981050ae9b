"""NVE: the total energy is conserved, and a hot crystal keeps its atoms on their sites."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import chemical_symbols
from pydantic import Field

from umlip_gate.datasets.configurations import Configurations, FloatArray
from umlip_gate.physics.study import Deviation
from umlip_gate.physics.trial import MILLI
from umlip_gate.schema import Strict

BLOCKS = 10
"""Of a run, whose means are taken for independent in the error of the drift."""


class DynamicsProtocol(Strict):
    """A crystal with a vacancy, at each temperature.

    Attributes
    ----------
    repeats
        Of the primitive cell, along each vector.
    temperatures_k
        Names of quantities end with them.
    timestep_fs, n_steps
        Of velocity Verlet.
    seed
        Of the velocities.
    level
        Of the interval of the drift.
    """

    repeats: int = Field(ge=2)
    temperatures_k: tuple[int, ...]
    timestep_fs: float = Field(gt=0)
    n_steps: int = Field(ge=2 * BLOCKS)
    seed: int
    level: float = Field(gt=0, lt=1)


@dataclass(frozen=True)
class Runs:
    """NVE runs of one crystal.

    Attributes
    ----------
    name
        Of the crystal.
    atoms
        Every atom on its site.
    protocol
        How it is run.
    """

    name: str
    atoms: Atoms
    protocol: DynamicsProtocol

    def numbers(self, temperature_k: int) -> dict[str, float]:
        """Return what a worker needs to know of a run."""
        protocol = self.protocol
        return {
            "temperature_k": temperature_k,
            "seed": protocol.seed,
            "timestep_fs": protocol.timestep_fs,
            "n_steps": protocol.n_steps,
        }

    def measure(self, answers: dict[int, dict[str, Any]]) -> dict[str, Deviation]:
        """Return the deviations, from the worker's answer at each temperature.

        The drift is the part of its size that its interval leaves no doubt about.
        """
        found: dict[str, Deviation] = {}
        bond_ang = np.sort(self.atoms.get_all_distances(mic=True)[0])[1]
        for temperature_k, answer in answers.items():
            energies = np.array(answer["energies_ev_per_atom"])
            drift, reach = drift_of(energies, self.protocol.timestep_fs, self.protocol.level)
            origin = f"{self.name}, {drift:.2g} ± {reach:.2g} meV/atom/ps"
            values = {
                f"nve_{temperature_k}": (max(0.0, abs(drift) - reach), origin),
                f"sites_{temperature_k}": (answer["displacement_ang"] / bond_ang, self.name),
            }
            for quantity, (value, what) in values.items():
                found[quantity] = Deviation(float(value), what, 1, (self.atoms,))
        return found


def drift_of(energies: FloatArray, timestep_fs: float, level: float) -> tuple[float, float]:
    """Return the drift of a total energy and the reach of its interval.

    Parameters
    ----------
    energies
        After each step, shape (n_steps,), eV/atom.
    timestep_fs, level
        Of a step, and of the interval.

    Returns
    -------
    tuple
        The slope of a line through the means of ten blocks, and Student's quantile times its
        standard error, meV/atom/ps.
    """
    n = len(energies) // BLOCKS
    means = energies[: n * BLOCKS].reshape(BLOCKS, n).mean(axis=1)
    times_ps = (np.arange(BLOCKS) + 0.5) * n * timestep_fs / 1000
    from scipy import stats  # noqa: PLC0415 - half a second of every start of pytest

    line = stats.linregress(times_ps, means)
    quantile = stats.t.ppf((1 + level) / 2, BLOCKS - 2)
    return float(line.slope) * MILLI, float(quantile * line.stderr) * MILLI


def dynamics_study(dataset: Configurations, protocol: DynamicsProtocol) -> Runs:
    """Return runs of the dataset's last element, in its own structure, with a vacancy."""
    symbol = chemical_symbols[int(np.unique(dataset.numbers)[-1])]
    atoms = bulk(symbol).repeat(protocol.repeats)
    del atoms[0]
    return Runs(f"{len(atoms)} atoms of {symbol}", atoms, protocol)
