"""Datasets whose rows are rows of another one."""

from pathlib import Path

import numpy as np
import pytest

from tests.selftest.builders.datasets import forces_of, made_rows, made_settings, write_extxyz
from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.datasets.registry import Dataset, load_registry
from umlip_gate.datasets.subset import matched_rows, subset_rows
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.settings import Settings

pytestmark = pytest.mark.selftest

WHOLE = """
[whole]
title = "all"
elements = ["W", "Ta", "Mo"]
files = [{ path = "whole.xyz" }]
reader = "extxyz"
"""
BY_SIZE = """
[part]
title = "some"
elements = ["W", "Ta", "Mo"]
subset = { of = "whole", n_atoms = 2 }
"""
BY_FILE = """
[part]
title = "some"
elements = ["W", "Ta", "Mo"]
files = [{ path = "part.xyz" }]
reader = "extxyz"
subset = { of = "whole", within_ang = 0.01 }
"""
WITH_TWINS = BY_FILE.replace("within_ang", "twins = true, within_ang")

N = 30


@pytest.fixture
def whole() -> Configurations:
    return Configurations.from_rows(made_rows(N))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return made_settings(tmp_path)


def part(folder: Path, text: str = BY_FILE) -> Dataset:
    (folder / "registry.toml").write_text(WHOLE + text)
    return load_registry(folder / "registry.toml")["part"]


def moved(row: Row, by_ang: float, images: int = 0) -> Row:
    """The structure with its last atom a little off and, so wanted, in other periodic images."""
    atoms = row.atoms.copy()
    atoms.positions[-1, 0] += by_ang
    atoms.positions += images * atoms.cell.array.sum(axis=0)
    return Row(atoms, row.energy_ev + 1, forces_of(row) + 1)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as fault:
        part(folder, text)
    return str(fault.value)


def test_rows_are_chosen_by_size(whole: Configurations, settings: Settings, tmp_path: Path) -> None:
    rows = subset_rows(part(tmp_path, BY_SIZE), whole, settings)
    assert rows.tolist() == [row for row in range(N) if whole.n_atoms[row] == 2]


def test_rows_are_chosen_by_their_elements(
    whole: Configurations, settings: Settings, tmp_path: Path
) -> None:
    text = BY_SIZE.replace("n_atoms = 2", 'elements = ["W", "Mo"]')
    rows = subset_rows(part(tmp_path, text), whole, settings).tolist()
    symbols = [set(whole.atoms(row).get_chemical_symbols()) for row in range(N)]
    assert rows == [row for row in range(N) if symbols[row] <= {"W", "Mo"}]
    assert 0 < len(rows) < N
    assert {frozenset(symbols[row]) for row in rows} > {frozenset({"W"}), frozenset({"Mo"})}


def test_rows_are_found_by_structure_in_any_order_and_image(
    whole: Configurations, settings: Settings, tmp_path: Path
) -> None:
    made = made_rows(N)
    listed = [moved(made[20], 0.009, images=-2), moved(made[3], 0.0), moved(made[7], -0.009, 1)]
    write_extxyz(tmp_path / "part.xyz", listed)
    rows, others = matched_rows(part(tmp_path), whole, settings)
    assert rows.tolist() == [3, 7, 20]
    assert subset_rows(part(tmp_path), whole, settings).tolist() == [3, 7, 20]
    # the energies and forces are the file's, in the order of the rows
    assert others.energies == pytest.approx(whole.energies[rows] + 1)
    np.testing.assert_allclose(others.forces, whole.select(rows).forces + 1, atol=1e-7)


def test_several_rows_may_be_like_one_of_the_file(settings: Settings, tmp_path: Path) -> None:
    made = made_rows(5)
    twins = Configurations.from_rows([*made, moved(made[2], 0.004)])
    write_extxyz(tmp_path / "part.xyz", [made[2]])
    rows, others = matched_rows(part(tmp_path, WITH_TWINS), twins, settings)
    assert rows.tolist() == [2, 5]
    assert len(others) == 2
    assert subset_rows(part(tmp_path), twins, settings).tolist() == [2]


def test_near_twins_are_matched_to_the_closest_one_to_one(
    settings: Settings, tmp_path: Path
) -> None:
    """The real case: two rows of a file 4e-4 angstrom apart, within the distance allowed."""
    made = made_rows(5)
    twins = Configurations.from_rows([moved(made[2], 0.0004), *made])
    write_extxyz(tmp_path / "part.xyz", [made[2], moved(made[2], 0.0004)])
    rows, others = matched_rows(part(tmp_path), twins, settings)
    assert rows.tolist() == [0, 3]
    np.testing.assert_allclose(others.positions, twins.select(rows).positions, atol=1e-6)


