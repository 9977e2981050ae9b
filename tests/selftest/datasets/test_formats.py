"""Files as people have them: other programs' formats, spellings, and files of another kind."""

import json
import pickle
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect

from tests.selftest.builders.datasets import (
    forces_of,
    frame_of,
    made_dataset,
    made_rows,
    mvl_record,
    write_cfg,
    write_extxyz,
)
from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.datasets.readers import read_rows
from umlip_gate.errors import InputError

pytestmark = pytest.mark.selftest

ROWS = made_rows(5)
COMMENT = '{} Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.5 pbc="T T T"'
CELL = 'Lattice="3 0 0 0 3 0 0 0 3"'


def read(path: Path, reader: str = "extxyz", **keys: object) -> list[Row]:
    dataset = made_dataset(path, reader=reader, **keys)
    return read_rows(path, dataset.files[0], dataset)


def refusal(path: Path, reader: str = "extxyz", **keys: object) -> str:
    with pytest.raises(InputError) as fault:
        read(path, reader, **keys)
    assert str(fault.value).startswith(str(path))
    return str(fault.value)


def assert_same(found: list[Row], expected: list[Row]) -> None:
    assert Configurations.from_rows(found).digest == Configurations.from_rows(expected).digest


def frame(path: Path, comment: str, line: str = "W 0 0 0 0 0 0") -> Path:
    path.write_text(f"1\n{comment}\n{line}\n")
    return path


def images() -> list[Atoms]:
    made = [row.atoms.copy() for row in ROWS]
    for atoms, row in zip(made, ROWS, strict=True):
        atoms.calc = SinglePointCalculator(atoms, energy=row.energy_ev, forces=forces_of(row))
    return made


@pytest.mark.parametrize("name", ["file.traj", "file.db", "file.json", "file@2.xyz"])
def test_what_ase_reads_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    ase.io.write(path, images(), format="extxyz" if name.endswith("xyz") else None)
    assert_same(read(path, "ase"), ROWS)


def test_what_ase_does_not_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file.unknown"
    path.write_text("something else\n")
    assert "row 0: ASE does not read it" in refusal(path, "ase")


def test_a_database_names_its_energy_in_its_pairs(tmp_path: Path) -> None:
    path = tmp_path / "file.db"
    with connect(path) as database:
        for row in ROWS:
            data = {"REF_forces": forces_of(row)}
            database.write(row.atoms, key_value_pairs={"ref_energy": row.energy_ev}, data=data)
    assert_same(read(path, "ase", keys={"energy": "ref_energy", "forces": "REF_forces"}), ROWS)
    assert "no energy; the frame has" in refusal(path, "ase")


def test_an_lmdb_database_is_read(tmp_path: Path) -> None:
    pytest.importorskip("ase_db_backends")
    path = tmp_path / "file.aselmdb"
    with connect(path, type="aselmdb") as database:
        for atoms in images():
            database.write(atoms)
    assert_same(read(path, "aselmdb"), ROWS)
    assert 'is an LMDB database, which reader = "extxyz" does not read: reader = "aselmdb"' in (
        refusal(path)
    )


def write_deepmd(folder: Path, rows: list[Row]) -> None:
    """One set of the mixed format."""
    most = max(len(row.atoms) for row in rows)
    (folder / "set.000").mkdir(parents=True)
    symbols = sorted({symbol for row in rows for symbol in row.atoms.symbols})
    (folder / "type_map.raw").write_text("\n".join(symbols))
    (folder / "type.raw").write_text("\n".join(["0"] * most))
    kinds = -np.ones((len(rows), most), dtype=np.int64)
    coordinates, forces = np.zeros((2, len(rows), most, 3))
    for i, row in enumerate(rows):
        n_atoms = len(row.atoms)
        kinds[i, :n_atoms] = [symbols.index(symbol) for symbol in row.atoms.symbols]
        coordinates[i, :n_atoms] = row.atoms.positions
        forces[i, :n_atoms] = forces_of(row)
    arrays = {
        "real_atom_types": kinds,
        "coord": coordinates.reshape(len(rows), -1),
        "force": forces.reshape(len(rows), -1),
        "box": np.array([row.atoms.cell.array.ravel() for row in rows]),
        "energy": np.array([row.energy_ev for row in rows]),
    }
    for name, array in arrays.items():
        np.save(folder / "set.000" / f"{name}.npy", array)


