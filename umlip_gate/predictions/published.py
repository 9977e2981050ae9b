"""Predictions that others published, row for row with a dataset's file."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
from ase import Atoms

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.datasets.load import deciding_code
from umlip_gate.datasets.readers.pickled import read_frame
from umlip_gate.errors import InputError
from umlip_gate.predictions.identity import published_identity
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.predictions.store import Row, Store

SAME_ANG = 1e-6
"""Positions that a text file rounded are the same; no two structures of a dataset are so near."""


def published(
    path: Path, configurations: Configurations, first_row: int, folder: Path
) -> Predictions:
    """Return what `read_published` does; it is read once, and kept as computed predictions are.

    Parameters
    ----------
    path, configurations, first_row
        As of `read_published`.
    folder
        Where predictions are kept.

    Raises
    ------
    InputError
        The file does not match the dataset.
    """
    decisive = {"first_row": first_row, "code": _code_digest()}
    identity = published_identity(sha256_of(path), configurations.digest) | decisive
    store, n_atoms = Store(folder, identity), configurations.n_atoms
    if store.done(n_atoms).all():
        return store.read(np.arange(len(configurations)), n_atoms)
    found = read_published(path, configurations, first_row)
    forces = np.split(found.forces, configurations.offsets[1:-1])
    store.write(
        {
            row: Row("ok", energy_ev=energy, forces_ev_per_ang=forces[row])
            for row, energy in enumerate(found.energies.tolist())
        }
    )
    return found


@cache
def _code_digest() -> str:
    """Digest of all that decides how a file is read."""
    code = (path.read_bytes() for path in (*deciding_code(), Path(__file__)))
    return hashlib.sha256(b"".join(code)).hexdigest()


def read_published(path: Path, configurations: Configurations, first_row: int) -> Predictions:
    """Read a published prediction file (Kai-Liu-MSE/UQ-uMLIP, `W_uMLIP`).

    Parameters
    ----------
    path
        A gzip'd pickle of a data frame with `ase_atoms`, `energy`, eV **per atom**, and
        `forces`, eV/Å.
    configurations
        The dataset that it predicts.
    first_row
        The dataset's first row in its own file: the prediction file counts the same.

    Raises
    ------
    InputError
        The file does not match the dataset: too few rows, or other structures.
    """
    own = slice(first_row, first_row + len(configurations))
    frame = {name: column[own] for name, column in read_frame(path).items()}
    n_rows = len(frame["energy"])
    if n_rows < len(configurations):
        raise InputError(f"{path}: {n_rows} rows, the dataset has {len(configurations)}")
    forces = []
    for row, (atoms, force) in enumerate(zip(frame["ase_atoms"], frame["forces"], strict=True)):
        if not _same(atoms, configurations.atoms(row)) or np.shape(force) != (len(atoms), 3):
            raise InputError(
                f"{path}: row {first_row + row}: its structure or the shape of its forces is not "
                "that of the dataset's row; it predicts other configurations"
            )
        forces.append(np.asarray(force, dtype=np.float64))
    energies = np.asarray(frame["energy"], dtype=np.float64) * configurations.n_atoms
    return Predictions(energies, np.concatenate(forces), {})


def _same(atoms: Atoms, expected: Atoms) -> bool:
    return (
        np.array_equal(atoms.numbers, expected.numbers)
        and np.array_equal(atoms.pbc, expected.pbc)
        and np.allclose(atoms.positions, expected.positions, rtol=0, atol=SAME_ANG)
        and np.allclose(atoms.cell.array, expected.cell.array, rtol=0, atol=SAME_ANG)
    )
