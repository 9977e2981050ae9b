"""Data as people have brought them, right and wrong, through the command line."""

import gzip
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import ase.io
import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from tests.selftest.builders.crystals import labelled
from tests.selftest.builders.datasets import cfg_record
from tests.selftest.builders.fakes import charged
from tests.selftest.cli import ENERGY, FAILED, CommandLineRun
from umlip_gate.datasets.configurations import Row

pytestmark = pytest.mark.selftest

ENTRY = """
[{id}]
title = "made for this case"
elements = ["W", "H"]
files = [{{ path = "{id}" }}]
reader = "{reader}"
"""


def with_truth(atoms: Atoms) -> Atoms:
    """The structure with what the candidate answers for it."""
    atoms = atoms.copy()
    atoms.calc = charged()
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces)
    return atoms


def written(path: Path, images: Sequence[Atoms], old: str = "", new: str = "") -> None:
    ase.io.write(path, images, format="extxyz")
    if old:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def energies_alone(path: Path) -> None:
    images = labelled(3)
    for atoms in images:
        atoms.calc.results.pop("forces")
    written(path, images)


def two_features(path: Path) -> None:
    atoms = labelled(1)[0]
    row = Row(atoms, atoms.get_potential_energy(), atoms.get_forces())
    line = " Feature   EFS_by       VASP\n"
    path.write_text(cfg_record(row).replace(line, line + " Feature   mindist   3.6\n"))


def pickled(path: Path) -> None:
    images = labelled(2)
    frame = pd.DataFrame(
        {
            "ase_atoms": [Atoms(a.numbers, a.positions, cell=a.cell, pbc=a.pbc) for a in images],
            "energy": [atoms.get_potential_energy() for atoms in images],
            "forces": [atoms.get_forces() for atoms in images],
        }
    )
    assert frame.columns.dtype == "str"  # pandas 3
    path.write_bytes(gzip.compress(pickle.dumps(frame)))


def charge_and_moments(path: Path) -> None:
    images = labelled(3)
    images[0].info = {"charge": 1, "spin": 2}
    images[1].set_initial_magnetic_moments(np.full(len(images[1]), 0.25))
    written(path, [with_truth(atoms) for atoms in images])


def isotope(path: Path) -> None:
    atoms = labelled(1)[0]
    atoms.symbols[:] = "H"
    written(path, [with_truth(atoms)], "H  ", "D  ")


def flat_cell(path: Path) -> None:
    images = labelled(2)
    images[1].cell[2] = images[1].cell[0] + images[1].cell[1]
    written(path, images)


def zeroed_forces(path: Path) -> None:
    images = labelled(2)
    images[1].calc.results["forces"][0] = 0.0
    images[1].set_array("move_mask", np.arange(len(images[1])) > 0)
    written(path, images)


def two_energies(path: Path) -> None:
    atoms = labelled(1)[0]
    other = labelled(1)[0]
    other.calc.results["energy"] += 1.0
    written(path, [atoms, other])


READ: dict[str, tuple[str, Callable[[Path], None]]] = {
    "mtp-two-features": ("mtp-cfg", two_features),
    "pickle-of-todays-pandas": ("pickle", pickled),
    "charge-in-comment": ("extxyz", charge_and_moments),
    "isotope-symbol": ("extxyz", isotope),
}
REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "cell-of-no-volume": (flat_cell, "row 1: the cell has no volume"),
    "forces-zeroed-by-constraints": (zeroed_forces, "row 1: the forces of the fixed atoms 0 are"),
    "same-structure-two-energies": (two_energies, "row 1: the structure of "),
}


def test_right_data_are_read_and_wrong_data_are_refused_by_file_and_row(tmp_path: Path) -> None:
    run = CommandLineRun(tmp_path)
    run.candidate("fakes:charged")
    text = ""
    for id_, (reader, write) in READ.items():
        write(tmp_path / id_)
        text += ENTRY.format(id=id_, reader=reader)
        text += 'types = ["W"]\n' if reader == "mtp-cfg" else ""
    for id_, (write, _) in REFUSED.items():
        write(tmp_path / id_)
        text += ENTRY.format(id=id_, reader="extxyz")
    (tmp_path / "data.toml").write_text(text)
    ids = [*READ, *REFUSED]
    limits = [{**ENERGY, "name": id_, "dataset": id_, "max": 1e-6} for id_ in ids]
    run.gate(*limits, required=ids[0])
    outcome = run.judge()
    assert outcome.code == 6, outcome.output
    for id_ in READ:
        assert outcome.verdicts[id_]["outcome"] == "passed", outcome.output
    for id_, (_, message) in REFUSED.items():
        assert outcome.verdicts[id_]["outcome"] == "error", outcome.output
        assert f"{tmp_path / id_} {message}" in outcome.output
    assert "Traceback" not in outcome.output


def test_energies_alone_are_judged_by_energies_alone(tmp_path: Path) -> None:
    run = CommandLineRun(tmp_path)
    run.candidate("fakes:honest")
    energies_alone(tmp_path / "defects")
    text = ENTRY.format(id="defects", reader="extxyz") + 'quantity = "energies"\n'
    (tmp_path / "data.toml").write_text(text)
    force = {"quantity": "force_rmse", "convention": "component", "unit": "meV/Å"}
    run.gate(
        {**ENERGY, "dataset": "defects", "max": 1e-6},
        {**FAILED, "dataset": "defects"},
        {**ENERGY, **force, "name": "force", "dataset": "defects"},
        required="defects",
    )
    outcome = run.judge()
    assert outcome.code in {1, 6}, outcome.output
    outcomes = {name: verdict["outcome"] for name, verdict in outcome.verdicts.items()}
    assert outcomes.pop("force") != "passed", outcome.output
    assert outcomes == {"energy": "passed", "failed": "passed"}, outcome.output
    (results,) = outcome.results["measurements"]
    assert results["force_rmse_mev_per_ang"] == {"component": None, "vector": None}
