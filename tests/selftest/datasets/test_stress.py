"""A stress in brought data: read where it is named, told where it is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from tests.selftest.builders.datasets import made_settings
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.load import LoadedDataset, load_dataset
from umlip_gate.datasets.registry import load_registry
from umlip_gate.errors import InputError
from umlip_gate.settings import FIXTURES

pytestmark = pytest.mark.selftest

STRESS = np.array([[0.1, 0.04, 0.05], [0.04, 0.2, 0.06], [0.05, 0.06, 0.3]])
VOIGT = [0.1, 0.2, 0.3, 0.06, 0.05, 0.04]


def crystal(row: int = 0) -> Atoms:
    atoms = bulk("W", "bcc", a=3.2, cubic=True)
    atoms.rattle(0.05, seed=row)
    results = {"energy": -20.0 - row, "forces": np.zeros((2, 3)) + row, "stress": VOIGT}
    atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


def bare(row: int) -> Atoms:
    atoms = crystal(row)
    atoms.calc = None
    return atoms


def write_ase(folder: Path, name: str) -> Path:
    ase.io.write(folder / name, [crystal(0), crystal(1)])
    return folder / name


def frames(key: str, value: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = write_ase(folder, "data.xyz")
        lines = path.read_text().splitlines()
        for number in (1, 5):
            head = lines[number].partition(" stress=")[0]
            lines[number] = f'{head} {key}="{value}" pbc="T T T"'
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def text(tensor: Any) -> str:  # noqa: ANN401 - numbers
    return " ".join(f"{number:.12f}" for number in np.ravel(tensor))


def write_pickle(folder: Path) -> Path:
    columns = {
        "ase_atoms": [bare(k) for k in range(2)],
        "energy": [-20.0, -21.0],
        "forces": [np.zeros((2, 3)), np.ones((2, 3))],
        "sigma": [STRESS.tolist(), VOIGT],
    }
    pd.DataFrame(columns).to_pickle(folder / "data.pckl")
    return folder / "data.pckl"


def write_deepmd(folder: Path) -> Path:
    crystals = [crystal(0), crystal(1)]
    system = folder / "system" / "set.000"
    system.mkdir(parents=True)
    (system.parent / "type_map.raw").write_text("W\n")
    (system.parent / "type.raw").write_text("0\n0\n")
    volume = crystals[0].get_volume()
    arrays = {
        "coord": [each.positions.ravel() for each in crystals],
        "box": [each.cell.array.ravel() for each in crystals],
        "energy": [-20.0, -21.0],
        "force": [np.zeros(6), np.ones(6)],
        "virial": [-(STRESS * volume).ravel()] * 2,
    }
    for name, values in arrays.items():
        np.save(system / f"{name}.npy", np.array(values))
    return system.parent


VIRIAL = text(-float(crystal().get_volume()) * STRESS)
CASES: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "of ASE": (lambda folder: write_ase(folder, "data.xyz"), "extxyz", 'stress = "stress"'),
    "six numbers": (frames("dft_stress", text(VOIGT)), "extxyz", 'stress = "dft_stress"'),
    "GPUMD": (frames("Virial", VIRIAL), "extxyz", 'virial = "virial"'),
    "another name": (
        frames("dft_virial", VIRIAL),
        "extxyz",
        'virial = "dft_virial"',
    ),
    "a trajectory": (lambda folder: write_ase(folder, "run.traj"), "ase", 'stress = "stress"'),
    "a database": (lambda folder: write_ase(folder, "data.db"), "ase", 'stress = "stress"'),
    "a data frame": (write_pickle, "pickle", 'stress = "sigma"'),
    "DeePMD-kit": (write_deepmd, "deepmd-npy", 'virial = "virial"'),
}


def loaded(folder: Path, path: Path, reader: str, keys: str) -> LoadedDataset:
    toml = folder / "data.toml"
    toml.write_text(
        f'[mine]\ntitle = "made"\nelements = ["W"]\nfiles = [{{ path = "{path}" }}]\n'
        f'reader = "{reader}"\nkeys = {{ {keys} }}\n'
    )
    dataset = load_registry(FIXTURES / "datasets.toml", [toml])["mine"]
    return load_dataset(dataset, made_settings(folder))


@pytest.mark.parametrize("case", CASES)
def test_a_stress_is_read_in_every_form_and_from_the_kept_table(tmp_path: Path, case: str) -> None:
    write, reader, keys = CASES[case]
    path = write(tmp_path)
    for _ in ("the files", "the table"):
        configurations, notes = loaded(tmp_path, path, reader, keys)
        assert configurations.stresses is not None
        np.testing.assert_allclose(configurations.stresses, [STRESS, STRESS], atol=1e-9)
        assert notes == ()


@pytest.mark.parametrize("case", CASES)
def test_a_stress_that_is_not_named_is_told_and_not_read(tmp_path: Path, case: str) -> None:
    write, reader, keys = CASES[case]
    if case == "a data frame":
        pytest.skip("a column with no name of a stress")
    path = write(tmp_path)
    configurations, notes = loaded(tmp_path, path, reader, "")
    assert configurations.stresses is None
    name = keys.partition('"')[2].rstrip('"')
    told = f"2 of 2 rows have {name}, which is not read; with a reader that takes keys, "
    assert notes == (f"{told}keys = {{ {keys} }} has it measured",)
    assert configurations.digest == without_stress(tmp_path, path, reader, keys).digest


def without_stress(folder: Path, path: Path, reader: str, keys: str) -> Configurations:
    configurations, _ = loaded(folder, path, reader, keys)
    names = [field for field in vars(configurations) if field != "stresses"]
    fields = {name: getattr(configurations, name) for name in names if name in FIELDS}
    return Configurations(**fields)


FIELDS = ("n_atoms", "numbers", "positions", "cells", "pbc", "energies", "forces", "groups")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("low", "is not 3 x 3 numbers"),
        ("1 2 3", "is not 3 x 3 numbers"),
        ("1 0.5 0 0 1 0 0 0 1", "is not symmetric"),
        ("nan 0 0 0 1 0 0 0 1", "a stress is not finite"),
    ],
)
def test_what_is_no_stress_is_refused_by_row(tmp_path: Path, value: str, why: str) -> None:
    path = frames("dft_stress", value)(tmp_path)
    with pytest.raises(InputError, match=f"row 0: .*{why}"):
        loaded(tmp_path, path, "extxyz", 'stress = "dft_stress"')


def test_a_stress_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    path = frames("dft_stress", text(VOIGT))(tmp_path)
    with pytest.raises(InputError, match=r"row 0: no stres, which keys\.stress names; the"):
        loaded(tmp_path, path, "extxyz", 'stress = "stres"')


def test_a_cluster_has_no_stress(tmp_path: Path) -> None:
    path = frames("dft_stress", text(VOIGT))(tmp_path)
    path.write_text(path.read_text().replace('pbc="T T T"', 'pbc="F F F"'))
    with pytest.raises(InputError, match="row 0: dft_stress: a stress needs a cell that"):
        loaded(tmp_path, path, "extxyz", 'stress = "dft_stress"')


def test_stress_and_virial_are_one_choice(tmp_path: Path) -> None:
    path = write_ase(tmp_path, "data.xyz")
    with pytest.raises(InputError, match="stress and virial say the same: name one of them"):
        loaded(tmp_path, path, "extxyz", 'stress = "stress", virial = "virial"')


@pytest.mark.parametrize("reader", ["mtp-cfg", "mvl-json"])
def test_readers_without_stresses_refuse_the_key(tmp_path: Path, reader: str) -> None:
    path = write_ase(tmp_path, "data.xyz")
    types = '\ntypes = ["W"]' if reader == "mtp-cfg" else ""
    toml = tmp_path / "data.toml"
    toml.write_text(
        f'[mine]\ntitle = "made"\nelements = ["W"]\nfiles = [{{ path = "{path}" }}]\n'
        f'reader = "{reader}"\nkeys = {{ stress = "stress" }}{types}\n'
    )
    with pytest.raises(InputError, match="keys are for the readers"):
        load_registry(FIXTURES / "datasets.toml", [toml])


def test_the_stress_of_an_mtp_set_is_told(tmp_path: Path) -> None:
    path = tmp_path / "train.cfg"
    ase_atoms = crystal()
    rows = "\n".join(
        f"{k + 1} 0 {x} {y} {z} 0 0 0" for k, (x, y, z) in enumerate(ase_atoms.positions.tolist())
    )
    cell = "\n".join(" ".join(map(str, vector)) for vector in ase_atoms.cell.array.tolist())
    path.write_text(
        f"BEGIN_CFG\nSize\n2\nSupercell\n{cell}\n"
        f"AtomData: id type cartes_x cartes_y cartes_z fx fy fz\n{rows}\n"
        "Energy\n-20\nPlusStress: xx yy zz yz xz xy\n1 1 1 0 0 0\nEND_CFG\n"
    )
    toml = tmp_path / "data.toml"
    toml.write_text(
        '[mine]\ntitle = "made"\nelements = ["W"]\nreader = "mtp-cfg"\ntypes = ["W"]\n'
        f'files = [{{ path = "{path}" }}]\n'
    )
    dataset = load_registry(FIXTURES / "datasets.toml", [toml])["mine"]
    _, notes = load_dataset(dataset, made_settings(tmp_path))
    assert notes[0].startswith("1 of 1 rows have PlusStress:, which is not read")