def test_a_deepmd_system_is_read(tmp_path: Path) -> None:
    write_deepmd(tmp_path / "system", ROWS)
    assert_same(read(tmp_path / "system", "deepmd-npy"), ROWS)
    assert "reads a file" in refusal(tmp_path / "system")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: (s / "set.000" / "force.npy").unlink(), "force.npy: cannot be read"),
        (lambda s: np.save(s / "set.000" / "energy.npy", np.zeros(4)), "shape (5, 1)"),
        (
            lambda s: (s / "set.000" / "box.npy").write_bytes(pickle.dumps([1])),
            "box.npy: not an array",
        ),
        (lambda s: (s / "type_map.raw").write_text("W Xx Mo"), "'Xx' is not the symbol"),
        (lambda s: (s / "type.raw").write_text("high"), "type.raw: expected the number of a type"),
        (lambda s: (s / "set.000").rename(s / "no"), "has no set.000"),
    ],
)
def test_a_wrong_deepmd_system_is_named_by_its_file(
    change: Any,  # noqa: ANN401 - a small change of a folder
    message: str,
    tmp_path: Path,
) -> None:
    system = tmp_path / "system"
    write_deepmd(system, ROWS)
    change(system)
    assert message in refusal(system, "deepmd-npy")


def test_gpumd_spellings_are_read_as_gpumd_means_them(tmp_path: Path) -> None:
    write_extxyz(tmp_path / "ase.xyz", ROWS)
    text = (tmp_path / "ase.xyz").read_text()
    text = text.replace("Lattice=", "lattice=").replace("Properties=", "properties=")
    text = text.replace(' pbc="T T T"', ' virial="1 2 3 4 5 6 7 8 9" stress="1 2 3 4 5 6"')
    text = text.replace("forces:R:3", "force:R:3").replace("energy=", "Energy=")
    (tmp_path / "gpumd.xyz").write_text(text)
    assert_same(read(tmp_path / "gpumd.xyz"), ROWS)


@pytest.mark.parametrize(("symbol", "read_as"), [("D", "H"), ("T", "H"), ("W", "W")])
def test_an_isotope_is_its_element(symbol: str, read_as: str, tmp_path: Path) -> None:
    file = frame(tmp_path / "file", COMMENT.format(CELL), f"{symbol} 0 0 0 0 0 0")
    assert list(read(file)[0].atoms.symbols) == [read_as]


