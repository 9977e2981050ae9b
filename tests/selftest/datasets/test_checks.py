from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from tests.selftest.builders.datasets import made_dataset, made_rows
from umlip_gate.datasets.checks import check
from umlip_gate.datasets.configurations import FileRows, FloatArray, Row
from umlip_gate.errors import InputError

pytestmark = pytest.mark.selftest

APART = [[0, 0, 0], [1, 1, 1]]
FOREIGN = "atomic numbers that are not of the registered elements"


def problems(*files: Sequence[Row], first: int = 0, **registered: object) -> list[str]:
    dataset = made_dataset(Path("/data"), **registered)
    named = [FileRows(f"file{i}", first, rows) for i, rows in enumerate(files)]
    try:
        check(dataset, named)
    except InputError as error:
        head, *lines = str(error).splitlines()
        assert head == "made: the data are not sound (rows count from 0):"
        return [line.strip() for line in lines]
    return []


def row(
    atoms: Atoms | None = None, energy_ev: float = -20.0, forces: FloatArray | None = None
) -> Row:
    pair = Atoms("W2", positions=APART, cell=[3, 3, 3], pbc=True)
    return Row(
        pair if atoms is None else atoms,
        energy_ev,
        np.zeros((2, 3)) if forces is None else forces,
    )


def distorted(attribute: str, value: float) -> Row:
    atoms = row().atoms
    if attribute == "cell":
        atoms.cell[1, 1] = value
    else:
        atoms.positions[1, 1] = value
    return row(atoms=atoms)


def test_sound_data_pass() -> None:
    assert problems(made_rows(20), made_rows(20, seed=1), rows=40) == []


@pytest.mark.parametrize("registered", [19, 21])
def test_another_number_of_rows_than_registered(registered: int) -> None:
    found = problems(made_rows(8), made_rows(12, seed=1), rows=registered)
    assert found == [f"file0, file1: 20 rows, but {registered} are registered"]


def test_no_rows_at_all() -> None:
    assert problems([]) == ["file0: no rows"]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (row(energy_ev=float("nan")), "the energy is nan"),
        (row(energy_ev=float("-inf")), "the energy is -inf"),
        (row(forces=np.full((2, 3), np.nan)), "a force is not finite"),
        (row(forces=np.zeros((3, 3))), "forces of shape (3, 3) for 2 atoms"),
        (row(forces=np.zeros(6)), "forces of shape (6,) for 2 atoms"),
        (distorted("positions", np.inf), "atom 1: position is not finite"),
        (distorted("cell", np.nan), "the cell is not finite"),
        (row(atoms=Atoms(), forces=np.zeros((0, 3))), "no atoms"),
        (distorted("cell", 0.0), "periodic along a cell vector of length zero"),
        (row(atoms=Atoms("W2")), "atoms 0 and 1 coincide"),
        (
            row(atoms=Atoms("WFe", APART)),
            f"{FOREIGN}: [26]",
        ),
        (
            row(atoms=Atoms("WX", APART)),
            f"{FOREIGN}: [0]",
        ),
    ],
)
def test_what_is_wrong_in_a_row_is_named_by_file_and_row_of_the_file(wrong: Row, what: str) -> None:
    files = made_rows(4), [*made_rows(2, seed=1), wrong]
    assert problems(*files, first=100) == [f"file1 row 102: {what}"]


def test_any_element_but_no_unknown_one() -> None:
    assert problems([row(atoms=Atoms("UH", APART))], elements="any") == []
    assert problems([row(atoms=Atoms("UX", APART))], elements="any") != []


def test_bitwise_equal_rows_are_named_with_the_row_they_repeat() -> None:
    rows = made_rows(5)
    found = problems(rows, [*made_rows(2, seed=1), rows[3], rows[3]])
    assert found == [
        "file1 row 2: bitwise equal to file0 row 3",
        "file1 row 3: bitwise equal to file0 row 3",
    ]


@pytest.mark.parametrize(
    "other",
    [
        row(energy_ev=np.nextafter(-20.0, 0)),
        row(forces=np.full((2, 3), 1e-300)),
        distorted("positions", np.nextafter(1.0, 2)),
        distorted("cell", np.nextafter(3.0, 4)),
        row(atoms=Atoms("W2", positions=APART, cell=[3, 3, 3], pbc=[1, 1, 0])),
        row(atoms=Atoms("WTa", positions=APART, cell=[3, 3, 3], pbc=True)),
    ],
)
def test_rows_that_differ_in_one_bit_are_no_duplicates(other: Row) -> None:
    assert problems([row(), row()]) == ["file0 row 1: bitwise equal to file0 row 0"]
    assert problems([row(), other]) == []


def test_registered_duplicates_are_allowed_and_no_more_and_no_fewer() -> None:
    rows = made_rows(5)
    assert problems([*rows, rows[0]], duplicates=1) == []
    assert problems(rows, duplicates=1) == ["0 duplicate rows, but 1 are registered"]
    assert problems([*rows, rows[0], rows[1]], duplicates=1) == [
        "2 duplicate rows, but 1 are registered",
        "file0 row 5: bitwise equal to file0 row 0",
        "file0 row 6: bitwise equal to file0 row 1",
    ]


def test_ten_problems_are_named_and_the_others_counted() -> None:
    rows = [wrong._replace(energy_ev=float("nan")) for wrong in made_rows(13)]
    found = problems(rows, rows=14)
    assert found[0] == "file0: 13 rows, but 14 are registered"
    assert found[9] == "file0 row 8: the energy is nan"
    assert found[10:] == ["and 4 more"]
