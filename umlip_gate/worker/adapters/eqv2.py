"""EquiformerV2 of OMat24 (Barroso-Luque et al. 2024), through fairchem-core 1.10's OCPCalculator.

Version 2 of fairchem-core has no eqV2. The calculator loads and evaluates; of its outputs the
energy and the forces are asked for, the stress is not (its head runs all the same).
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from ase import Atoms

from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import Abilities, EnergyForces, LoadSpec
from umlip_gate.worker.scatter_stand_in import stand_in
from umlip_gate.worker.tensors import require_same

if TYPE_CHECKING:
    import torch
    from fairchem.core.common.relaxation.ase_utils import OCPCalculator

PACKAGES = (
    "fairchem-core",
    "torch",
    "torch-geometric",
    "torch-scatter",
    "e3nn",
    "scipy",
    "numpy",
    "ase",
)
"""torch-scatter is absent where its stand-in serves."""

DTYPES = ("float32",)
ATOMS_PER_BATCH = {"cpu": 32, "cuda": 500}
"""On a CPU, 31M takes 45 MB per atom of bulk W and the larger ones about twice that."""

RUNS_CHECKPOINT = True
"""`fairchem-core` 1.10 wrote more than tensors into it."""

ABILITIES = Abilities(
    isolated_atom="refuses",
    lone_atom="refuses",
    no_periodicity="answers",
    mixed_periodicity="answers",
)
"""The stress head needs a neighbour of the last atom; a lone atom elsewhere goes unnoticed."""

OUTPUTS = ("energy", "forces")

PARALLEL = r"^(module\.)+"
"""Before the names of tensors of a model that was trained on several GPUs."""

DIRECTION = (0.41, 0.23, -0.13)
"""Any will do; this one is along no axis of symmetry and in no plane of it."""


def load(spec: LoadSpec, device: str, dtype: str) -> "Eqv2Potential":  # noqa: ARG001 - float32 only
    """Load an eqV2 checkpoint, or its architecture with random weights.

    Parameters
    ----------
    spec
        Its checkpoint; for random weights the settings `layers`, `lmax` and `mmax`, in which
        the sizes of eqV2 differ.
    device
        `cpu` or `cuda`.
    dtype
        eqV2's published models compute in float32.

    Raises
    ------
    ValueError
        There is no GPU; the checkpoint's tensors are not those of the model that it describes.
    """
    import torch  # noqa: PLC0415 - packages are imported in a worker only

    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("this torch sees no GPU")  # the package would take the CPU
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"  # as in fairchem-core's own torch 2.4
    stand_in()
    if spec.random_seed is None:
        return Eqv2Potential(_calculator(spec.checkpoint, device))
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "random.pt"
        write_random(checkpoint, spec.random_seed, spec.settings)
        return Eqv2Potential(_calculator(checkpoint, device))


def _calculator(checkpoint: Path | None, device: str) -> "OCPCalculator":
    from fairchem.core.common.relaxation.ase_utils import (  # noqa: PLC0415 - in a worker only
        OCPCalculator,
    )

    calculator = OCPCalculator(
        checkpoint_path=checkpoint, cpu=device == "cpu", seed=0, only_output=list(OUTPUTS)
    )
    _check_tensors(Path(str(checkpoint)), calculator)
    return calculator


def _check_tensors(path: Path, calculator: "OCPCalculator") -> None:
    """Compare names: a checkpoint's own configuration may ask the package not to be strict."""
    import torch  # noqa: PLC0415

    names = (
        torch.load(path, map_location="cpu", weights_only=False)["state_dict"],
        calculator.trainer.model.state_dict(),
    )
    stored, expected = ([re.sub(PARALLEL, "", name) for name in each] for each in names)
    require_same(path.name, stored, expected)


