"""CHGNet (Deng et al. 2023), through the package's own graphs and batches.

The ASE calculator always computes stress and magnetic moments; `task="ef"` does not.
"""

import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms, units
from numpy.typing import NDArray

from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import Abilities, EnergyForces, LoadSpec

if TYPE_CHECKING:
    from chgnet.model import CHGNet

PACKAGES = ("chgnet", "torch", "pymatgen", "numpy", "ase")
"""Distributions whose versions are part of a prediction's identity; the first is the family's."""

DTYPES = ("float32",)

ATOMS_PER_BATCH = {"cpu": 32, "cuda": 2000, "mps": 32}
"""On a CPU batching pays for the smallest cells only; 16,000 atoms do not fit into 80 GB."""

WORKERS_PER_GPU, GIB_PER_WORKER = 8, 10.0
"""On an H200 with 16 cores W-g takes 6.6 s with 8 workers and 38.9 s with one; 14 workers ran out
of its 143 GB."""

ABILITIES = Abilities(
    isolated_atom="refuses",
    lone_atom="refuses",
    no_periodicity="refuses",
    mixed_periodicity="nonsense",
)
"""A structure is taken for periodic in every direction; without a cell there is none."""


def load(spec: LoadSpec, device: str, dtype: str) -> "ChgnetPotential":  # noqa: ARG001 - float32 only
    """Load a CHGNet checkpoint, or its architecture with random weights.

    Parameters
    ----------
    spec
        Its checkpoint; setting `mlp_out_bias` is true for CHGNet 0.2.0 alone.
    device
        `cpu` or `cuda`.
    dtype
        CHGNet computes in float32.

    Raises
    ------
    ValueError
        The checkpoint holds more than tensors and plain values.
    """
    import torch  # noqa: PLC0415 - packages are imported in a worker only
    from chgnet.model import CHGNet  # noqa: PLC0415

    bias = spec.settings.get("mlp_out_bias", False)
    model = CHGNet.from_dict(_state(str(spec.checkpoint)), mlp_out_bias=bias)
    if spec.random_seed is not None:
        torch.manual_seed(spec.random_seed)
        model = CHGNet(**model.model_args)
    model = model.to(device)
    model.graph_converter.set_isolated_atom_response("error")
    return ChgnetPotential(model)


def _state(path: str) -> dict[str, Any]:
    """Read a checkpoint without running what it may hold; the package's own reader would."""
    import torch  # noqa: PLC0415

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds more than tensors and plain values, which would run as code; save it "
            "again with its state and arguments alone"
        ) from error
    model: dict[str, Any] = state["model"]
    return model


class ChgnetPotential:
    """A CHGNet model that evaluates a list of structures as one batch."""

    def __init__(self, model: "CHGNet") -> None:
        self.model = model
        self.cutoff_ang = float(model.graph_converter.atom_graph_cutoff)
        self.elements = MPTRJ
        self.n_parameters = int(model.n_params)

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        answers = self._predict(structures, "ef")
        scale = [len(atoms) if self.model.is_intensive else 1 for atoms in structures]
        return [
            EnergyForces(float(answer["e"]) * n, answer["f"])
            for answer, n in zip(answers, scale, strict=True)
        ]

    def stresses(self, structures: Sequence[Atoms]) -> list[NDArray[np.floating[Any]]]:
        """Stresses of periodic structures, each of shape (3, 3), eV/Å³."""
        return [answer["s"] * units.GPa for answer in self._predict(structures, "efs")]

    def _predict(self, structures: Sequence[Atoms], task: str) -> list[dict[str, Any]]:
        from pymatgen.io.ase import AseAtomsAdaptor  # noqa: PLC0415

        graphs = [
            self.model.graph_converter(AseAtomsAdaptor.get_structure(atoms)) for atoms in structures
        ]
        answers = self.model.predict_graph(graphs, task=task, batch_size=len(graphs))
        if len(graphs) == 1:
            answers = [answers]
        return list(answers)
