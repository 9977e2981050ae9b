from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.selftest.builders.datasets import made_rows
from umlip_gate.datasets.configurations import Configurations, Row

pytestmark = pytest.mark.selftest

NAMES = [field.name for field in fields(Configurations)]


def test_joins_rows_and_gives_them_back() -> None:
    rows = made_rows(9)
    joined = Configurations.from_rows(rows)
    assert len(joined) == 9
    assert joined.offsets[-1] == len(joined.numbers) == sum(len(row.atoms) for row in rows)
    for i, row in enumerate(rows):
        assert joined.atoms(i) == row.atoms
        assert joined.energies[i] == row.energy_ev
        own = slice(joined.offsets[i], joined.offsets[i + 1])
        np.testing.assert_array_equal(joined.forces[own], row.forces)


@given(
    n=st.integers(1, 6),
    picks=st.lists(st.integers(0, 5), max_size=8),
)
def test_selecting_is_joining_the_chosen_rows(n: int, picks: list[int]) -> None:
    rows = made_rows(n)
    chosen = [pick % n for pick in picks]
    selected = Configurations.from_rows(rows).select(np.array(chosen, dtype=int))
    assert selected.digest == Configurations.from_rows([rows[i] for i in chosen]).digest


def test_selects_by_mask() -> None:
    rows = made_rows(4)
    selected = Configurations.from_rows(rows).select([False, True, False, True])
    assert selected.digest == Configurations.from_rows([rows[1], rows[3]]).digest


def test_there_may_be_no_configuration() -> None:
    empty = Configurations.from_rows([])
    assert len(empty) == 0
    assert empty.offsets.tolist() == [0]
    assert len(empty.digest) == 64


def full_rows(n: int) -> list[Row]:
    """Rows that state all that a model may be given."""
    rows = made_rows(n)
    for i, row in enumerate(rows):
        row.atoms.info.update(charge=i - 1, spin=2)
        row.atoms.set_array("initial_magmoms", np.arange(len(row.atoms)) + 0.5)
        row.atoms.set_array("initial_charges", np.arange(len(row.atoms)) - 0.25)
    return [row._replace(stress=0.01 * np.eye(3) + i) for i, row in enumerate(rows)]


def test_what_a_model_is_given_beside_the_structure_stays_with_it() -> None:
    rows = [*full_rows(3), *made_rows(2)]
    rows[1].atoms.info["charge"] = -0.5
    joined = Configurations.from_rows(rows).select([4, 1, 0])
    given, plain = joined.atoms(1), joined.atoms(0)
    assert given.info == {"charge": -0.5, "spin": 2}
    assert isinstance(joined.atoms(2).info["charge"], int)
    for name in ("initial_magmoms", "initial_charges"):
        np.testing.assert_array_equal(given.get_array(name), rows[1].atoms.get_array(name))
        assert not plain.has(name)
    assert plain.info == {}


def test_a_stress_stays_with_its_row_and_is_nan_where_there_is_none() -> None:
    rows = [*full_rows(2), *made_rows(1)]
    stresses = Configurations.from_rows(rows).select([2, 1]).stresses
    assert stresses is not None
    assert np.isnan(stresses[0]).all()
    np.testing.assert_array_equal(stresses[1], rows[1].stress)
    assert Configurations.from_rows(made_rows(2)).stresses is None


def test_what_no_row_states_is_in_no_digest() -> None:
    rows = made_rows(2)
    assert Configurations.from_rows(rows).inputs == ()
    rows[0].atoms.info["charge"] = 0
    assert Configurations.from_rows(rows).inputs == ("charge",)
    assert Configurations.from_rows(rows).digest != Configurations.from_rows(made_rows(2)).digest


@pytest.mark.parametrize("name", NAMES)
def test_no_array_can_be_written_to(name: str) -> None:
    array = getattr(Configurations.from_rows(full_rows(2)), name)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


@pytest.mark.parametrize("name", NAMES)
def test_what_a_caller_does_to_its_arrays_changes_nothing(name: str) -> None:
    made = Configurations.from_rows(full_rows(3))
    arrays = {key: getattr(made, key).copy() for key in NAMES}
    mine = Configurations(**arrays)
    arrays[name][...] = 0
    assert mine.digest == made.digest


def test_what_a_calculator_does_to_its_atoms_changes_nothing() -> None:
    configurations = Configurations.from_rows(full_rows(3))
    before = configurations.digest
    atoms = configurations.atoms(1)
    atoms.positions += 1
    atoms.numbers[:] = 1
    atoms.cell[:] = 0
    atoms.pbc[:] = False
    assert replace(configurations).digest == before


@pytest.mark.parametrize("name", [name for name in NAMES[1:] if name != "groups"])
def test_every_value_counts_in_the_digest(name: str) -> None:
    configurations = Configurations.from_rows(full_rows(3))
    changed = getattr(configurations, name).copy()
    last = changed.reshape(-1)[-1:]
    last[...] = ~last if name == "pbc" else last + 1
    assert replace(configurations, **{name: changed}).digest != configurations.digest


def test_groups_are_no_part_of_what_is_predicted() -> None:
    configurations = Configurations.from_rows(made_rows(3))
    others = replace(configurations, groups=np.zeros(3, dtype=np.int64))
    assert others.digest == configurations.digest
    assert others.select([2, 0]).groups.tolist() == [0, 0]


def test_where_one_configuration_ends_counts_in_the_digest() -> None:
    configurations = Configurations.from_rows(full_rows(3))
    n_atoms = configurations.n_atoms + np.array([1, -1, 0])
    assert replace(configurations, n_atoms=n_atoms).digest != configurations.digest


def test_the_layout_in_memory_does_not_count_in_the_digest() -> None:
    configurations = Configurations.from_rows(full_rows(3))
    other = replace(
        configurations,
        numbers=configurations.numbers.astype(np.int32),
        positions=np.asfortranarray(configurations.positions),
        forces=configurations.forces.astype(">f8"),
    )
    assert other.digest == configurations.digest


@pytest.mark.parametrize("name", NAMES[1:])
def test_an_array_of_another_length_is_refused(name: str) -> None:
    configurations = Configurations.from_rows(full_rows(3))
    with pytest.raises(ValueError, match=f"{name} has shape"):
        replace(configurations, **{name: getattr(configurations, name)[:-1]})


@pytest.mark.parametrize("i", [3, -4])
def test_there_is_no_configuration_beyond_the_last(i: int) -> None:
    configurations = Configurations.from_rows(full_rows(3))
    assert configurations.atoms(-1) == configurations.atoms(2)
    with pytest.raises(IndexError):
        configurations.atoms(i)
