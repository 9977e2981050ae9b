from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.constraints import FixAtoms, FixCartesian

from tests.selftest.builders.datasets import made_dataset, made_rows
from umlip_gate.datasets import checks
from umlip_gate.datasets.checks import _contradiction, _equal, check
from umlip_gate.datasets.configurations import PER_ATOM, PER_STRUCTURE, FileRows, FloatArray, Row
from umlip_gate.datasets.readers.limits import Limit, limits
from umlip_gate.errors import InputError
from umlip_gate.worker.structures import structure_fault

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


def counted(*files: Sequence[Row]) -> tuple[int, list[str]]:
    """How many rows count, and what is noted."""
    named = [FileRows(f"file{i}", 0, rows) for i, rows in enumerate(files)]
    rows, notes = check(made_dataset(Path("/data")), named)
    return len(rows), [line.strip() for note in notes for line in note.splitlines()]


def test_bitwise_equal_rows_are_counted_once_and_named() -> None:
    rows = made_rows(5)
    assert counted(rows, [*made_rows(2, seed=1), rows[3], rows[3]]) == (
        7,
        [
            "file1 row 2: bitwise equal to file0 row 3; counted once",
            "file1 row 3: bitwise equal to file0 row 3; counted once",
        ],
    )


def test_a_zero_with_a_sign_is_a_zero() -> None:
    signed = row(atoms=Atoms("W2", positions=[[-0.0, 0, 0], [1, 1, 1]], cell=[3, 3, 3], pbc=True))
    assert counted([row(), signed, row(forces=np.full((2, 3), -0.0))])[0] == 1


@pytest.mark.parametrize(
    "other",
    [
        row(energy_ev=np.nextafter(-20.0, 0)),
        row(energy_ev=-20.0019),  # 0.95 meV/atom: another convergence
        row(forces=np.full((2, 3), 1e-300)),
        distorted("positions", np.nextafter(1.0, 2)),
        distorted("cell", np.nextafter(3.0, 4)),
        row(atoms=Atoms("W2", positions=APART, cell=[3, 3, 3], pbc=[1, 1, 0])),
        row(atoms=Atoms("WTa", positions=APART, cell=[3, 3, 3], pbc=True)),
        row(energy_ev=-19.0, atoms=Atoms("W2", APART, cell=[3] * 3, pbc=True, info={"charge": 1})),
    ],
)
def test_rows_that_differ_in_one_bit_are_no_duplicates(other: Row) -> None:
    assert counted([row(), row()])[0] == 1
    assert counted([row(), other]) == (2, [])


@pytest.mark.parametrize(
    ("other", "apart"),
    [
        (row(energy_ev=-19.0), "energies 500 meV/atom apart"),
        (row(energy_ev=-20.0021), "energies 1.05 meV/atom apart"),
        (row(forces=np.full((2, 3), 0.051)), "forces 51 meV/Å apart"),
    ],
)
def test_one_structure_with_two_references_is_refused_by_row(other: Row, apart: str) -> None:
    expected = f"file1 row 0: the structure of file0 row 1 with {apart}: one of them is wrong"
    assert problems([*made_rows(1), row()], [other]) == [expected]
    assert problems([*made_rows(1), row()], [other], duplicates=1)[0] == expected


@pytest.mark.parametrize("constraint", [FixAtoms([1]), FixCartesian([1], (False, True, False))])
def test_forces_that_a_constraint_zeroed_are_no_reference(
    constraint: FixAtoms | FixCartesian,
) -> None:
    atoms = row().atoms
    atoms.set_constraint(constraint)
    zeroed = np.array([[0.0, 0.0, 0.0], [0.3, 0.0, 0.1]])
    (found,) = problems([row(atoms=atoms, forces=zeroed)])
    assert "the forces of the fixed atoms 1 are exactly zero" in found
    assert problems([row(atoms=atoms, forces=zeroed + 1e-9)]) == []
    assert problems([Row(atoms, -20.0, None)]) == []


def test_a_direction_is_fixed_by_any_constraint_and_a_free_one_may_be_zero() -> None:
    atoms = row().atoms
    along_x, along_y = (FixCartesian([1], mask) for mask in ((1, 0, 0), (0, 1, 0)))
    zero_along_x = np.array([[0.1, 0.1, 0.1], [0.0, 0.3, 0.1]])
    atoms.set_constraint([along_x, along_y])
    assert len(problems([row(atoms=atoms, forces=zero_along_x)])) == 1
    atoms.set_constraint(along_y)
    assert problems([row(atoms=atoms, forces=zero_along_x)]) == []


