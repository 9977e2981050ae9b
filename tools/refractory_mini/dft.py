"""One GPAW computation of one structure; needs GPAW, which no other part of the suite does."""

import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ase
import numpy as np

from tools.refractory_mini.structures import Planned

K_SPACING = {"Mo": 0.025, "W": 0.025, "Nb": 0.03, "Ta": 0.03, "Mg": 0.03, "H": 0.03}
"""Largest distance of k-points by element, Å⁻¹ without 2π; of several elements the smallest."""


@dataclass(frozen=True)
class Settings:
    """What the numbers depend on, beside the structure.

    Attributes
    ----------
    cutoff_ev
        Of the plane waves.
    k_density
        Divides the spacings of the k-points.
    smearing_ev
        Width of the Methfessel-Paxton occupation of second order.
    convergence
        GPAW's criteria: eV, electrons and eV² per valence electron.
    """

    cutoff_ev: float = 400.0
    k_density: float = 1.0
    smearing_ev: float = 1.0
    convergence: tuple[tuple[str, float], ...] = (
        ("energy", 1e-5),
        ("density", 1e-5),
        ("eigenstates", 4e-8),
    )

    def to_json(self) -> dict[str, Any]:
        """Return what a record keeps of them."""
        return asdict(self) | {"convergence": dict(self.convergence)}


def k_mesh(item: Planned, k_density: float = 1.0) -> tuple[int, ...]:
    """Points along each reciprocal vector, no further apart than the elements' spacing; with Γ.

    A primitive cell has as many along each: else the mesh lacks symmetries that the crystal has.
    """
    spacing = min(K_SPACING[symbol] for symbol in item.atoms.symbols) / k_density
    lengths = np.linalg.norm(item.atoms.cell.reciprocal().array, axis=1)
    mesh = np.maximum(1, np.ceil(lengths / spacing - 1e-9).astype(int))
    if len(item.atoms) == 1:
        mesh[:] = mesh.max()
    if item.single_k is not None:
        mesh[item.single_k] = 1
    return tuple(int(points) for points in mesh)


def compute(item: Planned, settings: Settings, log: Path) -> dict[str, Any]:
    """Compute energy, forces and stress, with everything that a reader must know of how.

    Returns
    -------
    dict
        Plain data. `energy` (eV) is the free energy, whose gradient the `forces` (eV/Å) are;
        `stress` in eV/Å³ (xx, yy, zz, yz, xz, xy).
    """
    from gpaw import GPAW, PW, Davidson, Mixer  # noqa: PLC0415 - only here, only where it is installed
    from gpaw import __version__ as gpaw_version  # noqa: PLC0415

    mesh = k_mesh(item, settings.k_density)
    atoms = item.atoms.copy()
    atoms.calc = GPAW(
        mode=PW(settings.cutoff_ev),
        xc="PBE",
        kpts={"size": mesh, "gamma": True},
        occupations={
            "name": "methfessel-paxton",
            "order": 2,
            "width": settings.smearing_ev,
        },
        eigensolver=Davidson(1),
        mixer=Mixer(beta=0.5, nmaxold=8, weight=1),
        convergence=dict(settings.convergence),
        txt=str(log),
    )
    wall, cpu = time.perf_counter(), time.process_time()
    energy = atoms.get_potential_energy(force_consistent=True)
    forces = atoms.get_forces()
    stress = atoms.get_stress()
    setups = {setup.symbol: setup.fingerprint for setup in atoms.calc.setups}
    return {
        "name": item.name,
        "kind": item.kind,
        "seed": item.seed,
        "numbers": atoms.numbers.tolist(),
        "positions": atoms.positions.tolist(),
        "cell": atoms.cell.array.tolist(),
        "energy": float(energy),
        "forces": forces.tolist(),
        "stress": stress.tolist(),
        "k_mesh": list(mesh),
        "irreducible_k": len(atoms.calc.get_ibz_k_points()),
        "settings": settings.to_json(),
        "iterations": int(atoms.calc.get_number_of_iterations()),
        "setups": setups,
        "versions": {
            "gpaw": gpaw_version,
            "ase": ase.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "wall_s": round(time.perf_counter() - wall, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
    }
