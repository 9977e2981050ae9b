import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.geometry import get_distances

from umlip_gate.worker.vacuum import enclosed, in_vacuum

pytestmark = pytest.mark.selftest


def slab(periodic: tuple[bool, bool, bool], *, cell_is_there: bool = True) -> Atoms:
    """Partly outside of its cell, which leans."""
    atoms: Atoms = bulk("W", "bcc", a=3.165).repeat((2, 2, 3))
    atoms.rattle(0.1, seed=1)
    atoms.positions += [4.0, -7.0, 2.5]
    atoms.pbc = periodic
    if not cell_is_there:
        atoms.cell[~atoms.pbc] = 0.0
    return atoms


@pytest.mark.parametrize("cell_is_there", [True, False])
@pytest.mark.parametrize(
    "periodic", [(True, True, False), (False, True, True), (True, False, False)]
)
def test_a_slab_is_enclosed(periodic: tuple[bool, bool, bool], *, cell_is_there: bool) -> None:
    atoms = slab(periodic, cell_is_there=cell_is_there)
    before = atoms.copy()
    found = enclosed(atoms, 3.0)
    assert atoms == before
    open_directions = ~atoms.pbc
    fractions = found.cell.scaled_positions(found.positions)[:, open_directions]
    assert (fractions > 0).all()
    assert (fractions < 1).all()
    np.testing.assert_allclose(found.cell[atoms.pbc], atoms.cell[atoms.pbc])
    np.testing.assert_allclose(
        distances(found.positions, found.cell.array, periodic),
        distances(atoms.positions, found.cell.array, periodic),
        atol=1e-12,
    )
    images_too = distances(found.positions, found.cell.array, (True, True, True))
    near = images_too < 5.9
    np.testing.assert_array_equal(
        near, distances(found.positions, found.cell.array, periodic) < 5.9
    )


def distances(
    positions: np.ndarray, cell: np.ndarray, periodic: tuple[bool, bool, bool]
) -> np.ndarray:
    found: np.ndarray = get_distances(positions, cell=cell, pbc=periodic)[1]
    return found


@pytest.mark.parametrize("periodic", [True, False])
def test_what_is_periodic_everywhere_or_nowhere_stays(*, periodic: bool) -> None:
    atoms = slab((periodic, periodic, periodic))
    assert enclosed(atoms, 3.0) is atoms


def test_nothing_is_in_reach_where_it_was_not_periodic() -> None:
    slab = bulk("W", "bcc", a=3.165, cubic=True).repeat(2)
    slab.pbc = (True, True, False)
    given = in_vacuum(slab, 5.0)
    assert given.pbc.all()
    assert given.cell.lengths() == pytest.approx([6.33, 6.33, 4.7475 + 10])
    assert slab.cell.lengths() == pytest.approx([6.33, 6.33, 6.33])
    np.testing.assert_allclose(np.diff(given.positions, axis=0), np.diff(slab.positions, axis=0))
