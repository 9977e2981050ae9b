"""Predictions of a calculator for structures, and the files that a user brings them in."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator

from tests.selftest.builders.fakes import Fake
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.predictions.predictions import Predictions


def predicted(images: Sequence[Atoms]) -> list[Atoms]:
    """What `fakes:Fake` predicts for some structures."""
    made = [atoms.copy() for atoms in images]
    for atoms in made:
        atoms.calc = Fake()
        energy, forces = atoms.get_potential_energy(), atoms.get_forces()
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces)
    return made


def predictions_of(calculator: Calculator, configurations: Configurations) -> Predictions:
    """What a calculator predicts, structure by structure."""
    energies, forces = [], []
    for row in range(len(configurations)):
        atoms = configurations.atoms(row)
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces())
    return Predictions(np.array(energies), np.concatenate(forces), {})


def as_extxyz(path: Path, images: Sequence[Atoms]) -> None:
    ase.io.write(path, images, format="extxyz")


def columns(images: Sequence[Atoms]) -> dict[str, list[Any]]:
    return {
        "numbers": [atoms.numbers for atoms in images],
        "positions": [atoms.positions for atoms in images],
        "cell": [atoms.cell.array for atoms in images],
        "pbc": [atoms.pbc for atoms in images],
        "energy": [atoms.calc.results["energy"] for atoms in images],
        "forces": [atoms.calc.results["forces"] for atoms in images],
    }


def as_parquet(path: Path, images: Sequence[Atoms]) -> None:
    flat = {name: [np.ravel(each) for each in values] for name, values in columns(images).items()}
    pd.DataFrame(flat | {"energy": columns(images)["energy"]}).to_parquet(path)


def as_npz(path: Path, images: Sequence[Atoms]) -> None:
    made: dict[str, Any] = {
        name: np.concatenate(values) if name in ("numbers", "positions", "forces") else values
        for name, values in columns(images).items()
    }
    np.savez(path, n_atoms=[len(atoms) for atoms in images], **made)


def as_pickle(path: Path, images: Sequence[Atoms]) -> None:
    frame = {key: columns(images)[key] for key in ("energy", "forces")}
    pd.DataFrame({"ase_atoms": [a.copy() for a in images], **frame}).to_pickle(path)


WRITERS: dict[str, Callable[[Path, Sequence[Atoms]], None]] = {
    "extxyz": as_extxyz,
    "parquet": as_parquet,
    "npz": as_npz,
    "pickle": as_pickle,
}
