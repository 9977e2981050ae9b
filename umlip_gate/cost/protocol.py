"""What is timed: NVE steps of bcc tungsten, at several sizes, in rounds."""

import math
from typing import Annotated

from ase import Atoms
from ase.build import bulk
from pydantic import Field, ValidationInfo, field_validator

from umlip_gate.schema import RegistryId, Strict

LATTICE_ANG = 3.165
"""Of bcc W at room temperature."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0)]


class Budget(Strict):
    """Seconds that one model may take, by device."""

    cpu: Positive
    cuda: Positive


class WarmUp(Strict):
    """`[protocol.warm_up]`: runs that are not counted, and find how many steps fill a round.

    Attributes
    ----------
    margin
        How many times longer than it must be a round is made: the next one may be faster.
    runs
        So many in a row fill a round before one counts.
    steady_ratio
        A run that takes less than this part of the one before begins the row anew.
    long_runs_s
        So much time of steady runs is enough, if there are two.
    rationale
        Why these numbers.
    """

    margin: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    runs: Annotated[int, Field(ge=2)]
    steady_ratio: Annotated[float, Field(gt=0, lt=1)]
    long_runs_s: Positive
    rationale: str


class Protocol(Strict):
    """`[protocol]` of `thresholds/cost.toml`.

    Attributes
    ----------
    sizes
        Numbers of atoms, ascending; each n³ (of the primitive cell) or 2 n³ (of the cubic one).
    required_size
        The one that no size sweep may end before.
    temperature_k, seed
        Of the velocities that a run starts with.
    timestep_fs
        Of velocity Verlet.
    most_displacement_ang
        An atom further from its lattice site ends the measurement.
    min_round_s
        The shortest round that counts.
    target_s_per_size, min_rounds, max_rounds
        As many rounds as fill the time, within the bounds.
    budget_s_per_model
        A size that would not fit into what is left of it ends the size sweep.
    memory_share
        The part of the free memory that a size may be expected to need.
    most_cpu_per_wall
        On a core: more CPU time than this per wall time is more than one core, or a wrong clock.
    warm_up
        What comes before the rounds.
    models
        Measured when no model is asked for.
    rationale
        Why these numbers.
    """

    sizes: tuple[Count, ...]
    required_size: Count
    temperature_k: Positive
    timestep_fs: Positive
    seed: Annotated[int, Field(ge=0)]
    most_displacement_ang: Positive
    min_round_s: Positive
    target_s_per_size: Positive
    min_rounds: Annotated[int, Field(ge=3)]
    max_rounds: Count
    budget_s_per_model: Budget
    memory_share: Annotated[float, Field(gt=0, le=1)]
    most_cpu_per_wall: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    warm_up: WarmUp
    models: tuple[RegistryId, ...]
    rationale: str

    @field_validator("sizes")
    @classmethod
    def _crystals(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if list(sizes) != sorted(set(sizes)):
            raise ValueError("sizes ascend, each once")
        for size in sizes:
            _repeats(size)
        return sizes

    @field_validator("required_size")
    @classmethod
    def _among_sizes(cls, required: int, info: ValidationInfo) -> int:
        if required not in info.data.get("sizes", (required,)):
            raise ValueError("is not one of the sizes")
        return required


def crystal(n_atoms: int) -> Atoms:
    """Bcc tungsten of n³ or 2 n³ atoms, periodic, every atom on its site.

    Raises
    ------
    ValueError
        There is no such n.
    """
    n, cubic = _repeats(n_atoms)
    unit: Atoms = bulk("W", "bcc", a=LATTICE_ANG, cubic=cubic)
    atoms: Atoms = unit.repeat(n)
    return atoms


def _repeats(n_atoms: int) -> tuple[int, bool]:
    for cubic in (False, True):
        n = round((n_atoms / (1 + cubic)) ** (1 / 3))
        if n_atoms == (1 + cubic) * n**3:
            return n, cubic
    raise ValueError(f"{n_atoms} atoms are neither n³ nor 2 n³")


def neighbours_per_atom(cutoff_ang: float | None) -> int | None:
    """Count the lattice sites of bcc W within a cutoff, Å; None where there is none."""
    if cutoff_ang is None:
        return None
    reach = math.ceil(2 * cutoff_ang / LATTICE_ANG)
    span = range(-reach, reach + 1)
    half = LATTICE_ANG / 2
    lengths = [
        half * math.sqrt(i * i + j * j + k * k)
        for i in span
        for j in span
        for k in span
        if i % 2 == j % 2 == k % 2
    ]
    return sum(0 < length < cutoff_ang for length in lengths)
