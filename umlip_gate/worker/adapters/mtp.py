"""MTP (Shapeev 2016) in motep, on a CPU in float64.

A structure that is not periodic in every direction is evaluated in a periodic cell with vacuum
beyond the cutoff, which is the same. Of an `.almtp` file the potential is read, not the active set.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from numpy.typing import NDArray

from umlip_gate.worker.potential import ANSWERS, EnergyForces, LoadSpec
from umlip_gate.worker.vacuum import PeriodicPotential

PACKAGES = ("motep", "numpy", "scipy", "ase")
ENVIRONMENT = "classical"
DTYPES = ("float64",)
ATOMS_PER_BATCH = {"cpu": 1}
"""A calculator takes one structure at a time, and computes on a CPU."""

ABILITIES = ANSWERS
"""An atom without neighbours has the energy of a free atom, which the potential defines."""


class MtpPotential(PeriodicPotential):
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

    def stresses(self, structures: Sequence[Atoms]) -> list[NDArray[np.floating[Any]]]:
        """Stresses of periodic structures, each of shape (3, 3), eV/Å³."""
        results = []
        for atoms in structures:
            self.calculator.reset()
            self.calculator.engine.neighbor_list = None
            results += super().stresses([atoms])
        return results


ACTIVE_SET = b"#MVS_v"
"""Begins the active set of a file of MLIP-3 (`.almtp`), in binary, behind the potential."""


def _potential_of(checkpoint: Path, folder: Path) -> Path:
    """Return a file of the potential alone: an `.almtp` file without its active set.

    Raises
    ------
    ValueError
        The file does not begin as MLIP's do.
    """
    content = checkpoint.read_bytes()
    if not content.startswith(b"MTP"):
        raise ValueError(f"{checkpoint.name} is no potential of MLIP-2 or MLIP-3 (.mtp, .almtp)")
    text, marker, _ = content.partition(ACTIVE_SET)
    if not marker:
        return checkpoint
    file = folder / "potential.mtp"
    file.write_bytes(text)
    return file


def load(spec: LoadSpec, device: str, dtype: str) -> MtpPotential:  # noqa: ARG001 - CPU, float64
    """Load an MTP, or its form with random coefficients.

    Parameters
    ----------
    spec
        The checkpoint; setting `species`, the elements of the file's types in order, and
        `architecture` for random coefficients.
    device
        `cpu`.
    dtype
        It computes in float64.

    Raises
    ------
    ValueError
        The file has another number of species than the settings.
    """
    from motep.calculator import MTP  # noqa: PLC0415 - packages are imported in a worker only
    from motep.io.mlip.mtp import read_mtp  # noqa: PLC0415
    from motep.potentials.mtp.data import MTPData  # noqa: PLC0415

    if spec.random_seed is None:
        assert spec.checkpoint is not None  # noqa: S101 - without one the architecture is random
        with tempfile.TemporaryDirectory() as folder:
            data = read_mtp(_potential_of(spec.checkpoint, Path(folder)))
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
