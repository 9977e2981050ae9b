"""DPA3 (Zhang et al. 2025), through DeePMD-kit's ASE calculator."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ase import Atoms
from ase.data import chemical_symbols

from umlip_gate.worker.elements import MPTRJ
from umlip_gate.worker.potential import ANSWERS, CalculatorPotential, EnergyForces, LoadSpec
from umlip_gate.worker.tensors import require_same
from umlip_gate.worker.vacuum import enclosed

if TYPE_CHECKING:
    from deepmd.calculator import DP

PACKAGES = ("deepmd-kit", "torch", "e3nn", "numpy", "ase")
DTYPES = ("float32",)
"""The precision is part of a model; both of Table 1 compute in float32."""

ATOMS_PER_BATCH = {"cpu": 1, "cuda": 1}
"""The calculator takes one structure at a time; each atom takes up to 150 MB."""

ABILITIES = ANSWERS
"""The package makes a slab periodic: this adapter gives it enough vacuum before."""

FROZEN = ".pth"
MODEL_SUFFIXES = (".pt", FROZEN)
MACOS_FORKS = "__MACOSX/"


def load(spec: LoadSpec, device: str, dtype: str) -> "Dpa3Potential":  # noqa: ARG001 - float32 only
    """Load a DPA3 model, or its architecture with random weights.

    Parameters
    ----------
    spec
        The model, or the archive that has it; for random weights the settings `layers`, `n_dim`,
        `e_dim` and `a_dim`, in which the models differ.
    device
        `cpu` or `cuda`.
    dtype
        DPA3's models of Table 1 compute in float32.

    Raises
    ------
    ValueError
        There is no GPU; there is no model, or more than one, in the archive; a checkpoint's
        tensors are not those of the model that it describes.
    """
    import torch  # noqa: PLC0415 - packages are imported in a worker only

    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("this torch sees no GPU")  # the package would take the CPU
    os.environ["DP_INTRA_OP_PARALLELISM_THREADS"] = "1"
    os.environ["DP_INTER_OP_PARALLELISM_THREADS"] = "1"
    os.environ["DEVICE"] = "cpu" if device == "cpu" else ""
    from deepmd.calculator import DP  # noqa: PLC0415 - after its environment variables

    with TemporaryDirectory() as scratch:
        if spec.random_seed is not None:
            model = Path(scratch) / "random.pt"
            _write_random(model, spec.random_seed, spec.settings)
        else:
            model = _unpacked(Path(str(spec.checkpoint)), Path(scratch))
        calculator = DP(model=str(model))
        if model.suffix != FROZEN:
            _check_tensors(model, calculator)
        return Dpa3Potential(calculator)


def _unpacked(checkpoint: Path, scratch: Path) -> Path:
    if checkpoint.suffix in MODEL_SUFFIXES:  # themselves zip archives
        return checkpoint
    with zipfile.ZipFile(checkpoint) as archive:
        found = [
            name
            for name in archive.namelist()
            if name.endswith(MODEL_SUFFIXES) and not name.startswith(MACOS_FORKS)
        ]
        if len(found) != 1:
            raise ValueError(f"{checkpoint.name}: {len(found)} models in the archive, expected 1")
        return Path(archive.extract(found[0], scratch))


def _check_tensors(path: Path, calculator: "DP") -> None:
    """Compare names: the package loads a checkpoint with `strict=False`, and only logs."""
    import torch  # noqa: PLC0415

    stored = torch.load(path, map_location="cpu")["model"]
    require_same(path.name, stored, calculator.dp.deep_eval.dp.state_dict())


class Dpa3Potential(CalculatorPotential):
    """A DPA3 model, asked for one structure after the other."""

    def __init__(self, calculator: "DP") -> None:
        model = calculator.dp.deep_eval.dp
        self.vacuum_ang = float(calculator.dp.get_rcut())
        super().__init__(
            calculator,
            cutoff_ang=self.vacuum_ang,
            elements=MPTRJ,  # the model has places for 118
            n_parameters=sum(weights.numel() for weights in model.parameters()),
        )

    def evaluate(self, structures: Sequence[Atoms]) -> list[EnergyForces]:
        """Energies and forces of structures, in their order."""
        return super().evaluate([enclosed(atoms, self.vacuum_ang) for atoms in structures])


def _write_random(file: Path, seed: int, settings: dict[str, Any]) -> None:
    """Write a checkpoint of random weights, as DeePMD-kit's trainer writes one."""
    import torch  # noqa: PLC0415
    from deepmd.pt.model.model import get_model  # noqa: PLC0415
    from deepmd.pt.train.wrapper import ModelWrapper  # noqa: PLC0415
    from deepmd.utils.argcheck import model_args  # noqa: PLC0415

    layers, n_dim, e_dim, a_dim = (settings[key] for key in ("layers", "n_dim", "e_dim", "a_dim"))
    parameters = model_args().normalize_value(
        {
            "type_map": chemical_symbols[1:119],
            "descriptor": {
                "type": "dpa3",
                "repflow": {
                    "nlayers": layers,
                    "n_dim": n_dim,
                    "e_dim": e_dim,
                    "a_dim": a_dim,
                    "e_rcut": 6.0,
                    "e_rcut_smth": 5.3,
                    "e_sel": 120,
                    "a_rcut": 4.0,
                    "a_rcut_smth": 3.5,
                    "a_sel": 30,
                    "axis_neuron": 4,
                    "fix_stat_std": 0.3,
                    "a_compress_rate": 1,
                    "a_compress_e_rate": 2,
                    "a_compress_use_split": True,
                    "update_angle": True,
                    "update_style": "res_residual",
                    "update_residual": 0.1,
                    "update_residual_init": "const",
                    "smooth_edge_update": True,
                },
                "activation_function": "silut:10.0",
                "use_tebd_bias": False,
                "precision": "float32",
                "concat_output_tebd": False,
                "seed": seed,
            },
            "fitting_net": {
                "type": "ener",
                "neuron": [240, 240, 240],
                "resnet_dt": True,
                "precision": "float32",
                "activation_function": "silut:10.0",
                "seed": seed,
            },
        },
        trim_pattern="_*",
    )
    torch.manual_seed(seed)
    wrapper = ModelWrapper(get_model(parameters), model_params=parameters)
    torch.save({"model": wrapper.state_dict()}, file)
