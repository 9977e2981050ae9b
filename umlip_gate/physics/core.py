"""The core that a gate asks of every potential, on a few small cells of a dataset."""

import numpy as np
from ase import Atoms

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.physics.gradient import force_sum, gradient
from umlip_gate.physics.study import Case, Study
from umlip_gate.physics.symmetries import CORE
from umlip_gate.schema import Strict


class CoreProtocol(Strict):
    """What the core's structures are.

    Attributes
    ----------
    cells
        How many are drawn from the dataset, or all of them if there are fewer.
    seed
        Of the draw, and of every displacement, rotation, translation and order.
    rattle_ang
        Standard deviation of the displacement of each atom along each axis.
    step_ang
        As in `gradient`.
    """

    cells: int
    seed: int
    rattle_ang: float
    step_ang: float


def core_study(dataset: Configurations, protocol: CoreProtocol) -> Study:
    """Return the trials of the core on cells of a dataset.

    Every cell is rattled, since forces that symmetry makes zero tell nothing, and the gradient is
    taken along the displacement, which the forces resist. Cells of one atom are repeated first:
    no displacement of theirs has a force.
    """
    rng = np.random.default_rng(protocol.seed)
    cases: list[Case] = []
    for row in rng.permutation(len(dataset))[: protocol.cells].tolist():
        atoms = dataset.atoms(row)
        ideal = atoms if len(atoms) > 1 else atoms.repeat(2)
        cases += core_cases(f"row {row}", ideal, rng, protocol)
    return Study(tuple(cases))


def core_cases(
    name: str, ideal: Atoms, rng: np.random.Generator, protocol: CoreProtocol
) -> list[Case]:
    """Return the trials of the core on one structure, which is rattled first."""
    displacement = rng.normal(scale=protocol.rattle_ang, size=(len(ideal), 3))
    atoms = ideal.copy()
    atoms.positions += displacement
    trials = [gradient(atoms, displacement, protocol.step_ang), force_sum(atoms)]
    trials += [symmetry(atoms, rng) for symmetry in CORE.values()]
    return [Case(name, trial) for trial in trials]
