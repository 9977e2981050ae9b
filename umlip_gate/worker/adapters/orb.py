"""Orb-v2 and -v3 (Neumann et al. 2024, Rhodes et al. 2025), through the package's own batches.

Of Orb-v2, and of the models with "20" in their names, an atom's neighbours are the 20 nearest,
which cuts the third shell of a bcc lattice: on symmetric structures energy and forces then depend
on how the atoms lie to the axes and to the origin.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ase import Atoms

from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import Abilities, EnergyForces, LoadSpec

if TYPE_CHECKING:
    from orb_models.forcefield.conservative_regressor import ConservativeForcefieldRegressor
    from orb_models.forcefield.direct_regressor import DirectForcefieldRegressor

    Regressor: TypeAlias = ConservativeForcefieldRegressor | DirectForcefieldRegressor

PACKAGES = ("orb-models", "torch", "scipy", "numpy", "ase")
DTYPES = ("float32", "float64")
PRECISION = {"float32": "float32-high", "float64": "float64"}
"""What the package calls its default, and double precision."""

ATOMS_PER_BATCH = {"cpu": 32, "cuda": 4000}

ABILITIES = Abilities(
    isolated_atom="answers",
    lone_atom="answers",
    no_periodicity="answers",
    mixed_periodicity="refuses",
)

ARCHITECTURES = {
    "orb_v2": "orb_v2_architecture",
    "orb_mptraj_only_v2": "orb_v2_architecture",
    "orb_d3_v2": "orb_v2_architecture",
    "orb_d3_sm_v2": "orb_v2_architecture",
    "orb_d3_xs_v2": "orb_v2_architecture",
    "orb_v3_conservative_inf_omat": "orb_v3_conservative_architecture",
    "orb_v3_direct_20_omat": "orb_v3_direct_architecture",
}
"""What a user calls to load a model, and what the package makes it with before it has weights."""

GRADIENT = "grad_forces"
"""What a conservative model calls its forces."""

ACCELERATED = {"compile": True}
"""What `torch.compile` makes of the model must be the model."""

USED_HEADS = ("heads.energy.", "heads.forces.")


def load(spec: LoadSpec, device: str, dtype: str) -> "OrbPotential":
    """Load an Orb checkpoint, or its architecture with random weights.

    Parameters
    ----------
    spec
        Its checkpoint. Settings: `architecture` is the function of `orb_models`'s `pretrained`
        that a user calls, `num_message_passing_steps` the layers that it has, where that function
        does not say; `compile` whether it is compiled.
    device
        `cpu` or `cuda`.
    dtype
        In float32 the package lets a GPU multiply in TF32, as it does for a user.

    Raises
    ------
    ValueError
        The settings name no such model; the checkpoint lacks weights of the energy or the forces,
        which would stay random.
    """
    if spec.settings.get("architecture") not in ARCHITECTURES:
        raise ValueError(f"settings: architecture is one of {', '.join(ARCHITECTURES)}")
    if spec.random_seed is None:
        return _loaded(Path(str(spec.checkpoint)), spec, device, dtype)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "random.ckpt")
        _write_random(path, dict(spec.settings), spec.random_seed)
        return _loaded(path, spec, device, dtype)


def _write_random(path: Path, settings: dict[str, Any], seed: int) -> None:
    import torch  # noqa: PLC0415 - packages are imported in a worker only
    from orb_models.forcefield import pretrained  # noqa: PLC0415

    torch.manual_seed(seed)
    make = getattr(pretrained, ARCHITECTURES[settings.pop("architecture")])
    settings.pop("compile", None)
    model = make(**settings, device="cpu")
    torch.save(model.state_dict(), path)


def _loaded(path: Path, spec: LoadSpec, device: str, dtype: str) -> "OrbPotential":
    from orb_models.forcefield import pretrained  # noqa: PLC0415

    model = getattr(pretrained, spec.settings["architecture"])(
        weights_path=str(path.resolve()),
        device=device,
        precision=PRECISION[dtype],
        compile=spec.settings.get("compile", False),  # left open, it is: for 49 s on a CPU
    )
    _check_heads(path, model)
    return OrbPotential(model, device)


def _check_heads(path: Path, model: "Regressor") -> None:
    """Load once more: the package tells what is missing, but forgives it in a head."""
    import torch  # noqa: PLC0415
    from orb_models.forcefield.load import load_forcefield_state_dict  # noqa: PLC0415

    stored = torch.load(path, map_location="cpu", weights_only=True)
    missing = load_forcefield_state_dict(model, stored).missing_keys
    lost = sorted(name for name in missing if name.startswith(USED_HEADS))
    if lost:
        raise ValueError(
            f"{path}: {len(lost)} tensors of the model are not in it, the first {lost[0]}; they "
            "would stay random"
        )


class OrbPotential:
    """An Orb model that evaluates a list of structures as one batch."""

    def __init__(self, model: "Regressor", device: str) -> None:
        self.model = model
        self.device = device
        self.cutoff_ang = float(model.system_config.radius)
        self.elements = MPTRJ  # the package itself takes any, and even none (Z = 0)
        self.n_parameters = sum(weights.numel() for weights in model.parameters())

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        from orb_models.forcefield.atomic_system import ase_atoms_to_atom_graphs  # noqa: PLC0415
        from orb_models.forcefield.base import batch_graphs  # noqa: PLC0415

        graphs = [
            ase_atoms_to_atom_graphs(
                atoms, system_config=self.model.system_config, device=self.device
            )
            for atoms in structures
        ]
        output = self.model.predict(batch_graphs(graphs), split=True)
        rows = output[GRADIENT] if GRADIENT in output else output["forces"]
        return [
            EnergyForces(float(energy), forces.detach().cpu().numpy())
            for energy, forces in zip(output["energy"], rows, strict=True)
        ]