@pytest.mark.parametrize(
    ("cell", "pbc", "what"),
    [
        ([[3, 0, 0], [0, 3, 0], [3, 3, 0]], True, "lie in one plane"),
        ([[3, 0, 0], [0, 3, 0], [3, 3, 1e-9]], True, "lie in one plane"),
        ([[3, 0, 0], [6, 0, 0], [0, 0, 3]], [1, 1, 0], "are parallel"),
        ([[3, 0, 0], [6, 0, 0], [0, 0, 3]], [1, 0, 1], None),
        ([[3, 0, 0], [0, 3, 0], [3, 3, 0]], False, None),
        ([3, 3, -3], True, None),
    ],
)
def test_a_periodic_cell_without_volume(cell: object, pbc: object, what: str | None) -> None:
    found = problems([row(atoms=Atoms("W2", APART, cell=cell, pbc=pbc))])
    assert len(found) == (what is not None)
    if what:
        assert f"the cell has no volume: the vectors along which it is periodic {what}" in found[0]


@pytest.mark.parametrize(
    ("apart_ang", "coincide"), [(0.0999, True), (0.1001, False), (0.0, True), (1.0, False)]
)
@pytest.mark.parametrize("through", ["the cell", "its boundary", "no cell", "a skewed cell"])
def test_atoms_nearer_than_a_tenth_of_an_angstrom_coincide(
    apart_ang: float, through: str, *, coincide: bool
) -> None:
    cell = {"no cell": None, "a skewed cell": [[3, 0, 0], [300.05, 3, 0], [0, 301, 3]]}
    start = -apart_ang / 2 if through == "its boundary" else 1.0
    atoms = Atoms("W2", [[start, 1, 1], [start + apart_ang, 1, 1]], cell=cell.get(through, [3] * 3))
    atoms.pbc = through != "no cell"
    expected = ["file0 row 0: atoms 0 and 1 coincide"] if coincide else []
    assert problems([row(atoms=atoms)]) == expected


def test_many_atoms_in_one_place_and_tiny_cells_are_refused_soon() -> None:
    heap = Atoms("W20000", np.zeros((20_000, 3)), cell=[3, 3, 3], pbc=True)
    assert structure_fault(heap) == "atoms 0 and 1 coincide"
    tiny = Atoms("W", cell=[1e-5, 1e-5, 1e-5], pbc=True)
    assert structure_fault(tiny) == "atoms coincide with their own periodic images"
    flat = Atoms("W", cell=[[3, 0, 0], [3, 1e-4, 0], [0, 0, 3]], pbc=True)
    assert structure_fault(flat) == "atoms coincide with their own periodic images"
    far = Atoms("W2", [[0, 0, 0], [1e300, 0, 0]], cell=[3, 3, 3], pbc=True)
    assert structure_fault(far) == "atom 1: position is beyond 1e+06 Å"


def test_every_contradiction_is_named() -> None:
    others = [row(energy_ev=-19.0), row(energy_ev=-18.0)]
    assert [line.partition(":")[0] for line in problems([row(), *others])] == [
        "file0 row 1",
        "file0 row 2",
        "file0 row 2",
    ]


def test_registered_duplicates_count_and_nothing_is_noted() -> None:
    rows = made_rows(5)
    files = [FileRows("file", 0, [*rows, rows[0]])]
    assert check(made_dataset(Path("/data"), duplicates=1), files) == (files[0].rows, [])
    assert check(made_dataset(Path("/data")), [FileRows("file", 0, rows)]) == (rows, [])


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


def test_ten_problems_are_all_named() -> None:
    rows = [wrong._replace(energy_ev=float("nan")) for wrong in made_rows(10)]
    assert problems(rows) == [f"file0 row {i}: the energy is nan" for i in range(10)]


def test_a_configuration_of_too_many_atoms_is_refused_for_that_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = limits().model_copy(update={"atoms": Limit(max=1, rationale="a self-test's")})
    monkeypatch.setattr(checks, "limits", lambda: short)
    broken = row(energy_ev=float("nan"))
    assert problems([alone(-1.0, 0.5), broken]) == [
        "file0 row 1: 2 atoms, and a configuration has 1 at most"
    ]


