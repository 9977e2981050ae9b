"""MACE (Batatia et al. 2022) and its foundation models, through the package's graphs and batches.

The ASE calculator always computes stress; the model itself does not have to. The calculator is
still what loads a checkpoint, converts it and chooses its head, as it does for a user.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from umlip_gate.worker.potential import Abilities, EnergyForces, LoadSpec

if TYPE_CHECKING:
    from mace.calculators import MACECalculator
    from mace.modules import ScaleShiftMACE

PACKAGES = ("mace-torch", "torch", "e3nn", "matscipy", "numpy", "ase")
DTYPES = ("float32", "float64")
ATOMS_PER_BATCH = {"cpu": 32, "cuda": 1000}
"""In float64 and per atom of W, MACE-MP-0 takes 24 MB and the others 12 MB (seen on a CPU)."""

RUNS_CHECKPOINT = True
"""A pickled model."""

ABILITIES = Abilities(
    isolated_atom="answers",
    lone_atom="answers",
    no_periodicity="answers",
    mixed_periodicity="answers",
)


def load(spec: LoadSpec, device: str, dtype: str) -> "MacePotential":
    """Load a MACE checkpoint, or an architecture with random weights.

    Parameters
    ----------
    spec
        Its checkpoint. Settings: `head` of a model with several; `architecture`, from which
        random weights are made, is the keyword arguments of `mace.modules.ScaleShiftMACE`, with
        irreducible representations, interaction blocks and the gate by their names.
    device
        `cpu` or `cuda`.
    dtype
        The weights are converted to it.

    Raises
    ------
    ValueError
        The model does not have the head; without this check, another head would answer.
    """
    # first of all: e3nn 0.4.4 is importable only with what the package sets in the environment
    from mace.calculators import MACECalculator  # noqa: PLC0415 - packages are imported in a worker

    source: dict[str, Any] = {"model_paths": spec.checkpoint and Path(spec.checkpoint)}
    if spec.random_seed is not None:
        source = {"models": _random(spec.settings["architecture"], spec.random_seed, dtype)}
    head = spec.settings.get("head")
    calculator = MACECalculator(
        **source, device=device, default_dtype=dtype, **({"head": head} if head else {})
    )
    if head and head not in calculator.available_heads:
        raise ValueError(f"no head {head!r}; the model has {', '.join(calculator.available_heads)}")
    return MacePotential(calculator)


def _random(architecture: dict[str, Any], seed: int, dtype: str) -> "ScaleShiftMACE":
    import torch  # noqa: PLC0415
    from e3nn.o3 import Irreps  # noqa: PLC0415
    from mace.modules import ScaleShiftMACE, gate_dict, interaction_classes  # noqa: PLC0415
    from mace.tools.torch_tools import default_dtype  # noqa: PLC0415

    sizes = dict(architecture)
    for name in ("hidden_irreps", "MLP_irreps"):
        sizes[name] = Irreps(sizes[name])
    for name in ("interaction_cls", "interaction_cls_first"):
        sizes[name] = interaction_classes[sizes[name]]
    sizes["gate"] = gate_dict[sizes["gate"]]
    elements = [z for first, last in sizes.pop("element_ranges") for z in range(first, last + 1)]
    torch.manual_seed(seed)
    with default_dtype(dtype):
        return ScaleShiftMACE(
            atomic_numbers=elements,
            num_elements=len(elements),
            atomic_energies=np.zeros((len(sizes.get("heads", [None])), len(elements))),
            **sizes,
        )


class MacePotential:
    """A MACE model that evaluates a list of structures as one batch."""

    def __init__(self, calculator: "MACECalculator") -> None:
        self.calculator = calculator
        (self.model,) = calculator.models
        self.cutoff_ang = float(calculator.r_max)
        self.elements = frozenset(int(z) for z in calculator.z_table.zs)
        self.n_parameters = sum(weights.numel() for weights in self.model.parameters())

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        from mace.tools.torch_geometric import Batch  # noqa: PLC0415
        from mace.tools.torch_tools import default_dtype  # noqa: PLC0415

        with default_dtype(self.calculator.default_dtype):
            batch = Batch.from_data_list([self._graph(atoms) for atoms in structures])
            output = self.model(batch.to(self.calculator.device).to_dict(), compute_stress=False)
        energies = output["energy"].detach().cpu().numpy()
        forces = output["forces"].detach().cpu().numpy()
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            EnergyForces(float(energy), rows)
            for energy, rows in zip(energies, np.split(forces, ends), strict=True)
        ]

    def _graph(self, atoms: Atoms) -> object:
        from mace.data import AtomicData, config_from_atoms  # noqa: PLC0415

        return AtomicData.from_config(
            config_from_atoms(atoms, head_name=self.calculator.head),
            z_table=self.calculator.z_table,
            cutoff=self.cutoff_ang,
            heads=self.calculator.available_heads,
        )
