"""SevenNet (Park et al. 2024), through the package's own graphs and batches."""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import Abilities, EnergyForces, LoadSpec

if TYPE_CHECKING:
    from sevenn.nn.sequential import AtomGraphSequential

PACKAGES = ("sevenn", "torch", "e3nn", "torch_geometric", "numpy", "ase")
DTYPES = ("float32",)
ATOMS_PER_BATCH = {"cpu": 32, "cuda": 4000}
"""On an H100, 4,000 atoms take 5.1 s for all of W-g and 8,000 take 5.0 s, with 25 GB."""

WORKERS_PER_GPU, GIB_PER_WORKER = 4, 13.0
"""On an H200 with 16 cores W-g takes 3.0 s with 4 workers, 6.3 s with one."""

MULTI_FIDELITY = {
    "version": "0.13.0",
    "radial_basis": {"radial_basis_name": "bessel", "bessel_basis_num": 8},
    "cutoff_function": {"cutoff_function_name": "XPLOR", "cutoff_on": 5.5},
    "use_modality": True,
    "use_modal_self_inter_intro": True,
    "use_modal_self_inter_outro": True,
    "use_modal_output_block": True,
    "use_modal_wise_shift": True,
    "use_modal_wise_scale": False,
}
"""What the input files of SevenNet-MF-ompa and -Omni-i12 share, in Matbench Discovery's cards."""

NEIGHBOURS = 60.0
"""The typical number within 6 Å; the published models' is not known."""

ABILITIES = Abilities(
    isolated_atom="answers",
    lone_atom="answers",
    no_periodicity="answers",
    mixed_periodicity="answers",
)


def load(spec: LoadSpec, device: str, dtype: str) -> "SevennetPotential":  # noqa: ARG001 - float32 only
    """Load a SevenNet checkpoint, or its architecture with random weights.

    Parameters
    ----------
    spec
        Its checkpoint. Settings: `modal` names the fidelity of a multi-fidelity model;
        `architecture`, from which random weights are made where there is no checkpoint, is keys of
        the package's input file, and `modals`, the fidelities in their order.
    device
        `cpu` or `cuda`.
    dtype
        SevenNet's published models compute in float32.

    Raises
    ------
    ValueError
        The checkpoint holds more than tensors, arrays and plain values.
    """
    import torch  # noqa: PLC0415 - packages are imported in a worker only

    if spec.checkpoint is None:
        model, config = _untrained(dict(spec.settings["architecture"]))
    else:
        model, config = _trained(spec.checkpoint)
    if spec.random_seed is not None:
        torch.manual_seed(spec.random_seed)
        for weights in model.parameters():
            if weights.requires_grad:
                torch.nn.init.normal_(weights)  # as e3nn initialises; scale and shift stay
    model.set_is_batch_data(True)
    return SevennetPotential(
        model.to(device).eval(), config["cutoff"], device, spec.settings.get("modal")
    )


def _trained(checkpoint: Path) -> tuple["AtomGraphSequential", dict[str, Any]]:
    """Load a checkpoint without running what it may hold; `sevenn` 0.13 itself would."""
    import torch  # noqa: PLC0415
    from sevenn import checkpoint as reader  # noqa: PLC0415
    from sevenn.util import model_from_checkpoint  # noqa: PLC0415

    def load(path: str, **_: object) -> dict[str, Any]:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return content

    try:
        with patch.object(reader, "torch_load", load), torch.serialization.safe_globals(_arrays()):
            model, config = model_from_checkpoint(str(checkpoint))
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{checkpoint} holds more than tensors, arrays and plain values, which would run as "
            "code; save it again with its state and configuration alone"
        ) from error
    return model, config


def _arrays() -> list[Any]:
    """Return what a configuration holds of NumPy, by the names of before and after version 2."""
    reconstruct = np.zeros(0).__reduce__()[0]
    names = [(reconstruct, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")]
    return [*names, np.ndarray, np.dtype, *(type(np.dtype(code)) for code in ("f8", "f4", "i8"))]


def _untrained(architecture: dict[str, Any]) -> tuple["AtomGraphSequential", dict[str, Any]]:
    """Build an architecture with a place for every element, as multi-fidelity models have it."""
    from sevenn import _const, _keys  # noqa: PLC0415
    from sevenn.model_build import build_E3_equivariant_model  # noqa: PLC0415
    from sevenn.util import chemical_species_preprocess  # noqa: PLC0415

    modals = architecture.pop("modals")
    species = chemical_species_preprocess([], universal=True)
    n_species, n_layers = species[_keys.NUM_SPECIES], len(architecture["irreps_manual"]) - 1
    config = {
        **_const.DEFAULT_E3_EQUIVARIANT_MODEL_CONFIG,
        **species,
        **MULTI_FIDELITY,
        **architecture,
        _keys.NUM_CONVOLUTION: n_layers,
        _keys.MODAL_MAP: {modal: place for place, modal in enumerate(modals)},
        _keys.NUM_MODALITIES: len(modals),
        _keys.SHIFT: [[0.0] * n_species] * len(modals),
        _keys.SCALE: [1.0] * n_species,
        _keys.CONV_DENOMINATOR: [NEIGHBOURS] * n_layers,
    }
    return build_E3_equivariant_model(config), config


class SevennetPotential:
    """A SevenNet model that evaluates a list of structures as one batch."""

    def __init__(
        self, model: "AtomGraphSequential", cutoff_ang: float, device: str, modal: str | None
    ) -> None:
        self.model = model
        self.cutoff_ang = cutoff_ang
        self.device = device
        self.modal = modal
        places = frozenset(int(z) for z in model.type_map)
        self.elements = MPTRJ if 0 in places else places  # a place for each, 89 of them trained
        self.n_parameters = sum(
            weights.numel() for weights in model.parameters() if weights.requires_grad
        )

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        output = self._predict(structures)
        energies = output["inferred_total_energy"].detach().cpu().numpy().reshape(-1)
        forces = output["inferred_force"].detach().cpu().numpy()
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            EnergyForces(float(energy), rows)
            for energy, rows in zip(energies, np.split(forces, ends), strict=True)
        ]

    def stresses(self, structures: Sequence[Atoms]) -> list[NDArray[np.floating[Any]]]:
        """Stresses of periodic structures, each of shape (3, 3), eV/Å³.

        The package's are of the other sign, in the order xx, yy, zz, xy, yz, zx.
        """
        found = -self._predict(structures)["inferred_stress"].detach().cpu().numpy().reshape(-1, 6)
        return list(found[:, [[0, 3, 5], [3, 1, 4], [5, 4, 2]]])

    def _predict(self, structures: Sequence[Atoms]) -> Any:  # noqa: ANN401 - tensors by name
        from torch_geometric.data import Batch  # noqa: PLC0415

        return self.model(
            Batch.from_data_list([self._graph(atoms) for atoms in structures]).to(self.device)
        )

    def _graph(self, atoms: Atoms) -> object:
        from sevenn.atom_graph_data import AtomGraphData  # noqa: PLC0415
        from sevenn.train.dataload import unlabeled_atoms_to_graph  # noqa: PLC0415

        graph = AtomGraphData.from_numpy_dict(
            unlabeled_atoms_to_graph(atoms, self.cutoff_ang, with_shift=False)
        )
        if self.modal:
            graph["data_modality"] = self.modal
        return graph