def test_of_many_fixed_atoms_ten_are_named() -> None:
    atoms = Atoms(
        "W12", positions=[[2.0 * i, 0, 0] for i in range(12)], constraint=FixAtoms([*range(12)])
    )
    forces = np.full((12, 3), 0.5)
    forces[1:, 1] = 0.0
    ten = ", ".join(map(str, range(1, 11)))
    (found,) = problems([Row(atoms, -20.0, forces)])
    assert found == (
        f"file0 row 0: the forces of the fixed atoms {ten} are exactly zero, as a constraint "
        "leaves them, and no reference: write the forces of the calculation itself, or state "
        'quantity = "energies"'
    )


@pytest.mark.parametrize("name", PER_ATOM)
def test_what_a_model_is_given_of_each_atom_tells_structures_apart(name: str) -> None:
    one, other, same = (row().atoms for _ in range(3))
    one.set_array(name, np.array([0.5, 0.0]))
    other.set_array(name, np.array([0.5, 1.0]))
    same.set_array(name, np.array([0.5, -0.0]))
    given = [row(), *(row(atoms=atoms) for atoms in (one, other, same))]
    assert counted(given) == (3, ["file0 row 3: bitwise equal to file0 row 1; counted once"])


@pytest.mark.parametrize("name", PER_STRUCTURE)
def test_what_a_model_is_given_of_a_structure_tells_structures_apart(name: str) -> None:
    one, other, same = (row().atoms for _ in range(3))
    for atoms, value in ((one, 1), (other, 2), (same, 1.0)):
        atoms.info[name] = value
    given = [row(), *(row(atoms=atoms) for atoms in (one, other, same))]
    assert counted(given) == (3, ["file0 row 3: bitwise equal to file0 row 1; counted once"])


def alone(energy_ev: float, force: float | None) -> Row:
    """Return a row of one atom, with or without forces."""
    forces = None if force is None else np.array([[force, 0.0, 0.0]])
    return Row(Atoms("W", cell=[3.0, 3.0, 3.0], pbc=True), energy_ev, forces)


@pytest.mark.parametrize(
    ("first", "second", "is_equal"),
    [
        (alone(-1.0, None), alone(-1.0, None), True),
        (alone(-1.0, None), alone(-2.0, None), False),
        (alone(-1.0, None), alone(-1.0, 0.5), False),
        (alone(-1.0, 0.5), alone(-1.0, None), False),
        (alone(-1.0, 0.5), alone(-1.0, 0.5), True),
        (alone(-1.0, 0.5), alone(-1.0, 0.25), False),
        (alone(-1.0, 0.5), alone(-2.0, 0.5), False),
    ],
)
def test_rows_are_equal_in_energy_and_in_forces_if_they_have_them(
    first: Row, second: Row, *, is_equal: bool
) -> None:
    assert _equal(first, second) is is_equal


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        (alone(-1.0, None), alone(-1.0 - 2.0**-10, None), None),
        (alone(-1.0, None), alone(-1.0011, None), "energies 1.1 meV/atom apart"),
        (alone(-1.0, 0.5), alone(-1.0, None), None),
        (alone(-1.0, None), alone(-1.0, 0.5), None),
        (alone(-1.0, 0.5), alone(-1.0, 0.5625), "forces 62.5 meV/Å apart"),
        (alone(-1.0, 0.5), alone(-1.0, 0.53125), None),
        (alone(-1.0, -0.5), alone(-1.0, 0.5), "forces 1000 meV/Å apart"),
    ],
)
def test_references_contradict_beyond_rounding(first: Row, second: Row, apart: str | None) -> None:
    assert _contradiction(first, second) == apart
    assert _contradiction(second, first) == apart


def test_forces_of_other_shapes_are_not_compared() -> None:
    other = alone(-1.0, 0.5)._replace(forces=np.zeros((2, 3)))
    assert _contradiction(alone(-1.0, 0.5), other) is None
    empty = Row(Atoms(), -1.0, np.zeros((0, 3)), None)
    assert _contradiction(empty, empty) is None


def test_a_limit_itself_is_no_contradiction() -> None:
    """0.05 eV/Å apart, in numbers that floats hold."""
    apart = limits().contradiction
    first = alone(0.0, 0.0)
    force_ev = apart.force_mev_per_ang / 1000
    assert _contradiction(first, alone(0.0, force_ev)) is None
    assert _contradiction(first, alone(apart.energy_mev_per_atom / 1000, 0.0)) is None
