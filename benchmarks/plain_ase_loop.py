"""The loop that a person would write, in CHGNet's environment: one calculator, one by one.

Run as a script: reads configurations from the .npz file that it is given, and prints JSON with
the wall and CPU seconds of the loop alone, and the energies.
"""

import json
import sys
import time

import numpy as np
from ase import Atoms


def main(path: str) -> None:
    """Evaluate every configuration with CHGNet's own ASE calculator."""
    from chgnet.model.dynamics import CHGNetCalculator  # noqa: PLC0415 - not in the suite's process

    arrays = np.load(path)
    bounds = np.cumsum(arrays["n_atoms"])[:-1]
    structures = [
        Atoms(numbers, positions, cell=cell, pbc=True)
        for numbers, positions, cell in zip(
            np.split(arrays["numbers"], bounds),
            np.split(arrays["positions"], bounds),
            arrays["cells"],
            strict=True,
        )
    ]
    calculator = CHGNetCalculator(use_device="cpu")
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    energies_ev = []
    for atoms in structures:
        atoms.calc = calculator
        energies_ev.append(float(atoms.get_potential_energy()))
        atoms.get_forces()
    answer = {
        "wall_s": time.perf_counter() - wall_s,
        "cpu_s": time.process_time() - cpu_s,
        "energies_ev": energies_ev,
    }
    print("\n" + json.dumps(answer))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(sys.argv[1])
