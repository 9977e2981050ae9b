"""The studies: each a file of `thresholds/physics/`, with what its structures are made by."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import chemical_symbols
from pydantic import Field

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.physics.behaviour import elastic_stability, repulsion, stiffness, volume_curve
from umlip_gate.physics.core import CoreProtocol, core_study
from umlip_gate.physics.crystals import (
    Crystal,
    conventional,
    crystalline,
    crystals,
    draw,
    is_cubic,
)
from umlip_gate.physics.dynamics import DynamicsProtocol, Runs, dynamics_study
from umlip_gate.physics.phonons import phonons
from umlip_gate.physics.potential import (
    closed_path,
    isolated_atom,
    jacobian,
    moved,
    parts,
    smoothness,
)
from umlip_gate.physics.stress import StressProtocol, stress_study
from umlip_gate.physics.study import Case, Study
from umlip_gate.physics.symmetries import SYMMETRIES, copies
from umlip_gate.physics.trial import Trial
from umlip_gate.schema import Strict

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class DrawnProtocol(Strict):
    """Crystals that hypothesis draws.

    Attributes
    ----------
    examples
        How many; `--umlip-max-examples` asks for another number.
    seed
        Of the draw, and of everything that is random in a trial.
    most_repeats
        Of a primitive cell along each vector.
    """

    examples: Count
    seed: int
    most_repeats: Count


class PotentialProtocol(Strict):
    """Small crystals of each element and of all together.

    Attributes
    ----------
    seed
        Of all displacements.
    rattle_ang
        Standard deviation of each displacement along an axis.
    step_ang
        Of the differences in the Jacobian.
    line_points
        Images of each line.
    most_strain
        The line of strained crystals reaches from minus this to this.
    gap_ang
        Between parts that do not interact.
    """

    seed: int
    rattle_ang: Positive
    step_ang: Positive
    line_points: Count
    most_strain: Positive
    gap_ang: Positive


class BehaviourProtocol(Strict):
    """Crystals of each element in its own structure, at its experimental lattice constant.

    Attributes
    ----------
    least_volume, most_volume, volumes
        The range of the energy-volume curve, as fractions, and its points.
    least_distance, distances
        How close two neighbours are pushed, as a fraction of the bond length, in how many steps.
    strain
        Of the elastic constants.
    """

    least_volume: Positive
    most_volume: Positive
    volumes: Count
    least_distance: Positive
    distances: Count
    strain: Positive


class PhononsProtocol(Strict):
    """Crystals of each element in its own structure, at its experimental lattice constant.

    Attributes
    ----------
    repeats
        Of the primitive cell, along each vector.
    step_ang
        Displacement of an atom, forwards and backwards.
    """

    repeats: Annotated[int, Field(ge=2)]
    step_ang: Positive


class IsolatedProtocol(Strict):
    """One atom in two boxes.

    Attributes
    ----------
    boxes_ang
        Their edges.
    """

    boxes_ang: tuple[Positive, Positive]


class LargeProtocol(Strict):
    """A cell and many copies of it.

    Attributes
    ----------
    repeats
        Of the conventional cell, along each vector.
    rattle_ang, seed
        Standard deviation of the displacement of each atom of the cell along each axis.
    """

    repeats: Annotated[int, Field(ge=2)]
    rattle_ang: Positive
    seed: int


def _symbols(dataset: Configurations) -> list[str]:
    return [chemical_symbols[number] for number in np.unique(dataset.numbers).tolist()]


def _crystalline(dataset: Configurations) -> list[str]:
    return crystalline(_symbols(dataset))


def strategy_for(dataset: Configurations, protocol: DrawnProtocol) -> "SearchStrategy[Crystal]":
    """Return the strategy of crystals of a dataset's elements."""
    return crystals(_symbols(dataset), protocol.most_repeats)


def _drawn(dataset: Configurations, protocol: DrawnProtocol) -> list[Crystal]:
    return draw(strategy_for(dataset, protocol), protocol.examples, protocol.seed)


def symmetry_trials(crystal: Crystal) -> dict[str, Trial]:
    """Return the trial of every symmetry on a crystal, by name."""
    atoms = crystal.atoms()
    return {
        name: symmetry(atoms, np.random.default_rng(crystal.seed))
        for name, symmetry in SYMMETRIES.items()
    }


def symmetries_study(dataset: Configurations, protocol: DrawnProtocol) -> Study:
    """Return every symmetry of drawn crystals."""
    drawn = _drawn(dataset, protocol)
    return Study(
        tuple(Case(each, trial) for each in drawn for trial in symmetry_trials(each).values())
    )


def again_study(again: str, dataset: Configurations, protocol: DrawnProtocol) -> Study:
    """Return drawn crystals that are evaluated in two ways, the second of which is named."""
    cases = [Case(each, Trial((each.atoms(),), lambda _: {})) for each in _drawn(dataset, protocol)]
    return Study(tuple(cases), again=again)


