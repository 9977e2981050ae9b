"""Computes SOAP vectors; runs as a script in the environment that has dscribe.

`compute_soap.py GIVEN.npz FOUND.npy SETTINGS`: structures and the atoms wanted in, an array of
shape (n, d), each row of length 1, out.
"""

import json
import sys
from itertools import pairwise
from typing import Any

import numpy as np
from ase import Atoms
from dscribe.descriptors import SOAP


def main(given: str, found: str, settings: dict[str, Any]) -> None:
    """Describe the atoms of one structure after the other."""
    data = np.load(given)
    offsets = np.concatenate([[0], np.cumsum(data["n_atoms"])])
    soaps = {
        periodic: SOAP(
            species=settings["species"],
            periodic=periodic,
            r_cut=settings["r_cut_ang"],
            n_max=settings["n_max"],
            l_max=settings["l_max"],
            sigma=settings["sigma_ang"],
        )
        for periodic in (True, False)
    }
    vectors = []
    for row, (first, end) in enumerate(pairwise(offsets)):
        atoms = Atoms(
            numbers=data["numbers"][first:end],
            positions=data["positions"][first:end],
            cell=data["cells"][row],
            pbc=data["pbc"][row],
        )
        centers = data["atom"][data["row"] == row].tolist()
        vectors.append(np.atleast_2d(soaps[bool(atoms.pbc.any())].create(atoms, centers=centers)))
    together = np.concatenate(vectors)
    np.save(found, together / np.linalg.norm(together, axis=1, keepdims=True))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
