"""What every family's adapter must do, in its own environment; a new family is one line here.

The weights are random, of the architecture that the registry names: finite, symmetric and
repeatable is asked of them, never accurate.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from numpy.typing import NDArray

from umlip_gate.errors import Unavailable
from umlip_gate.models.prepare import RunnableModel, prepare_model
from umlip_gate.models.registry import Model, load_models
from umlip_gate.models.same import difference
from umlip_gate.models.worker_process import Worker
from umlip_gate.settings import Settings
from umlip_gate.worker.packing import Answer
from umlip_gate.worker.potential import Abilities, Ability

pytestmark = pytest.mark.selftest

MODELS = load_models()

FAMILIES = {
    "chgnet": "CHGNet_0.3.0",
    "sevennet": "SevenNet-0",
    "sevennet-ompa": "SevenNet-MF-ompa_mpa",
    "sevennet-omni": "SevenNet-Omni_mpa",
    "mace-large": "MACE-MP-0",
    "mace-medium": "MACE-omat-0",
    "orb": "Orb-d3-xs-v2",
    "orb-v3-conservative": "Orb-v3-conservative-inf-omat",
    "orb-v3-direct": "Orb-v3-direct-20-omat",
    "mattersim": "MatterSim-v1.0.0-1M",
    "grace": "GRACE-1L-OAM",
    "grace-r6": "GRACE-1L-r6-MP",
    "eam": "EAM-Zhou",
    "ace": "ACE-W-0",
    "mtp": "MTP14-MoNbTaW",
    "eqv2": "eqV2-31M-omat",
    "dpa3": "DPA3-v1-OpenLAM",
    "nequix": "Nequix-OAM-1",
    "tensornet": "TensorNet-MatPES-PBE",
    "torchsim": "SevenNet-0_torch-sim",
}
"""Family, and the model whose architecture stands for it; where one family has several packages
or environments, one for each of them."""

WITHOUT_TORQUE = {"orb"}
"""The package takes the net torque out of the forces on a cluster: only its energy compares."""


@dataclass
class Subject:
    """A family's model with random weights, in two workers: with and without our checks."""

    model: Model
    live: RunnableModel
    worker: Worker
    unchecked: Worker
    abilities: Abilities

    def one(self, atoms: Atoms) -> tuple[float, NDArray[np.float64]]:
        return decoded(self.worker.evaluate([atoms])[0])

    def same(self, found: Answer, expected: tuple[float, NDArray[np.float64]]) -> None:
        assert_same(decoded(found), expected, self.live.job.dtype)


def assert_same(
    found: tuple[float, NDArray[np.float64]],
    expected: tuple[float, NDArray[np.float64]],
    dtype: str,
) -> None:
    assert difference(found, expected, dtype) is None


def decoded(answer: Answer) -> tuple[float, NDArray[np.float64]]:
    assert answer[0] == "ok", answer[1]
    return answer[1], np.frombuffer(answer[2], dtype="<f8").reshape(-1, 3)


@pytest.fixture(scope="module", params=FAMILIES)
def subject(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Subject]:
    folder = tmp_path_factory.mktemp(request.param)
    settings = Settings(folder, folder)
    model = MODELS[FAMILIES[request.param]]
    seed = 0 if model.checkpoint else None  # else its settings say all: nothing could be random
    try:
        live = prepare_model(model, "cpu", settings, random_seed=seed)
    except Unavailable as error:
        pytest.skip(str(error))
    worker = Worker(live.job, folder / "worker.log")
    unchecked = Worker(replace(live.job, checked=False), folder / "unchecked.log")
    yield Subject(model, live, worker, unchecked, live.abilities)
    worker.close()
    unchecked.close()


def test_what_a_faulty_batch_gave_is_not_the_same() -> None:
    """The differences are mattersim 1.2.5's for 16 atoms of W, with random weights."""
    alone = -0.66927063, np.full((16, 3), 8.268e-4)
    assert_same(alone, alone, "float32")
    with pytest.raises(AssertionError):
        assert_same((alone[0] - 8.4e-6, alone[1]), alone, "float32")
    with pytest.raises(AssertionError):
        assert_same((alone[0], alone[1] + 7.6e-6), alone, "float32")


