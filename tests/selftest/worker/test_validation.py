"""Questions that a model has no answer for, and answers that are none."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from numpy.typing import NDArray

from umlip_gate.worker.potential import ANSWERS, Abilities, Ability, EnergyForces, Potential
from umlip_gate.worker.validation import check_output, check_stresses, check_structure

pytestmark = pytest.mark.selftest

FloatArray = NDArray[np.float64]


def potential(cutoff_ang: float | None = 5.0, elements: frozenset[int] | None = None) -> Potential:
    known = SimpleNamespace(cutoff_ang=cutoff_ang, elements=elements, n_parameters=None)
    return cast("Potential", known)


def abilities(**refused: Ability) -> Abilities:
    return replace(ANSWERS, **refused)


def crystal(pbc: bool | tuple[int, int, int] = True) -> Atoms:  # noqa: FBT001, FBT002 - as of Atoms
    atoms: Atoms = bulk("W", "bcc", a=3.165, cubic=True)
    atoms.pbc = pbc
    return atoms


def pair(distance_ang: float) -> Atoms:
    """Two atoms alone, and a third far from both."""
    return Atoms("WWTa", [(0, 0, 0), (distance_ang, 0, 0), (0, 0, 90)])


def test_what_is_no_structure_is_no_question() -> None:
    with pytest.raises(ValueError, match="no atoms"):
        check_structure(Atoms(), potential(), ANSWERS)


def test_elements_that_were_not_trained_on_are_named() -> None:
    alloy = Atoms("WReTa", [(0, 0, 0), (2, 0, 0), (0, 2, 0)])
    check_structure(alloy, potential(elements=None), ANSWERS)
    check_structure(alloy, potential(elements=frozenset({73, 74, 75, 76})), ANSWERS)
    with pytest.raises(ValueError, match=r"^the model was not trained on Ta, Re$"):
        check_structure(alloy, potential(elements=frozenset({74})), ANSWERS)


@pytest.mark.parametrize("ability", ["refuses", "nonsense"])
def test_a_periodicity_without_a_sound_answer_is_refused(ability: Ability) -> None:
    clusters, slabs = abilities(no_periodicity=ability), abilities(mixed_periodicity=ability)
    for pbc in (False, (1, 1, 0), (0, 0, 1), True):
        check_structure(crystal(pbc), potential(), ANSWERS)
    for pbc in ((1, 1, 0), (0, 0, 1), True):
        check_structure(crystal(pbc), potential(), clusters)
    for pbc in (False, True):
        check_structure(crystal(pbc), potential(), slabs)
    with pytest.raises(ValueError, match=r"^the model does not support structures without period"):
        check_structure(crystal(pbc=False), potential(), clusters)
    for pbc in ((1, 1, 0), (0, 0, 1)):
        with pytest.raises(ValueError, match=r"^the model does not support mixed periodicity$"):
            check_structure(crystal(pbc), potential(), slabs)


@pytest.mark.parametrize("ability", ["refuses", "nonsense"])
def test_an_atom_without_neighbours_is_named(ability: Ability) -> None:
    lonely = pair(2.5)
    check_structure(lonely, potential(), ANSWERS)
    check_structure(lonely, potential(), abilities(isolated_atom=ability))
    with pytest.raises(
        ValueError, match=r"^atom 2 has no neighbour within 5 Å, which the model does"
    ):
        check_structure(lonely, potential(), abilities(lone_atom=ability))
    check_structure(lonely, potential(cutoff_ang=None), abilities(lone_atom=ability))


def test_the_cutoff_decides_who_is_a_neighbour() -> None:
    """Also beyond the distance that is looked at first, and below it."""
    refusing = abilities(lone_atom="refuses")
    apart = Atoms("WW", [(0, 0, 0), (4.5, 0, 0)])
    check_structure(apart, potential(cutoff_ang=4.6), refusing)
    near = Atoms("WW", [(0, 0, 0), (3.0, 0, 0)])
    for cutoff_ang, far in ((4.4, apart), (2.9, near)):
        with pytest.raises(ValueError, match=r"^atom 0 has no neighbour within"):
            check_structure(far, potential(cutoff_ang=cutoff_ang), refusing)
    check_structure(near, potential(cutoff_ang=3.1), refusing)


def test_images_are_neighbours() -> None:
    refusing = abilities(isolated_atom="refuses", lone_atom="refuses")
    check_structure(bulk("W", "bcc", a=3.165), potential(), refusing)


def test_an_isolated_atom_is_asked_by_its_own_ability() -> None:
    alone = Atoms("W", [(0, 0, 0)])
    check_structure(alone, potential(), abilities(lone_atom="refuses"))
    with pytest.raises(ValueError, match=r"atom 0 has no neighbour within 5 Å"):
        check_structure(alone, potential(), abilities(isolated_atom="refuses"))


def answer(energy: Any = -1.5, forces: Any = None) -> EnergyForces:  # noqa: ANN401 - of any kind
    return EnergyForces(energy, np.zeros((2, 3)) if forces is None else forces)


@pytest.mark.parametrize(
    "energy",
    [-1.5, 3, np.float32(-1), np.float64(2), np.int32(-7), np.array(1.0), np.uint8(3)],
    ids=lambda energy: type(energy).__name__,
)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1"])
def test_real_numbers_are_an_answer(energy: float, dtype: str) -> None:
    check_output(crystal(), crystal(), answer(energy, np.ones((2, 3), dtype)))


def test_forces_may_be_lists() -> None:
    check_output(crystal(), crystal(), answer(forces=[[0, 0, 0], [0, 0, 1.0]]))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (answer(forces=np.zeros((1, 3))), r"^forces of shape \(1, 3\) for 2 atoms$"),
        (answer(forces=np.zeros((2, 4))), r"^forces of shape \(2, 4\) for 2 atoms$"),
        (answer(forces=np.zeros(6)), r"^forces of shape \(6,\) for 2 atoms$"),
        (answer("low"), r"^the energy is no number: 'low'$"),
        (answer(None), r"^the energy is no number: None$"),
        (answer(1j), r"^the energy is no number: 1j$"),
        (answer(True), r"^the energy is no number: True$"),  # noqa: FBT003 - an energy
        (answer(np.array([1.0])), r"^the energy is no number: array\(\[1\.\]\)$"),
        (answer(float("nan")), r"^the energy is nan$"),
        (answer(-np.inf), r"^the energy is -inf$"),
        (answer(forces=np.zeros((2, 3), complex)), "^the forces are no real numbers, but complex"),
        (answer(forces=np.zeros((2, 3), bool)), "^the forces are no real numbers, but bool"),
        (
            answer(forces=np.array([[0, 0, 0], [0, np.nan, 0]])),
            "^the force on atom 1 is not finite$",
        ),
        (
            answer(forces=np.array([[0, 0, np.inf], [0, np.nan, 0]])),
            "^the force on atom 0 is not finite$",
        ),
    ],
)
def test_what_is_no_answer_is_refused(result: EnergyForces, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_output(crystal(), crystal(), result)


@pytest.mark.parametrize("name", ["numbers", "positions", "cell", "pbc"])
def test_a_changed_input_is_noticed(name: str) -> None:
    after = crystal()
    changed = {
        "numbers": [73, 74],
        "positions": after.positions + 1e-12,
        "cell": after.cell.array * (1 + 1e-12),
        "pbc": (True, True, False),
    }
    if name == "cell":
        after.cell[:] = changed[name]
    else:
        setattr(after, name, changed[name])
    with pytest.raises(ValueError, match=rf"^the calculator changed its input \({name}\)$"):
        check_output(crystal(), after, answer())


def test_stresses_are_one_array_of_floats() -> None:
    found = check_stresses([np.eye(3, dtype="f4"), [[1, 2, 3]] * 3], 2)
    assert found.shape == (2, 3, 3)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [np.eye(3), [[1, 2, 3]] * 3])


@pytest.mark.parametrize(
    ("stresses", "n", "message"),
    [
        ([np.eye(3)], 2, r"^stresses of shape \(1, 3, 3\) for 2 structures$"),
        ([np.zeros(6)], 1, r"^stresses of shape \(1, 6\) for 1 structures$"),
        ([np.eye(3), np.diag([1, np.nan, 1])], 2, r"^a stress is not finite$"),
        ([np.full((3, 3), np.inf)], 1, r"^a stress is not finite$"),
    ],
)
def test_what_is_no_stress_is_refused(stresses: list[FloatArray], n: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_stresses(stresses, n)


def test_stresses_are_floats_whatever_they_are_given_as() -> None:
    assert check_stresses([np.eye(3, dtype=int)], 1).dtype == np.float64