@pytest.mark.parametrize(
    ("label", "hint"),
    [("Cu1", ": write Cu"), ("29", ": write Cu"), ("cu", ": write Cu"), ("Q", "")],
)
def test_a_label_is_no_element(label: str, hint: str, tmp_path: Path) -> None:
    file = frame(tmp_path / "file", COMMENT.format(CELL), f"{label} 0 0 0 0 0 0")
    assert refusal(file).endswith(f"row 0: {label!r} is not the symbol of an element{hint}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("energy=-1.5", "energy=-1,5", "energy=-1,5 is not a number; a decimal comma?"),
        ("energy=-1.5", "energy=T", "energy=True is not a number"),
        ("energy=-1.5", "energy=low", "energy=low is not a number"),
        ("energy=-1.5", "energy=-1.5 energy=-1.6", "energy= stands twice in the comment"),
        ("energy=-1.5", "energy=-1.5 Energy=-1.6", "energy= stands twice in the comment"),
        ("energy=-1.5", "REF_energy=-1.5", "write"),
        ("energy=-1.5", "energy=-1 REF_energy=-2", "energy and REF_energy stand side by side"),
        ("forces:R:3", "forces:R:3:dft_forces:R:3", "forces and dft_forces stand side by side"),
        ("forces:R:3", "REF_forces:R:3", "no forces; the frame has REF_forces, energy; name it"),
        ("energy=", "total_charge=1 energy=", 'keys = { charge = "total_charge" }'),
        ("energy=", "multiplicity=2 energy=", 'keys = { spin = "multiplicity" }'),
        ("energy=", 'external_field="0 0 1" energy=', "no model here is given it"),
        ("energy=", "charge=high energy=", "charge=high is not a number"),
    ],
)
def test_what_could_be_misread_is_refused_by_row(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    comment = COMMENT.format(CELL)
    assert old in comment
    line = "W 0 0 0 0 0 0" + " 1 1 1" * ("dft_forces" in new)
    file = frame(tmp_path / "file", comment.replace(old, new, 1), line)
    refused = refusal(file)
    assert refused.startswith(f"{file} row 0: ")
    expected = 'keys = { energy = "REF_energy" }' if message == "write" else message
    assert expected in refused


@pytest.mark.parametrize(
    "harmless",
    ["free_energy=-9", "energy_weight=2", "total_charge=0", "multiplicity=1", "virial=7 stress=T"],
)
def test_what_says_nothing_of_the_reference_is_let_be(harmless: str, tmp_path: Path) -> None:
    file = frame(tmp_path / "file", COMMENT.format(CELL) + " " + harmless)
    assert read(file)[0].energy_ev == -1.5


def test_keys_name_the_reference(tmp_path: Path) -> None:
    comment = COMMENT.format(CELL).replace("energy=", "REF_energy=-2.5 q=1 energy=")
    comment = comment.replace("forces:R:3", "forces:R:3:REF_forces:R:3:m:R:1")
    file = frame(tmp_path / "file", comment, "W 0 0 0 0 0 0 1 2 3 0.5")
    names = {"energy": "REF_energy", "forces": "REF_forces", "charge": "q", "initial_magmoms": "m"}
    (row,) = read(file, keys=names)
    assert row.energy_ev == -2.5
    np.testing.assert_array_equal(forces_of(row), [[1, 2, 3]])
    assert row.atoms.info == {"charge": 1}
    assert row.atoms.get_initial_magnetic_moments().tolist() == [0.5]
    assert read(file, keys={"energy": "energy", "forces": "forces"})[0].energy_ev == -1.5
    message = refusal(file, keys={"energy": "E0", "forces": "forces"})
    assert "row 0: no E0, which keys.energy names; the frame has REF_energy, REF_forces" in message


@pytest.mark.parametrize("reader", ["extxyz", "mtp-cfg", "mvl-json", "pickle"])
def test_energies_alone_are_read_without_forces(reader: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    if reader == "extxyz":
        frame(file, COMMENT.format(CELL).replace(":forces:R:3", ""), "W 0 0 0")
    elif reader == "mtp-cfg":
        write_cfg(file, ROWS)
        file.write_text(file.read_text().replace(" fx ", " gx "))
    elif reader == "mvl-json":
        records = [mvl_record(row) for row in ROWS]
        for record in records:
            record["outputs"].pop("forces")  # type: ignore[attr-defined]
        file.write_text(json.dumps(records))
    else:
        file.write_bytes(pickle.dumps(frame_of(ROWS).drop(columns="forces")))
    refusal(file, reader)
    rows = read(file, reader, quantity="energies")
    assert {row.forces is None for row in rows} == {True}
    assert not Configurations.from_rows(rows).has_forces


def test_a_file_whose_last_line_does_not_end_is_read_if_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_extxyz(file, ROWS)
    whole = file.read_text().rstrip()
    file.write_text(whole)
    assert_same(read(file), ROWS)
    for cut in range(1, 8):
        file.write_text(whole[:-cut])
        assert "cut short?" in refusal(file)


KINDS = {
    "version https://git-lfs.github.com/spec/v1\noid": "a Git LFS pointer, not the file",
    "  <!DOCTYPE html><html>": "a web page",
    "SQLite format 3\0": 'a SQLite database, as ASE writes it, which reader = "extxyz" does not '
    'read: reader = "ase"',
    "- of Ulm": "a trajectory of ASE",
    "<?xml version='1.0'?>\n<modeling>": "a vasprun.xml of VASP",
    " vasp.6.4.1 24Apr": "an OUTCAR of VASP",
    "BEGIN_CFG\n": 'an MTP .cfg file, which reader = "extxyz" does not read: reader = "mtp-cfg"',
    '[{"a": 1}]': "a JSON file",
    "PK\x03\x04": "a zip archive",
    "PAR1": "a Parquet table",
}


@pytest.mark.parametrize("head", KINDS)
def test_a_file_of_another_kind_is_named_for_what_it_is(head: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(head)
    assert f": is {KINDS[head]}" in refusal(file)


@pytest.mark.parametrize("content", [b"", b"  \n\n", b"TOKEN-12345\n", b"\xff\xfe\x00"])
def test_no_line_of_an_unreadable_file_is_quoted(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    for reader in ("extxyz", "mtp-cfg", "mvl-json", "pickle", "ase"):
        assert "TOKEN" not in refusal(file, reader)
