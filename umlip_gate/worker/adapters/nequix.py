"""Nequix, through the package's own graphs, batched, by its torch backend on CPU and GPU.

The package's calculator writes `<model name>.pt` beside the file that it converts. Here the file
is read and converted in memory, so that the folder of verified files stays as it is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.geometry import complete_cell

from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import Abilities, EnergyForces, LoadSpec

if TYPE_CHECKING:
    from nequix.torch_impl.model import NequixTorch
    from torch import Tensor

PACKAGES = ("nequix", "torch", "e3nn", "jax", "equinox", "e3nn-jax", "numpy", "ase")
DTYPES = ("float32",)
ATOMS_PER_BATCH = {"cpu": 32, "cuda": 4000}

ABILITIES = Abilities(
    isolated_atom="answers",
    lone_atom="answers",
    no_periodicity="answers",
    mixed_periodicity="nonsense",
)
"""A cell that is not periodic in every direction is ignored, and so are its images."""


def load(spec: LoadSpec, device: str, dtype: str) -> "NequixPotential":  # noqa: ARG001 - float32 only
    """Load a Nequix file, or the architecture of the settings with random weights.

    Parameters
    ----------
    spec
        Its checkpoint; setting `architecture` are the keyword arguments of `NequixTorch`.
    device
        `cpu` or `cuda`.
    dtype
        The published models compute in float32.
    """
    import torch  # noqa: PLC0415 - packages are imported in a worker only
    from nequix.torch_impl.model import NequixTorch  # noqa: PLC0415

    if spec.random_seed is None:
        model, elements = _converted(spec)
    else:
        torch.manual_seed(spec.random_seed)
        elements = sorted(MPTRJ)
        model = NequixTorch(n_species=len(elements), **spec.settings["architecture"])
    return NequixPotential(model.to(device).eval(), elements, device)


def _converted(spec: LoadSpec) -> tuple["NequixTorch", list[int]]:
    """Return the torch model of a file, and the atomic numbers of its species."""
    import jax  # noqa: PLC0415

    jax.config.update("jax_platforms", "cpu")  # it reads the file alone, and takes no GPU's memory

    from nequix.model import load_model  # noqa: PLC0415
    from nequix.torch_impl.utils import convert_model_jax_to_torch  # noqa: PLC0415

    stored, config = load_model(spec.checkpoint, kernel=False)
    model, _ = convert_model_jax_to_torch(stored, config, use_kernel=False)
    return model, sorted(config["atomic_numbers"])


class NequixPotential:
    """A Nequix model that evaluates a list of structures as one batch."""

    def __init__(self, model: "NequixTorch", elements: Sequence[int], device: str) -> None:
        self.model = model
        self.cutoff_ang = float(model.cutoff)
        self.device = device
        self.elements = frozenset(elements)
        self.n_parameters = sum(weights.numel() for weights in model.parameters())
        self._species = {number: place for place, number in enumerate(elements)}

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        import torch  # noqa: PLC0415
        from nequix.data import preprocess_graph  # noqa: PLC0415

        graphs = [
            preprocess_graph(atoms, self._species, self.cutoff_ang, targets=False)
            for atoms in structures
        ]
        sizes = np.array([len(atoms) for atoms in structures])
        starts = np.cumsum(sizes) - sizes
        edges = np.concatenate(
            [
                start + np.stack([graph["senders"], graph["receivers"]])
                for start, graph in zip(starts, graphs, strict=True)
            ],
            axis=1,
        )
        # of a cluster no edge crosses its cell, which then only must not be singular
        cells = np.stack([complete_cell(atoms.cell) for atoms in structures])
        energies, forces, _ = self.model(
            self._joined(graphs, "species").long(),
            self._joined(graphs, "positions"),
            self._joined(graphs, "shifts"),
            torch.from_numpy(edges).long().to(self.device),
            torch.from_numpy(cells).float().to(self.device),
            None,
            None,
            torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)).to(self.device),
        )
        each = energies.detach().cpu().double().split(sizes.tolist())
        rows = np.split(forces.detach().cpu().numpy(), starts[1:])
        return [
            EnergyForces(float(energy.sum()), force)
            for energy, force in zip(each, rows, strict=True)
        ]

    def _joined(self, graphs: list[dict[str, Any]], key: str) -> "Tensor":
        import torch  # noqa: PLC0415

        return torch.from_numpy(np.concatenate([graph[key] for graph in graphs])).to(self.device)
