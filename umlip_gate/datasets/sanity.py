"""What in a dataset looks like a mistake and need not be one: told, and not refused."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from ase.data import chemical_symbols, covalent_radii
from numpy.typing import NDArray

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.readers.limits import Suspicion, limits

UNITS = {
    "hartree": 27.211386,
    "rydberg": 13.605693,
    "kcal/mol": 1 / 23.060548,
    "kJ/mol": 1 / 96.485332,
}
"""Units of energy, eV (CODATA 2018)."""

NONMETALS = frozenset(
    "H He B C N O F Ne Si P S Cl Ar Ge As Se Br Kr Te I Xe At Rn".split()  # noqa: SIM905
)
NAMED = 5


def suspicions(configurations: Configurations) -> list[str]:
    """Return what looks like a mistake in a dataset, each in a line with its rows."""
    bounds = limits().suspicion
    return [
        *_energies(configurations, bounds),
        *_periodicity(configurations),
        *_densities(configurations, bounds),
    ]


def _energies(configurations: Configurations, bounds: Suspicion) -> Iterator[str]:
    n_atoms = configurations.n_atoms
    per_atom = configurations.energies / n_atoms
    per_atom_rows = []
    by_unit: dict[str, list[int]] = defaultdict(list)
    for rows in _compositions(configurations):
        if len(rows) < bounds.fewest_rows:
            continue
        usual = float(np.median(per_atom[rows]))
        if _do_not_grow(configurations.energies[rows], n_atoms[rows]):
            per_atom_rows += rows.tolist()
            continue
        far = np.abs(per_atom[rows] - usual) > bounds.far_ev_per_atom
        for row in rows[far].tolist():
            by_unit[_unit(float(per_atom[row]), int(n_atoms[row]), usual, bounds)].append(row)
    if per_atom_rows:
        yield (
            f"{_rows(per_atom_rows)}: the energies do not grow with the number of atoms: energies "
            "per atom? Total energies are read"
        )
    for unit, found in by_unit.items():
        yield (
            f"{_rows(found)}: energies per atom lie more than {bounds.far_ev_per_atom:g} eV from "
            f"the median of their composition{unit}"
        )


def _do_not_grow(energies: NDArray[np.float64], n_atoms: NDArray[np.int64]) -> bool:
    """Whether energies of one composition are more alike than those per atom."""
    if n_atoms.max() < 2 * n_atoms.min():
        return False
    return bool(np.ptp(energies) < 0.25 * np.ptp(energies / n_atoms))


def _unit(per_atom_ev: float, n_atoms: int, usual: float, bounds: Suspicion) -> str:
    factors = {f"in {unit}": factor for unit, factor in UNITS.items()}
    factors |= {"per atom": float(n_atoms)} if n_atoms > 1 else {}
    for name, factor in factors.items():
        if abs(per_atom_ev * factor - usual) <= bounds.unit_share * abs(usual):
            return f", where they would be if they were {name}: is the energy {name}?"
    return ""


def _compositions(configurations: Configurations) -> list[NDArray[np.int64]]:
    """Return the rows of each composition, whatever their sizes."""
    rows = defaultdict(list)
    for row, numbers in enumerate(np.split(configurations.numbers, configurations.offsets[1:-1])):
        elements, counts = np.unique(numbers, return_counts=True)
        reduced = counts // np.gcd.reduce(counts)
        rows[tuple(elements), tuple(reduced)].append(row)
    return [np.array(each) for each in rows.values()]


def _periodicity(configurations: Configurations) -> Iterator[str]:
    metals = not NONMETALS & {chemical_symbols[z] for z in np.unique(configurations.numbers)}
    isolated = np.flatnonzero(~configurations.pbc.any(axis=1) & (configurations.n_atoms > 1))
    if metals and len(isolated) and len(isolated) < len(configurations):
        yield (
            f"{_rows(isolated.tolist())}: periodic along nothing, in a dataset of metals whose "
            "other rows are periodic"
        )


def _densities(configurations: Configurations, bounds: Suspicion) -> Iterator[str]:
    spheres = 4 / 3 * np.pi * covalent_radii[configurations.numbers] ** 3
    filled = np.add.reduceat(spheres, configurations.offsets[:-1])
    volumes = np.abs(np.linalg.det(configurations.cells))
    periodic = configurations.pbc.all(axis=1)
    share = np.divide(filled, volumes, out=np.ones(len(filled)), where=periodic & (volumes > 0))
    for wrong, words in (
        (share > bounds.most_filled, "denser"),
        (share < bounds.least_filled, "emptier"),
    ):
        if wrong.any():
            yield (
                f"{_rows(np.flatnonzero(wrong).tolist())}: cells far {words} than any crystal: is "
                "the cell in angstrom?"
            )


def _rows(rows: list[int]) -> str:
    named = ", ".join(map(str, rows[:NAMED]))
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f"row{'s' if len(rows) > 1 else ''} {named}{more}"
