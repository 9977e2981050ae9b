"""What a family's adapter gives to the worker: something that evaluates structures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from numpy.typing import NDArray

Ability = Literal["answers", "refuses", "nonsense"]
"""What a package does by itself: it answers, and the answer is used; it raises; or it answers
without a meaning, and the structure is refused before it is asked."""


@dataclass(frozen=True)
class Abilities:
    """What a family's package does with structures that are not bulk crystals.

    Attributes
    ----------
    isolated_atom
        A single atom without any neighbour.
    lone_atom
        An atom without neighbours beside others that have some.
    no_periodicity
        A cluster without a cell.
    mixed_periodicity
        A slab, periodic in two directions.
    """

    isolated_atom: Ability
    lone_atom: Ability
    no_periodicity: Ability
    mixed_periodicity: Ability


ANSWERS = Abilities("answers", "answers", "answers", "answers")


class EnergyForces(NamedTuple):
    """One structure's energy, eV, and forces, shape (n_atoms, 3), eV/Å."""

    energy_ev: float
    forces_ev_per_ang: NDArray[np.floating[Any]]


class Potential(Protocol):
    """A loaded model.

    Attributes
    ----------
    cutoff_ang
        Atoms further apart are no neighbours; None if that is not known.
    elements
        Atomic numbers that the model was trained on; None if that is not known.
    n_parameters
        How many weights it has; None if it is no network.
    """

    cutoff_ang: float | None
    elements: frozenset[int] | None
    n_parameters: int | None

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""


@dataclass(frozen=True)
class LoadSpec:
    """What an adapter loads.

    Attributes
    ----------
    checkpoint
        The file (or folder) of weights, verified already; None if there is none.
    random_seed
        Build the architecture that `settings` describes with random weights of this seed
        instead: for cost, plumbing and failure tests, never for accuracy.
    settings
        The adapter's own settings, as the registry or a candidate file has them.
    folder
        Where relative paths among the settings begin.
    """

    checkpoint: Path | None = None
    random_seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None


class CalculatorPotential:
    """An ASE calculator, asked for one structure after the other.

    Parameters
    ----------
    calculator
        Any ASE calculator with energy and forces.
    cutoff_ang, elements, n_parameters
        As in `Potential`.
    """

    def __init__(
        self,
        calculator: Calculator,
        cutoff_ang: float | None = None,
        elements: frozenset[int] | None = None,
        n_parameters: int | None = None,
    ) -> None:
        self.calculator = calculator
        self.cutoff_ang = cutoff_ang
        self.elements = elements
        self.n_parameters = n_parameters

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        results = []
        for atoms in structures:
            atoms.calc = self.calculator
            results.append(EnergyForces(atoms.get_potential_energy(), atoms.get_forces()))
        return results

    def stresses(self, structures: Sequence[Atoms]) -> list[NDArray[np.floating[Any]]]:
        """Stresses of periodic structures, each of shape (3, 3), eV/Å³, as ASE counts them.

        Raises
        ------
        NotImplementedError
            The calculator has none.
        """
        results = []
        for atoms in structures:
            atoms.calc = self.calculator
            results.append(atoms.get_stress(voigt=False))
        return results
