"""Near-identical structures, strain series and labelled rows are one independent group."""

import gzip
import json
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from ase import Atoms
from ase.build import bulk
from numpy.typing import NDArray

from tests.selftest.builders.datasets import (
    WRITERS,
    frame_of,
    made_dataset,
    made_rows,
    made_settings,
    mvl_record,
)
from umlip_gate.datasets import independence as module
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.independence import (
    Independence,
    independence,
    independent_groups,
    linked_pairs,
)
from umlip_gate.datasets.load import load_dataset
from umlip_gate.datasets.table import read_table, write_table
from umlip_gate.errors import InputError

pytestmark = pytest.mark.selftest

RULE = Independence(largest_displacement_ang=0.1, largest_strain=0.021, rationale="a test's")


def groups(structures: Sequence[Atoms], labels: Sequence[str | None] | None = None) -> list[int]:
    labels = labels or [None] * len(structures)
    return [int(group) for group in independent_groups(structures, labels, RULE)]


def crystal(displaced_ang: float = 0.0, atom: int = 3) -> Atoms:
    atoms: Atoms = bulk("W", a=3.18, cubic=True) * (2, 2, 2)
    atoms.positions[atom, 1] += displaced_ang
    return atoms


def strained(strain: float) -> Atoms:
    atoms = crystal()
    atoms.set_cell(atoms.cell.array @ np.diag([1 + strain, 1, 1]), scale_atoms=True)
    return atoms


@pytest.mark.parametrize(("apart", "expected"), [(0.099, [0, 0]), (0.101, [0, 1])])
@pytest.mark.parametrize("atom", [0, 15])
def test_one_atom_that_moves_too_far_makes_another_group(
    apart: float, expected: list[int], atom: int
) -> None:
    assert groups([crystal(), crystal(apart, atom)]) == expected


def test_steps_are_linked_through_one_another_and_numbered_as_they_come() -> None:
    steps = [crystal(0.5), crystal(0.0), crystal(0.05), crystal(0.13), crystal(0.21)]
    assert groups(steps) == [0, 1, 1, 1, 1]
    assert groups([steps[1], steps[4]]) == [0, 1]


def test_a_strain_series_is_one_group_and_a_leap_is_not() -> None:
    series = [strained(strain) for strain in (0.0, 0.01, 0.02, 0.03, -0.01)]
    assert groups(series) == [0] * 5
    assert groups([strained(0.0), strained(0.05)]) == [0, 1]
    sheared = crystal()
    sheared.set_cell(sheared.cell.array @ [[1, 0.02, 0], [0, 1, 0], [0, 0, 1]], scale_atoms=True)
    assert groups([crystal(), sheared]) == [0, 0]


def test_other_elements_order_periodicity_or_cells_are_other_groups() -> None:
    other = crystal()
    other.symbols[4] = "Ta"
    elsewhere = crystal()
    elsewhere.symbols[5] = "Ta"
    open_ended = crystal()
    open_ended.pbc = [True, True, False]
    assert groups([crystal(), other, elsewhere, open_ended]) == [0, 1, 2, 3]


def test_an_image_in_the_next_cell_is_the_same_atom() -> None:
    moved = crystal()
    moved.positions[3] += moved.cell[0] - moved.cell[2]
    assert groups([crystal(), moved]) == [0, 0]
    moved.pbc = False
    still = crystal()
    still.pbc = False
    assert groups([still, moved]) == [0, 1]


def test_clusters_without_a_cell_are_compared_as_they_stand() -> None:
    def cluster(x: float) -> Atoms:
        return Atoms("W2", positions=[[0, 0, 0], [0, 0, 2.5 + x]])

    assert groups([cluster(0), cluster(0.05), cluster(0.5)]) == [0, 0, 1]


def test_nothing_and_one_configuration() -> None:
    assert groups([]) == []
    assert groups([crystal()]) == [0]


