import gzip
import io
import json
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ase import Atoms

from tests.selftest.builders.datasets import (
    TYPES,
    WRITERS,
    cfg_record,
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


def read(file: Path, reader: str, member: str | None = None) -> list[Row]:
    dataset = made_dataset(file, reader=reader)
    source = dataset.files[0].model_copy(update={"member": member})
    return read_rows(file, source, dataset)


def refusal(file: Path, reader: str, member: str | None = None) -> str:
    with pytest.raises(InputError) as fault:
        read(file, reader, member)
    assert str(fault.value).startswith(str(file))
    return str(fault.value)


def digest(rows: list[Row]) -> str:
    return Configurations.from_rows(rows).digest


@pytest.mark.parametrize("reader", WRITERS)
@pytest.mark.parametrize("packed", ["plain", "gzip", "tar", "tar.gz", "gzip in tar"])
def test_every_format_is_read_however_it_is_packed(
    reader: str, packed: str, tmp_path: Path
) -> None:
    file = tmp_path / "data"
    WRITERS[reader](file, ROWS)
    bytes_ = file.read_bytes()
    if bytes_.startswith(b"\x1f\x8b"):
        bytes_ = gzip.decompress(bytes_)
    if packed.startswith("gzip"):
        bytes_ = gzip.compress(bytes_)
    if "tar" in packed:
        with tarfile.open(file, "w:gz" if packed == "tar.gz" else "w") as archive:
            member = tarfile.TarInfo("folder/data")
            member.size = len(bytes_)
            archive.addfile(member, io.BytesIO(bytes_))
    else:
        file.write_bytes(bytes_)
    rows = read(file, reader, "folder/data" if "tar" in packed else None)
    assert digest(rows) == digest(ROWS)


@pytest.mark.parametrize("reader", WRITERS)
def test_a_file_cut_anywhere_gives_its_first_rows_or_is_refused(
    reader: str, tmp_path: Path
) -> None:
    file = tmp_path / "cut"
    WRITERS[reader](file, ROWS[:2])
    bytes_ = file.read_bytes()
    prefixes = {digest(ROWS[:n]) for n in range(3)}
    refused = 0
    for length in range(0, len(bytes_), 3):
        file.write_bytes(bytes_[:length])
        try:
            assert digest(read(file, reader)) in prefixes
        except InputError as error:
            assert str(file) in str(error)  # noqa: PT017 - a cut between two rows does not show
            refused += 1
    assert refused > length // 4


@pytest.mark.parametrize("reader", WRITERS)
def test_a_cut_gzip_is_refused(reader: str, tmp_path: Path) -> None:
    file = tmp_path / "cut.gz"
    WRITERS[reader](file, ROWS)
    bytes_ = file.read_bytes()
    packed = bytes_ if bytes_.startswith(b"\x1f\x8b") else gzip.compress(bytes_)
    for length in (9, 30, len(packed) // 2, len(packed) - 1):
        file.write_bytes(packed[:length])
        refusal(file, reader)


def test_a_flipped_bit_in_a_gzip_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "flipped.gz"
    write_extxyz(file, ROWS)
    packed = bytearray(gzip.compress(file.read_bytes()))
    packed[-8] ^= 1  # the checksum, which is compared at the very end
    file.write_bytes(packed)
    assert "CRC" in refusal(file, "extxyz")


def test_a_missing_file_and_a_missing_member_are_named(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "nothing", "extxyz")
    file = tmp_path / "data.tar"
    with tarfile.open(file, "w") as archive:
        archive.addfile(tarfile.TarInfo("RandSPG.cfg"))
    message = refusal(file, "mtp-cfg", "RandomSPG.cfg")
    assert "no member 'RandomSPG.cfg'; did you mean 'RandSPG.cfg'?" in message
    write_cfg(file, ROWS)
    assert "damaged or cut short" in refusal(file, "mtp-cfg", "RandSPG.cfg")


def changed_pickle(row: int, column: str, value: object) -> bytes:
    values = list(frame_of(ROWS)[column])
    values[row] = value
    return pickle.dumps(frame_of(ROWS, **{column: pd.Series(values, dtype=object)}))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ase_atoms", "W"),
        ("ase_atoms", None),
        ("energy", "high"),
        ("energy", None),
        ("forces", [[0.0, 0.0, 0.0], [0.0]]),
        ("forces", "none"),
    ],
)
def test_a_pickled_row_that_is_no_configuration_is_named(
    column: str, value: object, tmp_path: Path
) -> None:
    file = tmp_path / "data.pckl"
    file.write_bytes(changed_pickle(3, column, value))
    assert "data.pckl row 3: not a configuration" in refusal(file, "pickle")


def test_the_published_forms_of_a_pickled_row_are_read(tmp_path: Path) -> None:
    file = tmp_path / "data.pckl"
    energies = pd.Series([np.float64(row.energy_ev) for row in ROWS], dtype=object)
    forces = [row.forces for row in ROWS]
    frame = frame_of(ROWS, energy=energies, forces=forces, energy_corrected=energies)
    file.write_bytes(pickle.dumps(frame))
    assert digest(read(file, "pickle")) == digest(ROWS)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("outputs", "energy"), ..., "no 'energy'"),
        (("outputs", "energy"), "high", "not a configuration"),
        (("outputs",), ..., "no 'outputs'"),
        (
            ("structure", "sites", 0, "species", 0, "element"),
            "Xx",
            "'Xx' is not the symbol of an element",
        ),
        (("structure", "sites", 0, "species", 0, "occu"), 0.5, "partly occupied"),
        (("structure", "sites", 0, "abc"), [0, 0], "not a configuration"),
        (("structure", "lattice", "matrix"), [[1, 0, 0]], "not a configuration"),
        (("num_atoms",), 17, "sites, but num_atoms = 17"),
    ],
)
def test_an_mvl_record_that_is_no_configuration_is_named(
    path: tuple[Any, ...], value: object, message: str, tmp_path: Path
) -> None:
    records: list[Any] = [mvl_record(row) for row in ROWS]
    place = records[2]
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    file = tmp_path / "data.json"
    file.write_text(json.dumps(records))
    refused = refusal(file, "mvl-json")
    assert "data.json row 2: " in refused
    assert message in refused


