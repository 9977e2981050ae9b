"""The loop that a person would write, in a family's environment: one calculator, one by one.

Run as a script, `plain_ase_loop.py FILE.npz chgnet|sevennet DEVICE`: reads configurations, and
prints JSON with the wall and CPU seconds of the loop alone, energies and forces. The loop begins
when the calculator has answered one structure.
"""

import json
import sys
import time
from typing import Any

import numpy as np
from ase import Atoms


def calculator_of(family: str, device: str) -> Any:  # noqa: ANN401 - the package's calculator
    """Return the package's own ASE calculator, with the weights that come with it."""
    if family == "chgnet":
        from chgnet.model.dynamics import CHGNetCalculator  # noqa: PLC0415 - not in our process

        return CHGNetCalculator(use_device=device)
    from sevenn.calculator import SevenNetCalculator  # noqa: PLC0415 - not in our process

    return SevenNetCalculator("7net-0_11July2024", device=device)


def evaluate(atoms: Atoms, calculator: Any) -> tuple[float, list[list[float]]]:  # noqa: ANN401
    """Return energy, eV, and forces, eV/Å."""
    atoms.calc = calculator
    return float(atoms.get_potential_energy()), atoms.get_forces().tolist()


def main(path: str, family: str, device: str) -> None:
    """Evaluate every configuration with the package's own ASE calculator."""
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
    calculator = calculator_of(family, device)
    evaluate(structures[0].copy(), calculator)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    results = [evaluate(atoms, calculator) for atoms in structures]
    answer = {
        "wall_s": time.perf_counter() - wall_s,
        "cpu_s": time.process_time() - cpu_s,
        "energies_ev": [energy for energy, _ in results],
        "forces_ev_per_ang": [row for _, forces in results for row in forces],
    }
    print("\n" + json.dumps(answer))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(*sys.argv[1:])