def test_rows_of_one_label_are_one_group_however_far_apart() -> None:
    apart = [crystal(k) for k in (0.0, 1.0, 2.0, 2.05)]
    assert groups(apart, ["a", "b", "a", None]) == [0, 1, 0, 0]


@pytest.mark.parametrize("reader", [name for name in WRITERS if name != "mvl-json"])
def test_a_brought_dataset_names_what_its_rows_were_made_from(reader: str, tmp_path: Path) -> None:
    rows = made_rows(4)
    parents = ["run 1", "run 2", "run 1", "run 2"]
    file = tmp_path / "made"
    WRITERS[reader](file, rows)
    text = file.read_bytes()
    if reader == "extxyz":
        for parent in parents:
            text = text.replace(b" pbc=", f' parent="{parent}" PBC='.encode(), 1)
        text = text.replace(b" PBC=", b" pbc=")
    elif reader == "mtp-cfg":
        for parent in parents:
            text = text.replace(b"EFS_by       VASP", f"parent  {parent}".encode(), 1)
    else:
        text = gzip.compress(pickle.dumps(frame_of(rows, parent=pd.Series(parents, dtype=object))))
    file.write_bytes(text)
    dataset = made_dataset(file, reader=reader, group="parent")
    settings = made_settings(tmp_path)
    found = load_dataset(dataset, settings).configurations
    assert found.groups.tolist() == [0, 1, 0, 1]
    assert load_dataset(dataset, settings).configurations.groups.tolist() == [0, 1, 0, 1]
    plain = load_dataset(made_dataset(file, reader=reader), settings).configurations
    assert plain.digest == found.digest
    assert plain.groups.tolist() != found.groups.tolist()
    with pytest.raises(InputError, match="trajectory"):
        load_dataset(made_dataset(file, reader=reader, group="trajectory"), settings)


def test_a_record_of_json_names_what_it_was_made_from(tmp_path: Path) -> None:
    file = tmp_path / "made.json"
    parents = zip(made_rows(3), "aba", strict=True)
    file.write_text(json.dumps([{**mvl_record(row), "parent": name} for row, name in parents]))
    dataset = made_dataset(file, reader="mvl-json", group="parent")
    found = load_dataset(dataset, made_settings(tmp_path)).configurations
    assert found.groups.tolist() == [0, 1, 0]


def test_a_table_whose_groups_are_not_what_was_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "made.parquet"
    made = Configurations.from_rows(made_rows(4))
    write_table(path, made)
    assert read_table(path)[0].groups.tolist() == made.groups.tolist()
    table = pq.read_table(path)
    column = table.schema.get_field_index("group")
    changed: NDArray[np.int64] = np.zeros(len(table), dtype=np.int64)
    pq.write_table(table.set_column(column, "group", [changed]), path)
    with pytest.raises(InputError, match="not what was written"):
        read_table(path)


def test_neighbours_of_a_tree_are_those_of_a_comparison_of_every_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cells of all sizes and periodicities, images of atoms in other cells among them."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(200):
        cell = 3.2 * (1 + 0.01 * rng.normal())
        atoms = bulk("W", "bcc", a=cell, cubic=bool(number % 2)).repeat(1 + number % 3)
        atoms.pbc = [True, True, number % 7 != 0]
        atoms.positions += rng.choice([0.01, 0.03, 0.2]) * rng.normal(size=atoms.positions.shape)
        if number % 4 == 0:
            atoms.positions += rng.integers(-2, 3, 3) @ atoms.cell.array
        if number % 11 == 0:
            atoms.positions[0] = -1e-18
        rows.append(atoms)
    found = linked_pairs(rows, independence())
    assert len(found) > 100

    def every_two(fractional: NDArray[np.float64], *_: object) -> Iterator[tuple[int, object]]:
        n = len(fractional)
        yield from ((row, np.arange(row + 1, n)) for row in range(n - 1))

    monkeypatch.setattr(module, "_near", every_two)
    assert linked_pairs(rows, independence()) == found