def potential_study(dataset: Configurations, protocol: PotentialProtocol) -> Study:
    """Return paths, Jacobians and separate parts of small crystals, and lines through the last."""
    rng = np.random.default_rng(protocol.seed)
    symbols = _crystalline(dataset)
    cases: list[Case] = []
    for name in [*symbols, "".join(symbols)] if len(symbols) > 1 else symbols:
        elements = symbols if name not in symbols else [name]
        ideal = conventional(elements[0]).repeat((1, 1, 2))
        ideal.symbols = [elements[i % len(elements)] for i in range(len(ideal))]
        shifts = rng.normal(scale=protocol.rattle_ang, size=(4, len(ideal), 3))
        atoms = moved(ideal, shifts[0])
        cases += [
            Case(name, closed_path(atoms, shifts[1], shifts[2])),
            Case(name, jacobian(atoms, protocol.step_ang)),
        ]
        if len(elements) == len(symbols):
            cases += [
                Case(name, smoothness("strain_line", _strained(atoms, protocol))),
                Case(name, smoothness("hop_line", _hopping(atoms, protocol.line_points))),
            ]
        cluster = Atoms(ideal.symbols, positions=moved(ideal, shifts[3]).positions)
        cases.append(Case(name, parts(cluster, cluster[:2], protocol.gap_ang)))
    return Study(tuple(cases))


def _strained(atoms: Atoms, protocol: PotentialProtocol) -> list[Atoms]:
    """Return the crystal under hydrostatic strain, so that every shell crosses every cutoff."""
    images = []
    for strain in np.linspace(-1, 1, protocol.line_points) * protocol.most_strain:
        image = atoms.copy()
        image.set_cell(atoms.cell.array * (1 + strain), scale_atoms=True)
        images.append(image)
    return images


def _hopping(atoms: Atoms, points: int) -> list[Atoms]:
    """Return images of a neighbour's way into a vacancy, in a doubled cell."""
    crystal = atoms.repeat((2, 2, 1))
    distances = crystal.get_all_distances(mic=True)
    neighbour = int(np.argsort(distances[0])[1])
    way = -crystal.get_distance(0, neighbour, mic=True, vector=True)
    start = crystal[1:]
    images = []
    for fraction in np.linspace(0, 1, points):
        image = start.copy()
        image.positions[neighbour - 1] += fraction * way
        images.append(image)
    return images


def behaviour_study(dataset: Configurations, protocol: BehaviourProtocol) -> Study:
    """Return volume curves, repulsion and elastic stability of each element."""
    volumes = np.linspace(protocol.least_volume, protocol.most_volume, protocol.volumes)
    distances = np.linspace(1, protocol.least_distance, protocol.distances)
    cases: list[Case] = []
    for symbol in _crystalline(dataset):
        cell = conventional(symbol)
        crystal = cell.repeat(2)
        neighbour = int(np.argsort(crystal.get_all_distances(mic=True)[0])[1])
        stability = elastic_stability if is_cubic(symbol) else stiffness
        cases += [
            Case(symbol, volume_curve(bulk(symbol), volumes)),
            Case(symbol, repulsion(crystal, (0, neighbour), distances)),
            Case(symbol, stability(cell, protocol.strain)),
        ]
    return Study(tuple(cases))


def phonons_study(dataset: Configurations, protocol: PhononsProtocol) -> Study:
    """Return the phonons of each element in its own structure."""
    return Study(
        tuple(
            Case(symbol, phonons(bulk(symbol), protocol.repeats, protocol.step_ang))
            for symbol in _crystalline(dataset)
        )
    )


def isolated_study(dataset: Configurations, protocol: IsolatedProtocol) -> Study:
    """Return an atom of each element, alone in two boxes."""
    trials = (
        Case(symbol, isolated_atom(symbol, protocol.boxes_ang)) for symbol in _symbols(dataset)
    )
    return Study(tuple(trials), needs="isolated_atom")


def large_study(dataset: Configurations, protocol: LargeProtocol) -> Study:
    """Return a crystal of the dataset's last element, and many copies of it."""
    symbol = _crystalline(dataset)[-1]
    atoms = conventional(symbol)
    atoms.rattle(protocol.rattle_ang, seed=protocol.seed)
    return Study((Case(symbol, copies("large", atoms, (protocol.repeats,) * 3)),))


STUDIES: dict[str, tuple[type[Strict], Callable[[Configurations, Any], Study | Runs]]] = {
    "core": (CoreProtocol, core_study),
    "symmetries": (DrawnProtocol, symmetries_study),
    "batches": (DrawnProtocol, partial(again_study, "batch")),
    "threads": (DrawnProtocol, partial(again_study, "threads")),
    "precision": (DrawnProtocol, partial(again_study, "precision")),
    "device": (DrawnProtocol, partial(again_study, "device")),
    "accelerated": (DrawnProtocol, partial(again_study, "accelerated")),
    "potential": (PotentialProtocol, potential_study),
    "behaviour": (BehaviourProtocol, behaviour_study),
    "phonons": (PhononsProtocol, phonons_study),
    "isolated": (IsolatedProtocol, isolated_study),
    "large": (LargeProtocol, large_study),
    "stress": (StressProtocol, stress_study),
    "dynamics": (DynamicsProtocol, dynamics_study),
}
"""The protocol of each study's file, and what makes its structures."""