def crystal(seed: int = 0, repeat: int = 2) -> Atoms:
    atoms: Atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(repeat)
    atoms.rattle(0.08, seed=seed)
    return atoms


def cluster() -> Atoms:
    """Like W-s: a W cluster with 9 Å of vacuum, periodic."""
    atoms: Atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat((3, 2, 2))
    atoms.rattle(0.05, seed=3)
    atoms.center(vacuum=4.5)
    atoms.pbc = True
    return atoms


def with_lone_atom() -> Atoms:
    """A lone atom first and last: some packages notice it only in one place."""
    atoms: Atoms = Atoms("W", positions=[(2, 2, 2)]) + crystal()
    atoms += Atoms("W", positions=[(2, 30, 30)])
    atoms.positions[1:-1] += 20
    atoms.set_cell([60, 60, 60])
    atoms.pbc = True
    return atoms


def test_the_elements_are_the_registrys(subject: Subject) -> None:
    assert subject.worker.elements == sorted(subject.model.elements)


def test_energy_and_forces_are_finite_and_the_forces_not_nothing(subject: Subject) -> None:
    energy, forces = subject.one(crystal())
    assert np.isfinite(energy)
    assert forces.shape == (16, 3)
    assert np.isfinite(forces).all()
    assert np.abs(forces).max() > 0


def test_the_same_again(subject: Subject) -> None:
    subject.one(crystal())  # MACE's TorchScript optimises after it, which moves the last bit
    first, _, again = (subject.one(crystal(seed)) for seed in (0, 1, 0))  # ASE keeps a last answer
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])


def test_the_same_in_another_process(subject: Subject) -> None:
    subject.same(subject.unchecked.evaluate([crystal()])[0], subject.one(crystal()))


def test_a_batch_is_its_configurations(subject: Subject) -> None:
    batch = [crystal(1, 1), crystal(2), crystal(3, 1), crystal(4)]
    for answer, atoms in zip(subject.worker.evaluate(batch), batch, strict=True):
        subject.same(answer, subject.one(atoms))


def test_the_order_of_atoms_does_not_matter(subject: Subject) -> None:
    order = np.random.default_rng(0).permutation(16)
    energy, forces = subject.one(crystal())
    subject.same(subject.worker.evaluate([crystal()[order]])[0], (energy, forces[order]))


def test_periodic_images_are_the_same_atoms(subject: Subject) -> None:
    moved = crystal()
    moved.positions[::3] += moved.cell[0] - 2 * moved.cell[2]
    subject.same(subject.worker.evaluate([moved])[0], subject.one(crystal()))


def test_forces_are_a_gradient_if_declared(subject: Subject) -> None:
    """Along a path, the work of the forces is the energy lost: a finite difference that is long
    enough for float32, by Gauss-Legendre quadrature."""
    _, forces = subject.one(crystal())
    half_path_ang = 0.4
    step = half_path_ang * forces / np.linalg.norm(forces)

    def at(place: float) -> tuple[float, NDArray[np.float64]]:
        atoms = crystal()
        atoms.positions += place * step
        return subject.one(atoms)

    places, weights = np.polynomial.legendre.leggauss(6)
    work = sum(w * (at(x)[1] * step).sum() for x, w in zip(places, weights, strict=True))
    loss = at(-1)[0] - at(1)[0]
    assert (abs(loss - work) < 0.02 * abs(work)) == subject.model.conservative


def test_a_cluster_in_vacuum(subject: Subject) -> None:
    energy, forces = subject.one(cluster())
    assert np.isfinite(energy)
    assert np.abs(forces).max() > 0


def nan_coordinate() -> Atoms:
    atoms = crystal()
    atoms.positions[5, 1] = np.nan
    return atoms