class Eqv2Potential:
    """An eqV2 model that evaluates a list of structures as one batch.

    The model lays a coordinate frame on each bond, turned about the bond at random at every
    evaluation; as its activations are sampled on a grid, the answer depends a little on that.
    Here the turn is the same for the same bond, so that the answer depends on the structure
    alone; the difference from the calculator is what the calculator differs by from itself.
    """

    def __init__(self, calculator: "OCPCalculator") -> None:
        self.calculator = calculator
        backbone = calculator.trainer.model.backbone
        backbone._init_edge_rot_mat = _frames  # noqa: SLF001 - where the package draws at random
        self.cutoff_ang = float(backbone.cutoff)
        self.elements = MPTRJ
        self.n_parameters = sum(
            weights.numel() for weights in calculator.trainer.model.parameters()
        )

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        from fairchem.core.datasets import data_list_collater  # noqa: PLC0415

        batch = data_list_collater(
            [self.calculator.a2g.convert(atoms) for atoms in structures], otf_graph=True
        )
        output = self.calculator.trainer.predict(batch, per_image=False, disable_tqdm=True)
        energies, forces = (output[name].cpu().numpy() for name in OUTPUTS)
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            EnergyForces(float(energy), rows)
            for energy, rows in zip(energies.reshape(-1), np.split(forces, ends), strict=True)
        ]


def _frames(_data: object, _edge_index: object, bonds: "torch.Tensor") -> "torch.Tensor":
    """Return the package's frames of bonds, with one direction in place of random ones."""
    from fairchem.core.models.equiformer_v2.edge_rot_mat import (  # noqa: PLC0415
        init_edge_rot_mat,
    )

    def same(like: "torch.Tensor") -> "torch.Tensor":
        return like.new_tensor(DIRECTION).add(0.5).expand_as(like)  # the package subtracts 0.5

    with patch("torch.rand_like", same):
        return init_edge_rot_mat(bonds)


def write_random(checkpoint: Path, seed: int, settings: dict[str, Any]) -> None:
    """Write a checkpoint of random weights, as fairchem-core's trainer writes one.

    Parameters
    ----------
    checkpoint
        The file to write.
    seed
        Of the weights.
    settings
        `layers`, `lmax` and `mmax`.
    """
    import torch  # noqa: PLC0415
    from fairchem.core.common.registry import registry  # noqa: PLC0415
    from fairchem.core.common.utils import setup_imports  # noqa: PLC0415

    setup_imports()
    torch.manual_seed(seed)
    model = registry.get_model_class("hydra")(**architecture(**settings))
    config = {
        "trainer": "ocp",
        "model": {"name": "hydra", **architecture(**settings)},
        "dataset": {"src": ""},
        "outputs": {"energy": {"level": "system"}, "forces": {"level": "atom"}},
        "loss_functions": [{"energy": {}}],  # one at least, or it counts as an older format
        "evaluation_metrics": {},
        "optim": {},
    }
    torch.save({"config": config, "state_dict": model.state_dict(), "normalizers": {}}, checkpoint)


def architecture(layers: int, lmax: int, mmax: int) -> dict[str, Any]:
    """Return the published hyperparameters, of which three make the size."""
    return {
        "pass_through_head_outputs": True,
        "otf_graph": True,
        "backbone": {
            "model": "equiformer_v2_backbone",
            "num_layers": layers,
            "lmax_list": [lmax],
            "mmax_list": [mmax],
            "use_pbc": True,
            "use_pbc_single": True,
            "max_neighbors": 20,
            "enforce_max_neighbors_strictly": False,
            "max_radius": 12.0,
            "max_num_elements": 96,
            "avg_num_nodes": 31.17,
            "avg_degree": 61.95,
            "sphere_channels": 128,
            "attn_hidden_channels": 64,
            "num_heads": 8,
            "attn_alpha_channels": 64,
            "attn_value_channels": 16,
            "ffn_hidden_channels": 128,
            "norm_type": "layer_norm_sh",
            "grid_resolution": 18,
            "edge_channels": 128,
            "attn_activation": "silu",
            "ffn_activation": "silu",
            "use_grid_mlp": True,
            "weight_init": "uniform",
        },
        "heads": {
            "energy": {"module": "equiformer_v2_energy_head"},
            "forces": {"module": "equiformer_v2_force_head"},
            "stress": {
                "module": "rank2_symmetric_head",
                "output_name": "stress",
                "use_source_target_embedding": True,
                "decompose": True,
            },
        },
    }
