"""Any model interface of torch-sim (Cohen et al. 2025), which evaluates many structures at once.

The generic adapter of families whose own batch is not written here: `settings` name the interface,
and what it is called with.
"""

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from umlip_gate.worker.elements import spelled_out
from umlip_gate.worker.potential import ANSWERS, EnergyForces, LoadSpec
from umlip_gate.worker.vacuum import in_vacuum

if TYPE_CHECKING:
    from torch import Tensor
    from torch_sim.models.interface import ModelInterface

PACKAGES = ("torch-sim-atomistic", "nvalchemi-toolkit-ops", "torch", "sevenn", "numpy", "ase")
"""Torch-sim's own neighbour lists decide energies too; `sevenn` is what its environment runs."""

DTYPES = ("float32", "float64")
ATOMS_PER_BATCH = {"cpu": 32, "cuda": 4000}

RUNS_CHECKPOINT = True
"""The interfaces load files as their packages do, most by unpickling."""

ABILITIES = ANSWERS
"""One state has one periodicity: what is not periodic is enclosed in vacuum first."""


def load(spec: LoadSpec, device: str, dtype: str) -> "TorchSimPotential":
    """Make a model interface of torch-sim.

    Parameters
    ----------
    spec
        Its checkpoint. Settings: `interface`, "package.module:Class"; `arguments`, keyword
        arguments in which "{checkpoint}", "{device}" and "{dtype}" stand for the model's own, the
        last two as objects of torch; `cutoff_ang`, where the interface has no `cutoff`;
        `elements`, symbols and ranges that the model was trained on. With random weights the
        loaded ones that are trained are drawn anew.
    device
        `cpu` or `cuda`.
    dtype
        What the interface is asked to compute in, where its arguments say "{dtype}".

    Raises
    ------
    AttributeError, ImportError
        The interface is not there.
    ValueError
        Its cutoff is not known, or it computes in another dtype than it was asked to.
    """
    import torch  # noqa: PLC0415 - packages are imported in a worker only

    module, _, name = str(spec.settings["interface"]).partition(":")
    stands_for = {
        "{checkpoint}": str(spec.checkpoint),
        "{device}": torch.device(device),
        "{dtype}": getattr(torch, dtype),
    }
    arguments = {
        key: stands_for.get(value, value) if isinstance(value, str) else value
        for key, value in spec.settings.get("arguments", {}).items()
    }
    model = getattr(importlib.import_module(module), name)(**arguments)
    if model.dtype is not getattr(torch, dtype):
        raise ValueError(f"{name} computes in {model.dtype}, not in {dtype}")
    if spec.random_seed is not None:
        torch.manual_seed(spec.random_seed)
        for weights in _trained(model):
            torch.nn.init.normal_(weights)
    return TorchSimPotential(model, _cutoff(spec, model), spec.settings.get("elements"))


def _trained(model: "ModelInterface") -> "list[Tensor]":
    return [weights for weights in model.parameters() if weights.requires_grad]


def _cutoff(spec: LoadSpec, model: "ModelInterface") -> float:
    cutoff = spec.settings.get("cutoff_ang", getattr(model, "cutoff", None))
    if cutoff is None:
        raise ValueError("settings: cutoff_ang, which this interface does not tell")
    return float(cutoff)


class TorchSimPotential:
    """A model interface of torch-sim that evaluates a list of structures as one state."""

    def __init__(self, model: "ModelInterface", cutoff_ang: float, elements: object) -> None:
        self.model = model
        self.cutoff_ang = cutoff_ang
        self.elements = frozenset(spelled_out(elements)) if elements else None  # type: ignore[call-overload]
        self.n_parameters = sum(weights.numel() for weights in _trained(model))

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        output = self._predict(structures)
        energies = output["energy"].detach().cpu().reshape(-1)
        forces = output["forces"].detach().cpu().numpy()
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            EnergyForces(float(energy), rows)
            for energy, rows in zip(energies, np.split(forces, ends), strict=True)
        ]

    def stresses(self, structures: Sequence[Atoms]) -> list[NDArray[np.floating[Any]]]:
        """Stresses of periodic structures, each of shape (3, 3), eV/Å³.

        Raises
        ------
        NotImplementedError
            The interface has none.
        """
        output = self._predict(structures)
        if "stress" not in output:
            raise NotImplementedError("this interface of torch-sim has no stress")
        return list(output["stress"].detach().cpu().numpy().reshape(-1, 3, 3))

    def _predict(self, structures: Sequence[Atoms]) -> "dict[str, Tensor]":
        import torch_sim  # noqa: PLC0415

        periodic = [in_vacuum(atoms, self.cutoff_ang) for atoms in structures]
        state = torch_sim.io.atoms_to_state(periodic, self.model.device, self.model.dtype)
        output: dict[str, Tensor] = self.model(state)
        return output
