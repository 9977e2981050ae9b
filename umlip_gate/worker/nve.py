"""The worker's side of NVE runs: total energies and displacements of one crystal."""

from typing import Any

import numpy as np
from ase import Atoms, units
from ase.md.verlet import VelocityVerlet

from umlip_gate.worker.dynamics import Asked, maxwell_boltzmann
from umlip_gate.worker.potential import Potential


def run_nve(potential: Potential, atoms: Atoms, numbers: dict[str, float]) -> dict[str, Any]:
    """Run velocity Verlet, and return what its steps conserve.

    Parameters
    ----------
    potential
        What moves the atoms.
    atoms
        Every atom on its site.
    numbers
        `temperature_k` of the velocities, drawn at twice the temperature since half of it goes
        into displacements; `seed`; `timestep_fs`; `n_steps`.

    Returns
    -------
    dict
        `energies_ev_per_atom`, the total energy after each step, and `displacement_ang`, the
        largest of an atom from its site at any step.
    """
    sites = atoms.positions.copy()
    atoms.calc = Asked(potential)
    rng = np.random.default_rng(int(numbers["seed"]))
    atoms.set_momenta(maxwell_boltzmann(atoms, 2 * numbers["temperature_k"], rng))
    verlet = VelocityVerlet(atoms, numbers["timestep_fs"] * units.fs)
    energies, displacement_ang = [], 0.0
    for _ in range(int(numbers["n_steps"])):
        verlet.run(1)
        energies.append(float(atoms.get_total_energy()) / len(atoms))
        farthest = np.linalg.norm(atoms.positions - sites, axis=1).max()
        displacement_ang = max(displacement_ang, float(farthest))
    if not np.isfinite(energies).all():
        raise ValueError("the total energy is not finite")
    return {"energies_ev_per_atom": energies, "displacement_ang": displacement_ang}
