"""Every example of docs/bring-your-data.md, as it is written there."""

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import ase.io
import pytest
from ase.db import connect

from tests.selftest.builders.datasets import (
    WRITERS,
    forces_of,
    made_rows,
    made_settings,
    write_extxyz,
)
from tests.selftest.checkout import ROOT
from tests.selftest.datasets.test_formats import images, write_deepmd
from umlip_gate.datasets.configurations import Row
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.registry import READERS, load_registry

pytestmark = pytest.mark.selftest

PAGE = (ROOT / "docs" / "bring-your-data.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
ROWS = made_rows(5)


def named(path: Path, rows: Sequence[Row]) -> None:
    write_extxyz(path, rows)
    text = path.read_text().replace(" energy=", " energy=1.0 REF_energy=")
    path.write_text(text.replace(":forces:", ":REF_forces:"))


def stressed(path: Path, rows: Sequence[Row]) -> None:
    write_extxyz(path, rows)
    text = path.read_text().replace(" energy=", ' stress="0.1 0 0 0 0.2 0 0 0 0.3" energy=')
    path.write_text(text)


def energies(path: Path, rows: Sequence[Row]) -> None:
    made = [row.atoms.copy() for row in rows]
    for atoms, row in zip(made, rows, strict=True):
        atoms.info["energy"] = row.energy_ev
    ase.io.write(path, made, format="extxyz")


def database(path: Path, _: Sequence[Row]) -> None:
    pytest.importorskip("ase_db_backends")
    with connect(path, type="aselmdb") as kept:
        for atoms in images():
            kept.write(atoms)


FILES: dict[str, Callable[[Path, Sequence[Row]], None]] = {
    "crystals.xyz": WRITERS["extxyz"],
    "run.traj": lambda path, _: ase.io.write(path, images()),
    "train.cfg": WRITERS["mtp-cfg"],
    "system": lambda path, rows: write_deepmd(path, list(rows)),
    "data.aselmdb": database,
    "records.json": WRITERS["mvl-json"],
    "frame.pckl.gzip": WRITERS["pickle"],
    "named.xyz": named,
    "stressed.xyz": stressed,
    "energies.xyz": energies,
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: next(iter(tomllib.loads(text))))
def test_an_example_of_the_page_is_read(example: str, tmp_path: Path) -> None:
    ((id_, table),) = tomllib.loads(example).items()
    FILES[table["files"][0]["path"]](tmp_path / table["files"][0]["path"], ROWS)
    (tmp_path / "my-datasets.toml").write_text(example, encoding="utf-8")
    dataset = load_registry(tmp_path / "my-datasets.toml")[id_]
    found = load_dataset(dataset, made_settings(tmp_path)).configurations
    assert len(found) == len(ROWS)
    assert found.energies.tolist() == [row.energy_ev for row in ROWS]
    assert (found.stresses is not None) == ("stress =" in example)
    assert found.has_forces == (dataset.quantity != "energies")
    if found.has_forces:
        assert found.forces[0].tolist() == forces_of(ROWS[0])[0].tolist()


def test_every_reader_has_an_example() -> None:
    shown = {table["reader"] for text in EXAMPLES for table in tomllib.loads(text).values()}
    assert shown == set(READERS) - {"interactions-extxyz"}
