"""Structures drawn by hypothesis: small crystals, alloys, vacancies, surfaces, strained, rattled.

Each is described by a few plain numbers, which hypothesis shrinks: a counterexample is the smallest
crystal, of the fewest atoms and elements, that still shows the defect.
"""

import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers, covalent_radii, reference_states

from umlip_gate.errors import Unavailable

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

ATOMS_PER_CUBE = {"bcc": 2, "fcc": 4, "sc": 1}
VACUUM_ANG = 8.0
VOLUME_PER_RADIUS_CUBED = 4.0
"""Volume of an atom in bcc Mo, Nb, Ta and W, in cubes of its covalent radius: 3.7 to 4.3."""


@dataclass(frozen=True)
class Crystal:
    """A structure in plain numbers.

    Attributes
    ----------
    lattice
        `bcc`, `fcc`, `sc` or `hcp`.
    elements
        Symbols; the sites are occupied by them in a random order.
    repeats
        Of the primitive cell (hcp: two atoms), along each vector.
    vacancy
        Whether an atom is missing.
    surface
        Whether there is vacuum along the third vector.
    scale
        Of the lattice constant.
    strain
        Largest component of a random strain.
    rattle_ang
        Largest displacement of an atom along an axis.
    seed
        Of all that is random here.
    """

    lattice: str
    elements: tuple[str, ...]
    repeats: tuple[int, int, int]
    vacancy: bool
    surface: bool
    scale: float
    strain: float
    rattle_ang: float
    seed: int

    def atoms(self) -> Atoms:
        """Return the structure."""
        rng = np.random.default_rng(self.seed)
        numbers = [atomic_numbers[symbol] for symbol in self.elements]
        radius = float(np.mean(covalent_radii[numbers])) * self.scale
        atoms: Atoms = _lattice(self.lattice, VOLUME_PER_RADIUS_CUBED * radius**3).repeat(
            self.repeats
        )
        atoms.numbers = rng.choice(numbers, size=len(atoms))
        if self.vacancy and len(atoms) > 2:  # noqa: PLR2004 - a crystal is left
            del atoms[int(rng.integers(len(atoms)))]
        strain = rng.uniform(-self.strain, self.strain, size=(3, 3))
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
        atoms.positions += rng.uniform(-self.rattle_ang, self.rattle_ang, size=(len(atoms), 3))
        if self.surface:
            cell = atoms.cell.array
            normal = np.cross(cell[0], cell[1])
            cell[2] += VACUUM_ANG * normal / np.linalg.norm(normal)
            atoms.set_cell(cell)
        return atoms


def cells_of(elements: Sequence[str]) -> list[Atoms]:
    """Return small bcc and fcc cells of each element, and of all together, without any data."""
    alloys = [tuple(elements)] if len(elements) > 1 else []
    return [
        Crystal(
            lattice=lattice,
            elements=chosen,
            repeats=(2, 2, 1),
            vacancy=False,
            surface=False,
            scale=1.0,
            strain=0.0,
            rattle_ang=0.0,
            seed=0,
        ).atoms()
        for chosen in [*((symbol,) for symbol in elements), *alloys]
        for lattice in ("bcc", "fcc")
    ]


STRUCTURES = ("bcc", "fcc", "sc", "diamond", "hcp")
"""Of ground states that ASE knows and makes; of other elements no crystal is tried."""


def crystalline(symbols: Sequence[str]) -> list[str]:
    """Return the elements whose ground state is one of `STRUCTURES`.

    Raises
    ------
    Unavailable
        None is.
    """
    found = [symbol for symbol in symbols if _structure(symbol) in STRUCTURES]
    if not found:
        raise Unavailable(
            f"no element of {', '.join(symbols)} has a ground state that is {', '.join(STRUCTURES)}"
        )
    return found


def is_cubic(symbol: str) -> bool:
    """Return whether an element's ground state is cubic."""
    return _structure(symbol) != "hcp"


def conventional(symbol: str) -> Atoms:
    """Return an element's own structure in a cubic cell, or an orthorhombic one of hcp."""
    return bulk(symbol, cubic=True) if is_cubic(symbol) else bulk(symbol, orthorhombic=True)


def _structure(symbol: str) -> str:
    state = reference_states[atomic_numbers[symbol]] or {}
    return str(state.get("symmetry", ""))


def _lattice(name: str, volume_ang3: float) -> Atoms:
    """Return a primitive cell with a volume per atom."""
    if name == "hcp":
        a = (volume_ang3 * 2**0.5) ** (1 / 3)
        return bulk("X", "hcp", a=a, c=a * (8 / 3) ** 0.5)
    return bulk("X", name, a=(ATOMS_PER_CUBE[name] * volume_ang3) ** (1 / 3))


def crystals(elements: Sequence[str], most_repeats: int) -> "SearchStrategy[Crystal]":
    """Return the strategy of crystals of some elements.

    Raises
    ------
    Unavailable
        Hypothesis is not installed.
    """
    try:
        from hypothesis import strategies as st  # noqa: PLC0415 - slow, and few runs draw crystals
    except ModuleNotFoundError as error:
        raise Unavailable(
            "hypothesis draws the crystals of this study: pip install umlip-gate[physics]"
        ) from error

    return st.builds(
        Crystal,
        lattice=st.sampled_from(["bcc", "fcc", "sc", "hcp"]),
        elements=st.lists(st.sampled_from(elements), min_size=1, max_size=4, unique=True).map(
            tuple
        ),
        repeats=st.tuples(*(st.integers(1, most_repeats) for _ in range(3))),
        vacancy=st.booleans(),
        surface=st.booleans(),
        scale=st.floats(0.95, 1.05),
        strain=st.floats(0.0, 0.05),
        rattle_ang=st.floats(0.0, 0.2),
        seed=st.integers(0, 2**16),
    )


def draw(strategy: "SearchStrategy[Crystal]", n: int, seed_: int) -> list[Crystal]:
    """Return up to n different crystals, the same ones for the same seed."""
    from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: PLC0415 - as above

    drawn: dict[Crystal, None] = {}

    @seed(seed_)
    @settings(
        max_examples=n,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(crystal: Crystal) -> None:
        drawn[crystal] = None

    collect()
    return list(drawn)


def smallest(
    strategy: "SearchStrategy[Crystal]",
    fails: Callable[[Crystal], bool],
    found: Crystal,
    most_questions: int,
) -> Crystal:
    """Return the smallest crystal that fails, as hypothesis shrinks it.

    Parameters
    ----------
    strategy
        What it is drawn from.
    fails
        Evaluates a crystal.
    found
        One that fails.
    most_questions
        After so many evaluations the smallest so far is returned.
    """
    from hypothesis import HealthCheck, Phase, find, settings  # noqa: PLC0415 - as above
    from hypothesis.errors import Flaky, NoSuchExample  # noqa: PLC0415 - as above

    answers: dict[Crystal, bool] = {found: True}

    def ask(crystal: Crystal) -> bool:
        if crystal not in answers:
            if len(answers) > most_questions:
                return False
            answers[crystal] = fails(crystal)
        return answers[crystal]

    with contextlib.suppress(NoSuchExample, Flaky):
        find(
            strategy,
            ask,
            settings=settings(
                max_examples=most_questions,
                database=None,
                deadline=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
            random=random.Random(found.seed),  # noqa: S311 - repeatable
        )
    return min((each for each, failed in answers.items() if failed), key=_size)


def _size(crystal: Crystal) -> tuple[float, ...]:
    return (
        len(crystal.atoms()),
        len(crystal.elements),
        crystal.vacancy + crystal.surface,
        crystal.rattle_ang + crystal.strain,
    )
