"""What a family's adapter gives to the worker: something that evaluates structures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from numpy.typing import NDArray


class EnergyForces(NamedTuple):
    """One structure's energy, eV, and forces, shape (n_atoms, 3), eV/Å."""

    energy_ev: float
    forces_ev_per_ang: NDArray[np.float64]


class Potential(Protocol):
    """A loaded model."""

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""


@dataclass(frozen=True)
class LoadSpec:
    """What an adapter loads.

    Attributes
    ----------
    checkpoint
        The file (or folder) of weights, verified already; None if there is none.
    settings
        The adapter's own settings, as the registry or a candidate file gives them.
    """

    checkpoint: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)


class CalculatorPotential:
    """An ASE calculator, asked for one structure after the other.

    Parameters
    ----------
    calculator
        Any ASE calculator with energy and forces.
    """

    def __init__(self, calculator: Calculator) -> None:
        self.calculator = calculator

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        results = []
        for atoms in structures:
            atoms.calc = self.calculator
            results.append(EnergyForces(atoms.get_potential_energy(), atoms.get_forces()))
        return results
