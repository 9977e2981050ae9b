"""GRACE (Bochkarev, Lysogorskiy and Drautz 2024), through the package's own neighbour lists.

The published models are TensorFlow SavedModels that take one structure; several structures side
by side, as one without bonds between them, give the same atomic energies and forces.
"""

import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols

from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import ANSWERS, EnergyForces, LoadSpec
from umlip_gate.worker.vacuum import enclosed

if TYPE_CHECKING:
    from tensorpotential.calculator import TPCalculator

PACKAGES = ("tensorpotential", "tensorflow-cpu", "tensorflow", "matscipy", "numpy", "ase")
DTYPES = ("float64",)
"""The precision is part of a SavedModel; those of Table 1 are float64."""

ATOMS_PER_BATCH = {"cpu": 64, "cuda": 1000}
"""Not measured on a GPU; where memory runs out the batch is halved."""

ABILITIES = ANSWERS
"""The package makes every structure periodic: this adapter gives a slab enough vacuum before.
An atom without neighbours gets a bond beyond the cutoff, which carries nothing."""

SAVED_MODEL = "saved_model.pb"

SIGNATURES = ("compute", "serving_default")
"""What the package calls a SavedModel's evaluation, from 0.6 on and before."""

FIRST_SHAPE = {"atoms": 16, "bonds": 256}
SHAPE_STEP = 1.25
"""A SavedModel is compiled for each shape of its input, 2 to 5 s on a CPU: the input is padded to
a few shapes, which depend on nothing but the batch, so that the same again is the same."""


def load(spec: LoadSpec, device: str, dtype: str) -> "GracePotential":  # noqa: ARG001 - float64 only
    """Load a GRACE SavedModel, or its architecture with random weights.

    Parameters
    ----------
    spec
        The SavedModel's folder, or its archive; for random weights, setting `preset` names the
        package's architecture, and `sizes` is what it is called with.
    device
        `cpu` or `cuda`.
    dtype
        GRACE's models of Table 1 compute in float64.

    Raises
    ------
    ValueError
        There is no GPU, or no SavedModel in the archive.
    """
    from tensorpotential.calculator import TPCalculator  # noqa: PLC0415 - before TensorFlow

    _choose(device)
    with tempfile.TemporaryDirectory() as scratch:
        if spec.random_seed is not None:
            folder = _random(Path(scratch), spec.random_seed, spec.settings)
        else:
            folder = _saved_model(Path(str(spec.checkpoint)), Path(scratch))
        return GracePotential(TPCalculator(model=str(folder), enable_uq_if_available=False))


def _choose(device: str) -> None:
    import tensorflow as tf  # noqa: PLC0415

    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif not tf.config.list_physical_devices("GPU"):
        raise ValueError("this TensorFlow sees no GPU")


def _random(folder: Path, seed: int, settings: dict[str, Any]) -> Path:
    """Save a new model, to be loaded as the published ones are."""
    import tensorflow as tf  # noqa: PLC0415
    from tensorpotential.potentials import presets  # noqa: PLC0415
    from tensorpotential.tensorpot import TensorPotential  # noqa: PLC0415

    tf.random.set_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the package's own source of random numbers
    preset = getattr(presets, settings["preset"])
    symbols = sorted(chemical_symbols[number] for number in MPTRJ)
    element_map = {symbol: index for index, symbol in enumerate(symbols)}
    made = preset(element_map, **settings["sizes"])
    if hasattr(made, "get_instructions"):
        # the manager itself would be taken too, and give a model without parameters
        potential = TensorPotential(made.get_instructions(), param_dtype=tf.float64)
    else:
        potential = TensorPotential(made)  # 0.5.7: instructions, and float64 throughout
    potential.save_model(exact_path=str(folder), jit_compile=True)
    return folder


def _saved_model(checkpoint: Path, scratch: Path) -> Path:
    if checkpoint.is_dir():
        return checkpoint
    with tarfile.open(checkpoint) as archive:
        archive.extractall(scratch, filter="data")
    found = sorted(scratch.rglob(SAVED_MODEL))
    if len(found) != 1:
        raise ValueError(f"{checkpoint.name}: {len(found)} SavedModels in the archive, expected 1")
    return found[0].parent


class GracePotential:
    """A GRACE model that evaluates a list of structures as one batch."""

    def __init__(self, calculator: "TPCalculator") -> None:
        from tensorpotential import constants  # noqa: PLC0415

        (self.model,) = calculator.models
        self.inputs = frozenset(calculator.data_keys)
        self.graphs = calculator.geom_data_builder
        self.constants = constants
        self.cutoff_ang = float(calculator.cutoff)
        self.elements = frozenset(atomic_numbers[symbol] for symbol in calculator.element_map)
        signatures = self.model.signatures
        signature = signatures[next(name for name in SIGNATURES if name in signatures)]
        self.n_parameters = sum(
            int(np.prod(weights.shape)) for weights in signature.trainable_variables
        )

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        from tensorflow.data import Dataset  # noqa: PLC0415

        names = self.constants
        parts = [
            self.graphs.extract_from_ase_atoms(_prepared(atoms, self.cutoff_ang))
            for atoms in structures
        ]
        batch = self.graphs.join_to_batch(parts)
        shape = {
            names.PAD_MAX_N_STRUCTURES: 1,
            names.PAD_MAX_N_ATOMS: _padded(int(batch[names.N_ATOMS_BATCH_REAL]) + 1, "atoms"),
            names.PAD_MAX_N_NEIGHBORS: _padded(int(batch[names.N_NEIGHBORS_REAL]), "bonds"),
        }
        self.graphs.pad_batch(batch, shape)
        data = {key: value for key, value in batch.items() if key in self.inputs}
        output = self.model.compute(Dataset.from_tensors(data).get_single_element())
        energies = output[names.PREDICT_ATOMIC_ENERGY].numpy().reshape(-1)
        forces = output[names.PREDICT_FORCES].numpy()
        ends = np.cumsum([len(atoms) for atoms in structures])
        starts = ends - [len(atoms) for atoms in structures]
        return [
            EnergyForces(float(energies[start:end].sum()), forces[start:end])
            for start, end in zip(starts, ends, strict=True)
        ]


def _prepared(atoms: Atoms, cutoff_ang: float) -> Atoms:
    """Copy atoms, as the package changes them, into a cell that suits it.

    An atom without neighbours gets a bond whose components are the sums of the cell vectors'
    components, plus the cutoff: no longer than the cutoff if such a sum is negative. The same
    lattice has vectors with sums that are not.
    """
    prepared: Atoms = enclosed(atoms, cutoff_ang).copy()
    prepared.cell[prepared.cell.sum(axis=1) < 0] *= -1
    return prepared


def _padded(number: int, what: str) -> int:
    padded = FIRST_SHAPE[what]
    while padded < number:
        padded = int(padded * SHAPE_STEP)
    return padded
