"""Defect numbers are differences per area, atom or defect, as their names say."""

import pytest
from ase import Atoms
from ase.build import bulk

from benchmarks.defect_numbers import J_PER_M2, Cells, numbers

pytestmark = pytest.mark.selftest


def slab(n_atoms: int) -> Atoms:
    return Atoms("W" * n_atoms, cell=[2, 3, 20], pbc=True)


def test_numbers_of_made_cells() -> None:
    cells: Cells = {
        "W-volume-1.00": (bulk("W"), -10.0),
        "Ta-volume-1.00": (bulk("Ta"), -8.0),
        "W-vacancy": (slab(7), -66.0),
        "W-surface-ideal": (slab(4), -37.0),
        "W-fault-0.50": (slab(4), -39.0),
        "W-phase-hcp": (slab(2), -19.5),
        "TaW-b2": (Atoms("TaW"), -18.2),
        "Nb-vacancy": (Atoms("Nb7"), -60.0),
    }
    found = numbers(cells)
    assert found == pytest.approx(
        {
            "W vacancy, eV": 4.0,
            "W {110} surface, J/m²": 3.0 / 12 * J_PER_M2,
            "W {110} fault, J/m²": 1.0 / 6 * J_PER_M2,
            "W hcp - bcc, meV/atom": 250.0,
            "TaW B2 mixing, meV/atom": -100.0,
        }
    )