def test_json_that_is_no_list_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text('{"structure": 1}')
    assert "expected a list of records" in refusal(file, "mvl-json")


@pytest.mark.parametrize("missing", ["energy", "forces"])
def test_an_xyz_frame_without_energy_or_forces_is_named(missing: str, tmp_path: Path) -> None:
    file = tmp_path / "data.xyz"
    write_extxyz(file, ROWS)
    frames = file.read_text().split("Lattice=")
    frames[3] = frames[3].replace(missing, "unknown")
    file.write_text("Lattice=".join(frames))
    assert f"data.xyz row 2: no {missing}; the frame has" in refusal(file, "extxyz")


def test_blank_lines_between_xyz_frames_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    file = tmp_path / "data.xyz"
    frames = []
    for row in ROWS:
        write_extxyz(file, [row])
        frames.append(file.read_text())
    file.write_text("\ufeff\n" + "\n \n".join(frames) + "\n\n", encoding="utf-8")
    assert digest(read(file, "extxyz")) == digest(ROWS)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert digest(read(file, "extxyz")) == digest(ROWS)


@pytest.mark.parametrize("announced", [-1, 0, 99])
def test_an_xyz_frame_with_another_number_of_atoms_is_named(announced: int, tmp_path: Path) -> None:
    file = tmp_path / "data.xyz"
    write_extxyz(file, ROWS)
    lines = file.read_text().splitlines()
    start = 2 + len(ROWS[0].atoms)
    lines[start] = str(announced)
    file.write_text("\n".join(lines) + "\n")
    message = f"data.xyz row 1, line {start + 1}: {announced} atoms announced"
    assert message in refusal(file, "extxyz")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("END_CFG", "", "expected END_CFG before the next BEGIN_CFG"),
        ("BEGIN_CFG", "", "expected BEGIN_CFG"),
        (" Energy\n", "", "no Energy"),
        (" Size\n", "", "begins with"),
        (" fz", " gz", "no column fz"),
        ("cartes_x", "direct_x", "no column cartes_x"),
        ("  1 ", "  1 9 9 ", "AtomData:"),
        ("  1 0 ", "  1 3 ", "types other than 0 to 2"),
        ("  1 0 ", "  1 0.5 ", "types other than 0 to 2"),
        ("  1 0 ", "  1 W ", "AtomData:: could not convert"),
        (" Size\n    1\n", " Size\n    nan\n", "'nan', not a number of atoms"),
        (" Size\n    1\n", " Size\n    1.5\n", "'1.5', not a number of atoms"),
        (" Energy\n", " Energy\n    -1.0\n Energy\n", "a second Energy"),
        (" Supercell\n", " Supercell\n    1 2 3\n", "has 4 vectors"),
    ],
)
def test_a_cfg_record_that_is_no_configuration_is_named_with_its_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    tungsten = Row(Atoms("W", cell=[3, 3, 3], pbc=True), -13.0, np.zeros((1, 3)))
    records = [cfg_record(tungsten)] * 3
    begin = 1 + len(records[0].splitlines())
    assert old in records[1]
    records[1] = records[1].replace(old, new)
    file = tmp_path / "data.cfg"
    file.write_text("".join(records))
    refused = refusal(file, "mtp-cfg")
    where, _, rest = refused.removeprefix(f"{file} row 1, line ").partition(":")
    assert begin <= int(where) <= begin + len(records[1].splitlines())
    assert message in rest


def test_a_cfg_record_with_another_number_of_atoms_is_named(tmp_path: Path) -> None:
    record = cfg_record(ROWS[0])
    size = f" Size\n    {len(ROWS[0].atoms)}\n"
    file = tmp_path / "data.cfg"
    file.write_text(record + record.replace(size, " Size\n    7\n"))
    line = len(record.splitlines()) + 8
    assert f"row 1, line {line}: AtomData:: expected 7 lines" in refusal(file, "mtp-cfg")


def test_a_cfg_without_supercell_is_not_periodic(tmp_path: Path) -> None:
    record = cfg_record(ROWS[0]).splitlines()
    start = record.index(" Supercell")
    file = tmp_path / "data.cfg"
    file.write_text("\n".join([*record[:start], *record[start + 4 :]]) + "\n")
    (row,) = read(file, "mtp-cfg")
    assert not row.atoms.pbc.any()
    assert not row.atoms.cell.array.any()
    np.testing.assert_array_equal(row.forces, ROWS[0].forces)


def test_types_name_the_elements_of_a_cfg(tmp_path: Path) -> None:
    file = tmp_path / "data.cfg"
    write_cfg(file, ROWS)
    others = ("Cr", "Co", "Ni")
    dataset = made_dataset(file, reader="mtp-cfg", types=others)
    rows = read_rows(file, dataset.files[0], dataset)
    renamed = dict(zip(TYPES, others, strict=True))
    for row, original in zip(rows, ROWS, strict=True):
        assert list(row.atoms.symbols) == [renamed[symbol] for symbol in original.atoms.symbols]
