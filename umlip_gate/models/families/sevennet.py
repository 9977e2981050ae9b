"""SevenNet (Park et al. 2024), through the package's own graphs and batches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from umlip_gate.models.potential import EnergyForces, LoadSpec

if TYPE_CHECKING:
    from sevenn.nn.sequential import AtomGraphSequential

PACKAGES = ("sevenn", "torch", "e3nn", "torch_geometric", "numpy", "ase")
DTYPES = ("float32",)
ATOMS_PER_BATCH = {"cpu": 32, "cuda": 4000}
"""On an H100, 4,000 atoms take 5.1 s for all of W-g and 8,000 take 5.0 s, with 25 GB."""


def load(spec: LoadSpec, device: str, dtype: str) -> "SevennetPotential":  # noqa: ARG001 - float32 only
    """Load a SevenNet checkpoint.

    Parameters
    ----------
    spec
        Its checkpoint; setting `modal` names the fidelity of a multi-fidelity model.
    device
        `cpu` or `cuda`.
    dtype
        SevenNet's published models compute in float32.
    """
    from sevenn.util import model_from_checkpoint  # noqa: PLC0415 - in a worker only

    model, config = model_from_checkpoint(str(spec.checkpoint))
    model.set_is_batch_data(True)
    return SevennetPotential(
        model.to(device).eval(), config["cutoff"], device, spec.settings.get("modal")
    )


class SevennetPotential:
    """A SevenNet model that evaluates a list of structures as one batch."""

    def __init__(
        self, model: "AtomGraphSequential", cutoff_ang: float, device: str, modal: str | None
    ) -> None:
        self.model = model
        self.cutoff_ang = cutoff_ang
        self.device = device
        self.modal = modal

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order.

        Raises
        ------
        ValueError
            An element that the model was not trained on, or a modal that it does not have.
        """
        from torch_geometric.data import Batch  # noqa: PLC0415

        output = self.model(
            Batch.from_data_list([self._graph(atoms) for atoms in structures]).to(self.device)
        )
        energies = output["inferred_total_energy"].detach().cpu().numpy().reshape(-1)
        forces = output["inferred_force"].detach().cpu().numpy()
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            EnergyForces(float(energy), rows)
            for energy, rows in zip(energies, np.split(forces, ends), strict=True)
        ]

    def _graph(self, atoms: Atoms) -> object:
        from sevenn.atom_graph_data import AtomGraphData  # noqa: PLC0415
        from sevenn.train.dataload import unlabeled_atoms_to_graph  # noqa: PLC0415

        unknown = set(atoms.symbols) - {_symbol(z) for z in self.model.type_map}
        if unknown:
            raise ValueError(f"the model was not trained on {', '.join(sorted(unknown))}")
        graph = AtomGraphData.from_numpy_dict(
            unlabeled_atoms_to_graph(atoms, self.cutoff_ang, with_shift=False)
        )
        if self.modal:
            graph["data_modality"] = self.modal
        return graph


def _symbol(atomic_number: int) -> str:
    from ase.data import chemical_symbols  # noqa: PLC0415

    return str(chemical_symbols[atomic_number])
