"""TensorNet-MatPES (Kaplan et al. 2025), through matgl's own graphs and batches.

matgl 4.1.2 loads these weights without an error and is wrong for cells of several elements: every
loaded model is asked for an energy that is known, `reference` in its settings.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import chemical_symbols

from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import Abilities, EnergyForces, LoadSpec

if TYPE_CHECKING:
    from matgl.apps.pes import Potential
    from torch import Tensor
    from torch_geometric.data import Data

PACKAGES = ("matgl", "torch", "torch_geometric", "pymatgen", "numpy", "ase")
DTYPES = ("float32",)
ATOMS_PER_BATCH = {"cpu": 64, "cuda": 4000}

ABILITIES = Abilities(
    isolated_atom="answers",
    lone_atom="answers",
    no_periodicity="answers",
    mixed_periodicity="nonsense",
)
"""A cell that is not periodic in every direction is taken for a cluster."""


def load(spec: LoadSpec, device: str, dtype: str) -> "TensornetPotential":  # noqa: ARG001 - float32 only
    """Load the file of weights, or the architecture of the settings with random weights.

    Parameters
    ----------
    spec
        Its checkpoint, `state.pt`; settings `architecture` (keyword arguments of `TensorNet`) and
        `reference` (a crystal and its energy, which real weights must give).
    device
        `cpu` or `cuda`.
    dtype
        The published models compute in float32.

    Raises
    ------
    ValueError
        With this version of matgl the weights do not give the energy of the reference.
    """
    import torch  # noqa: PLC0415 - packages are imported in a worker only
    from matgl.apps.pes import Potential  # noqa: PLC0415
    from matgl.models import TensorNet  # noqa: PLC0415

    torch.manual_seed(spec.random_seed or 0)
    symbols = tuple(chemical_symbols[number] for number in sorted(MPTRJ))
    model = TensorNet(element_types=symbols, **spec.settings["architecture"])
    if spec.random_seed is not None:
        whole = Potential(model, calc_stresses=False)
        return TensornetPotential(whole.to(device).eval(), symbols, device)
    state = torch.load(spec.checkpoint, map_location="cpu", weights_only=True)
    references = state["element_refs.property_offset"]
    whole = Potential(model, element_refs=references, calc_stresses=False)
    whole.load_state_dict(state)
    potential = TensornetPotential(whole.to(device).eval(), symbols, device)
    if "reference" in spec.settings:
        require_reference(potential, spec.settings["reference"])
    return potential


def require_reference(potential: "TensornetPotential", reference: Mapping[str, Any]) -> None:
    """Refuse a potential that does not give the energy that its makers' package gives.

    Parameters
    ----------
    potential
        The loaded potential.
    reference
        `formula`, `crystal` and `a_ang` of a crystal as `ase.build.bulk` takes them, its
        `energy_ev_per_atom`, and `tolerance_ev_per_atom`.

    Raises
    ------
    ValueError
        States both energies.
    """
    atoms = bulk(reference["formula"], reference["crystal"], a=reference["a_ang"])
    (found,) = potential.evaluate([atoms])
    energy_ev_per_atom = found.energy_ev / len(atoms)
    expected = reference["energy_ev_per_atom"]
    if not abs(energy_ev_per_atom - expected) <= reference["tolerance_ev_per_atom"]:
        raise ValueError(
            f"{reference['formula']}: {energy_ev_per_atom:.4f} eV/atom, where these weights give "
            f"{expected:.4f}: this version of matgl reads them wrongly (4.1.2 does, 2.0.4 does not)"
        )


class TensornetPotential:
    """A TensorNet potential that evaluates a list of structures as one batch."""

    def __init__(self, potential: "Potential", symbols: tuple[str, ...], device: str) -> None:
        from matgl.ext._ase_pyg import Atoms2Graph  # noqa: PLC0415

        self.potential = potential
        self.cutoff_ang = float(potential.model.cutoff)
        self.device = device
        self.elements = MPTRJ
        self.n_parameters = sum(weights.numel() for weights in potential.parameters())
        self._converter = Atoms2Graph(symbols, self.cutoff_ang)

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        import torch  # noqa: PLC0415
        from torch_geometric.data import Batch  # noqa: PLC0415

        graphs, cells = zip(*(self._graph(atoms) for atoms in structures), strict=True)
        energies, forces, *_ = self.potential(
            Batch.from_data_list(list(graphs)).to(self.device), torch.cat(cells).to(self.device)
        )
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            EnergyForces(float(energy), rows)
            for energy, rows in zip(
                energies.detach().cpu().reshape(-1),
                np.split(forces.detach().cpu().numpy(), ends),
                strict=True,
            )
        ]

    def _graph(self, atoms: Atoms) -> "tuple[Data, Tensor]":
        graph, cell, _ = self._converter.get_graph(atoms)
        return graph, cell.reshape(1, 3, 3)
