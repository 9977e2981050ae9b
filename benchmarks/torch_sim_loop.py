"""SevenNet-0 through torch-sim, in batches of a fixed number of atoms, largest structures first.

Run as a script, `torch_sim_loop.py FILE.npz DEVICE ATOMS_PER_BATCH`, where torch-sim-atomistic and
sevenn are: reads configurations, and prints JSON with the wall seconds of the evaluation alone,
energies and forces. Its own neighbour lists are the best that are installed.
"""

import json
import sys
import time

import numpy as np
import torch
import torch_sim
from ase import Atoms
from torch_sim.models.sevennet import SevenNetModel
from torch_sim.neighbors import default_batched_nl


def main(path: str, device: str, atoms_per_batch: int) -> None:
    """Evaluate every configuration."""
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
    order = np.argsort(-arrays["n_atoms"], kind="stable")
    ends = np.cumsum(arrays["n_atoms"][order]) // atoms_per_batch
    batches = np.split(order, np.flatnonzero(np.diff(ends)) + 1)
    model = SevenNetModel("7net-0", device=torch.device(device), dtype=torch.float32)

    def evaluate(rows: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        atoms = [structures[row] for row in rows]
        state = torch_sim.io.atoms_to_state(atoms, torch.device(device), torch.float32)
        output = model(state)
        forces = output["forces"].detach().cpu().numpy()
        return output["energy"].detach().cpu().reshape(-1).numpy(), forces

    evaluate(batches[-1][:1])
    energies_ev = np.empty(len(structures))
    forces = [np.empty((len(atoms), 3)) for atoms in structures]
    begun_s = time.perf_counter()
    for rows in batches:
        energies_ev[rows], together = evaluate(rows)
        ends = np.cumsum(arrays["n_atoms"][rows])[:-1]
        for row, own in zip(rows, np.split(together, ends), strict=True):
            forces[row] = own
    answer = {
        "wall_s": time.perf_counter() - begun_s,
        "neighbours": default_batched_nl.__name__,
        "energies_ev": energies_ev.tolist(),
        "forces_ev_per_ang": np.vstack(forces).tolist(),
    }
    print("\n" + json.dumps(answer))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