def test_a_structure_that_the_whole_lacks_is_named(
    whole: Configurations, settings: Settings, tmp_path: Path
) -> None:
    made = made_rows(N)
    write_extxyz(tmp_path / "part.xyz", [made[0], moved(made[1], 0.02), made[2]])
    with pytest.raises(
        InputError, match="1 structures of its files are not in whole, the first is"
    ):
        subset_rows(part(tmp_path), whole, settings)


def test_elements_and_cells_count(
    whole: Configurations, settings: Settings, tmp_path: Path
) -> None:
    strained, other = made_rows(N)[0], made_rows(N)[1]
    strained.atoms.set_cell(1.01 * strained.atoms.cell.array)
    other.atoms.numbers[0] = {74: 73, 73: 42, 42: 74}[int(other.atoms.numbers[0])]
    write_extxyz(tmp_path / "part.xyz", [strained, other])
    with pytest.raises(InputError, match="2 structures of its files are not in whole"):
        subset_rows(part(tmp_path), whole, settings)


def test_a_row_that_is_like_two_of_the_file_is_not_guessed(
    whole: Configurations, settings: Settings, tmp_path: Path
) -> None:
    row = made_rows(N)[4]
    write_extxyz(tmp_path / "part.xyz", [row, moved(row, 0.004)])
    with pytest.raises(
        InputError, match="1 structures of its files are not in whole, the first is"
    ):
        subset_rows(part(tmp_path), whole, settings)


def test_another_number_of_rows_than_registered_is_refused(
    whole: Configurations, settings: Settings, tmp_path: Path
) -> None:
    dataset = part(tmp_path, BY_SIZE.replace('"some"', '"some"\nrows = 2'))
    with pytest.raises(InputError, match=r"part: \d+ rows of whole belong to it; 2 registered"):
        subset_rows(dataset, whole, settings)
    nothing = part(tmp_path, BY_SIZE.replace("n_atoms = 2", "n_atoms = 99"))
    with pytest.raises(InputError, match="part: 0 rows of whole belong to it"):
        subset_rows(nothing, whole, settings)


def test_files_that_cannot_be_had_say_how_to_bring_them(
    whole: Configurations, settings: Settings, tmp_path: Path
) -> None:
    there = 'url = "https://example.org/x.xyz"'
    dataset = part(tmp_path, BY_FILE.replace('path = "part.xyz"', there))
    with pytest.raises(Unavailable, match=r'(?s)example\.org.*\["part"\]'):
        subset_rows(dataset, whole, settings)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"whole"', '"hole"', "[part]: subset.of = 'hole': unknown; did you mean 'whole'?"),
        ('"whole"', '"part"', "subset.of = 'part' is a subset itself"),
        ("within_ang = 0.01", "n_atoms = 2, twins = true", "twins of what is in files need"),
        (", within_ang = 0.01", "", "rows are chosen by n_atoms, or by elements"),
        ("within_ang", "n_atoms = 2, within_ang", "rows are chosen by n_atoms, or by elem"),
        ("within_ang", 'elements = ["W"], within_ang', "rows are chosen by n_atoms, or by elem"),
        ("within_ang = 0.01", "within_ang = 0", "subset.within_ang = 0"),
        ('files = [{ path = "part.xyz" }]\n', "", "files are there if, and only if"),
        ("within_ang", 'recalculation_of = "whole", within_ang', "recalculation_of without"),
        (
            "within_ang = 0.01",
            'within_ang = 0.01, recalculation = "D", recalculation_of = "hole"',
            "subset.recalculation_of = 'hole': unknown",
        ),
    ],
)
def test_a_wrong_subset_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, BY_FILE.replace(old, new, 1))


def test_a_subset_by_size_has_no_files_and_recalculates_nothing(tmp_path: Path) -> None:
    with_files = BY_SIZE + 'files = [{ path = "part.xyz" }]\nreader = "extxyz"\n'
    assert "files are there if, and only if" in refusal(tmp_path, with_files)
    recalculated = BY_SIZE.replace("n_atoms = 2", 'n_atoms = 2, recalculation = "DFT"')
    assert "so it needs within_ang" in refusal(tmp_path, recalculated)


@pytest.mark.parametrize("by", ["n_atoms = 2", 'elements = ["W", "Mo"]'])
def test_no_file_is_brought_for_rows_that_need_none(by: str, tmp_path: Path) -> None:
    part(tmp_path, BY_SIZE.replace("n_atoms = 2", by))
    (tmp_path / "bring.toml").write_text(
        '[part]\nfiles = [{ path = "part.xyz" }]\nreader = "extxyz"\n'
    )
    with pytest.raises(InputError, match="its rows are rows of whole: bring that one instead"):
        load_registry(tmp_path / "registry.toml", [tmp_path / "bring.toml"])
