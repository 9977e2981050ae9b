"""MatterSim v1 (Yang et al. 2024), an M3GNet, through the package's own graphs and batches.

The ASE calculator takes one structure at a time and computes stress by default; a batch of graphs
without stress gives the same energies and forces.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.build import bulk

from umlip_gate.worker.potential import ANSWERS, EnergyForces, LoadSpec
from umlip_gate.worker.tensors import require_same
from umlip_gate.worker.vacuum import enclosed

if TYPE_CHECKING:
    from mattersim.forcefield.potential import Potential

PACKAGES = ("mattersim", "torch", "torch_geometric", "pymatgen", "numpy", "ase")
DTYPES = ("float32",)
"""The package builds its graphs in float32."""

ATOMS_PER_BATCH = {"cpu": 32, "cuda": 2000}
"""Not measured on a GPU; where memory runs out the batch is halved."""

ABILITIES = ANSWERS
"""Without periodicity the package takes a box of its own, with 25 Å of vacuum."""

CONSTANT = ("rbf.", "sbf.")
"""Tensors of the fixed radial and angular bases, which the sizes determine."""

ENCLOSING_ANG = 1.0
"""The package wraps atoms into the cell in every direction, periodic or not."""

SAME_SHARE = 1e-4
"""Of the largest force, by which a batch may differ from its structures one by one: 1.2.3 differs
by 4e-7 and 1.2.5 by 1e-2, with random weights."""


def load(spec: LoadSpec, device: str, dtype: str) -> "MattersimPotential":  # noqa: ARG001 - float32 only
    """Load a MatterSim checkpoint, or its architecture with random weights.

    Parameters
    ----------
    spec
        Its checkpoint; for random weights, the settings are M3Gnet's sizes.
    device
        `cpu` or `cuda`.
    dtype
        MatterSim computes in float32.

    Raises
    ------
    ValueError
        The checkpoint's tensors are not those of the model that it describes; this version of
        the package is wrong for several structures at once.
    """
    import torch  # noqa: PLC0415 - packages are imported in a worker only
    from mattersim.forcefield.m3gnet.m3gnet import M3Gnet  # noqa: PLC0415
    from mattersim.forcefield.potential import Potential  # noqa: PLC0415

    if spec.random_seed is not None:
        torch.manual_seed(spec.random_seed)
        network = M3Gnet(device=device, **spec.settings).eval()
        return _with_sound_batches(MattersimPotential(Potential(network, device=device), device))
    path = Path(str(spec.checkpoint)).resolve()  # a bare name would be downloaded instead
    potential = Potential.from_checkpoint(str(path), device=device, load_training_state=False)
    _check_tensors(path, potential)
    return _with_sound_batches(MattersimPotential(potential, device))


def _with_sound_batches(potential: "MattersimPotential") -> "MattersimPotential":
    """Refuse mattersim 1.2.5, whose batches mix up angles (microsoft/mattersim#163)."""
    crystals = [bulk("W", "bcc", a=3.165, cubic=True) for _ in range(2)]
    for seed, atoms in enumerate(crystals):
        atoms.rattle(0.1, seed=seed)
    together = potential.evaluate(crystals)
    alone = [potential.evaluate([atoms])[0] for atoms in crystals]
    forces, expected = (
        np.concatenate([result.forces_ev_per_ang for result in results])
        for results in (together, alone)
    )
    share = float(np.abs(forces - expected).max() / np.abs(expected).max())
    if not share <= SAME_SHARE:
        raise ValueError(
            f"two structures in a batch have forces that differ by {share:.1g} of the largest from "
            "those of each alone: this version of mattersim is wrong for batches (1.2.5 is, 1.2.3 "
            "is not; https://github.com/microsoft/mattersim/issues/163)"
        )
    return potential


def _check_tensors(path: Path, potential: "Potential") -> None:
    """Compare names: the package loads with `strict=False`."""
    import torch  # noqa: PLC0415

    names = torch.load(path, map_location="cpu")["model"], potential.model.state_dict()
    stored, expected = ([name for name in each if not name.startswith(CONSTANT)] for each in names)
    require_same(path.name, stored, expected)


class MattersimPotential:
    """A MatterSim model that evaluates a list of structures as one batch."""

    def __init__(self, potential: "Potential", device: str) -> None:
        sizes = potential.model.model_args
        self.potential = potential
        self.device = device
        self.cutoff_ang = float(sizes["cutoff"])
        self.threebody_cutoff_ang = float(sizes["threebody_cutoff"])
        self.elements = frozenset(range(1, sizes["max_z"] + 1))
        self.n_parameters = sum(
            weights.numel() for weights in potential.model.parameters() if weights.requires_grad
        )

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        from mattersim.datasets.utils.build import build_dataloader  # noqa: PLC0415
        from mattersim.forcefield.potential import batch_to_dict  # noqa: PLC0415

        (graphs,) = build_dataloader(
            [enclosed(atoms, ENCLOSING_ANG) for atoms in structures],
            cutoff=self.cutoff_ang,
            threebody_cutoff=self.threebody_cutoff_ang,
            batch_size=len(structures),
            only_inference=True,
        )
        output = self.potential.forward(
            batch_to_dict(graphs, device=self.device), include_forces=True, include_stresses=False
        )
        energies = output["total_energy"].detach().cpu().numpy()
        forces = output["forces"].detach().cpu().numpy()
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            EnergyForces(float(energy), rows)
            for energy, rows in zip(energies, np.split(forces, ends), strict=True)
        ]