def coincident() -> Atoms:
    atoms = crystal()
    atoms.positions[3] = atoms.positions[9]
    return atoms


def untrained_element() -> Atoms:
    atoms = crystal()
    atoms.symbols[4] = "Og"
    return atoms


@pytest.mark.parametrize(
    ("structure", "text"),
    [
        (nan_coordinate, "atom 5: position is not finite"),
        (coincident, "atoms 3 and 9 coincide"),
        (untrained_element, "the model was not trained on Og"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_no_answer_to_nonsense(subject: Subject, structure: "type[Atoms]", text: str) -> None:
    good, bad, good_too = subject.worker.evaluate([crystal(), structure(), crystal()])
    assert bad == ("error", f"ValueError: {text}")
    assert good[0] == good_too[0] == "ok"


def isolated_atom() -> Atoms:
    return Atoms("W", positions=[(15, 15, 15)], cell=[30, 30, 30], pbc=True)


def without_cell() -> Atoms:
    atoms = crystal()
    return Atoms(atoms.numbers, atoms.positions)


def slab() -> Atoms:
    atoms = crystal()
    atoms.center(vacuum=5, axis=2)
    atoms.pbc = (True, True, False)
    return atoms


@pytest.mark.parametrize(
    ("ability", "structure"),
    [
        ("isolated_atom", isolated_atom),
        ("lone_atom", with_lone_atom),
        ("no_periodicity", without_cell),
        ("mixed_periodicity", slab),
    ],
)
def test_declared_abilities_are_what_the_package_does(
    subject: Subject, ability: str, structure: "type[Atoms]"
) -> None:
    declared: Ability = getattr(subject.abilities, ability)
    (raw,) = subject.unchecked.evaluate([structure()])
    (answer,) = subject.worker.evaluate([structure()])
    assert raw[0] == ("error" if declared == "refuses" else "ok"), raw[1]
    assert answer[0] == ("ok" if declared == "answers" else "error"), answer[1]
    if declared != "answers":
        assert "does not support" in answer[1]


def thin_slab() -> Atoms:
    """With so little vacuum that its images would be neighbours."""
    atoms = crystal()
    atoms.pbc = (True, True, False)
    return atoms


@pytest.mark.parametrize(
    ("ability", "structure"),
    [("no_periodicity", without_cell), ("mixed_periodicity", thin_slab)],
)
def test_an_answer_without_periodicity_is_that_in_vacuum(
    subject: Subject, ability: str, structure: "type[Atoms]"
) -> None:
    """Else a package that makes everything periodic would answer, and mean something else."""
    if getattr(subject.abilities, ability) != "answers":
        pytest.skip("the family declares that it does not answer this")
    far_apart = structure()
    for axis in np.flatnonzero(~far_apart.pbc):
        far_apart.cell[axis] = 0
        far_apart.center(vacuum=20, axis=int(axis))
    far_apart.pbc = True
    (found,) = subject.worker.evaluate([structure()])
    energy, forces = subject.one(far_apart)
    if subject.model.family in WITHOUT_TORQUE:
        forces = decoded(found)[1]
    subject.same(found, (energy, forces))


def architectures() -> list[object]:
    """One model of each size that random weights are made for."""
    sizes = {
        (model.family, model.environment, str(model.settings)): name
        for name, model in reversed(MODELS.items())
        if model.random_parameters or (model.parameters and model.checkpoint)
    }
    return [
        pytest.param(name, id=f"{MODELS[name].environment or MODELS[name].family}-{name}")
        for name in reversed(sizes.values())
    ]


@pytest.mark.parametrize("name", architectures())
def test_the_number_of_parameters_is_the_registrys(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    try:
        live = prepare_model(model, "cpu", Settings(tmp_path, tmp_path), random_seed=0)
    except Unavailable as error:
        pytest.skip(str(error))
    worker = Worker(live.job, tmp_path / "worker.log")
    worker.close()
    assert worker.n_parameters == (model.random_parameters or model.parameters)
