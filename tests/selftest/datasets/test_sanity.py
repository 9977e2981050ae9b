import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.datasets.sanity import suspicions

pytestmark = pytest.mark.selftest

PER_ATOM_EV = -12.9


def crystals(repeats: tuple[int, ...] = (1, 2, 3, 1, 2, 3, 4)) -> list[Row]:
    rng = np.random.default_rng(0)
    rows = []
    for repeat in repeats:
        atoms = bulk("W", "bcc", a=3.17, cubic=True).repeat((repeat, 1, 1))
        energy_ev = (PER_ATOM_EV + rng.uniform(-0.3, 0.3)) * len(atoms)
        rows.append(Row(atoms, energy_ev, np.zeros((len(atoms), 3))))
    return rows


def found(rows: list[Row]) -> list[str]:
    return suspicions(Configurations.from_rows(rows))


def test_nothing_is_said_of_sound_data() -> None:
    assert found(crystals()) == []
    slab = bulk("W", "bcc", a=3.17, cubic=True)
    slab.cell[2, 2] = 60
    assert found([*crystals(), Row(slab, -20.0, np.zeros((2, 3)))]) == []


@pytest.mark.parametrize(
    ("ev", "unit"),
    [
        (27.211, "in hartree"),
        (13.606, "in rydberg"),
        (1 / 23.06, "in kcal/mol"),
        (1 / 96.485, "in kJ/mol"),
    ],
)
def test_a_row_in_another_unit_is_named_with_the_unit(ev: float, unit: str) -> None:
    rows = crystals()
    rows[2] = rows[2]._replace(energy_ev=rows[2].energy_ev / ev)
    (line,) = found(rows)
    assert line.startswith("row 2: energies per atom lie more than 4 eV from the median")
    assert line.endswith(f"is the energy {unit}?")


def test_energies_per_atom_are_named() -> None:
    rows = [row._replace(energy_ev=row.energy_ev / len(row.atoms)) for row in crystals()]
    (line,) = found(rows)
    assert line.startswith("rows 0, 1, 2, 3, 4 and 2 more: the energies do not grow")
    one = crystals()
    one[2] = one[2]._replace(energy_ev=one[2].energy_ev / len(one[2].atoms))
    (line,) = found(one)
    assert line.endswith("is the energy per atom?")


def test_a_row_that_no_unit_explains_is_named_alone() -> None:
    rows = crystals()
    rows[4] = rows[4]._replace(energy_ev=rows[4].energy_ev + 6.0 * len(rows[4].atoms))
    (line,) = found(rows)
    assert line.startswith("row 4: ")
    assert line.endswith("of their composition")


def test_rows_without_periodicity_among_metals_are_named() -> None:
    rows = crystals()
    rows[1].atoms.pbc = False
    (line,) = found(rows)
    assert line.startswith("row 1: periodic along nothing")
    for row in rows:
        row.atoms.pbc = False
    assert found(rows) == []


@pytest.mark.parametrize(("scale", "words"), [(0.1, "denser"), (10.0, "emptier")])
def test_cells_in_another_unit_are_named(scale: float, words: str) -> None:
    rows = crystals()
    atoms: Atoms = rows[3].atoms
    atoms.set_cell(atoms.cell.array * scale, scale_atoms=True)
    (line,) = found(rows)
    assert line.startswith(f"row 3: cells far {words} than any crystal")
