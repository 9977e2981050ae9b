"""Calculators of families without an adapter, with seeded random weights, and their own batches.

It is imported in the family's interpreter, beside a candidate file: only NumPy and ASE are certain
to be there. `python random_calculators.py FAMILY DTYPE` prints what its calculator answers one
by one, and what the package's own batch does, as JSON.
"""

# ruff: noqa: ANN401, PLC0415 - packages that no environment of ours has

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import chemical_symbols

NUMBERS = [*range(1, 84), *range(89, 95)]
SYMBOLS = [chemical_symbols[number] for number in NUMBERS]
CUTOFF_ANG = 6.0
Answer = tuple[float, Any]
"""Energy, eV, and forces, shape (n_atoms, 3), eV/Å."""


def nequip(dtype: str) -> Any:
    """Return NequIP: 4 layers of l = 3 without odd parity, sizes of our own."""
    from nequip.model import NequIPGNNModel

    return _of_the_framework(
        NequIPGNNModel, dtype, l_max=3, parity=False, num_layers=4, num_features=32
    )


def allegro(dtype: str) -> Any:
    """Return Allegro: 2 layers of l = 3, sizes of our own."""
    from allegro.model import AllegroModel

    embedding = {
        "_target_": "allegro.nn.TwoBodyBesselScalarEmbed",
        "num_bessels": 8,
        "bessel_trainable": False,
        "polynomial_cutoff_p": 6,
        "module_output_dim": 64,
    }
    return _of_the_framework(
        AllegroModel, dtype, l_max=3, num_layers=2, radial_chemical_embed=embedding
    )


def _of_the_framework(builder: Callable[..., Any], dtype: str, **sizes: Any) -> Any:
    from nequip.integrations.ase import NequIPCalculator
    from nequip.integrations.utils import basic_transforms
    from nequip.utils.global_state import set_global_state

    set_global_state()
    model = builder(
        seed=0,
        model_dtype=dtype,
        r_max=CUTOFF_ANG,
        type_names=SYMBOLS,
        avg_num_neighbors=60.0,
        per_type_energy_scales=1.0,
        per_type_energy_shifts=0.0,
        **sizes,
    )
    names = {symbol: symbol for symbol in SYMBOLS}
    transforms = basic_transforms({}, CUTOFF_ANG, SYMBOLS, names)
    return NequIPCalculator(model=model.eval(), device="cpu", transforms=transforms)


def _batch_of_the_framework(calculator: Any, structures: Sequence[Atoms]) -> list[Answer]:
    from nequip.data import AtomicDataDict

    batch = AtomicDataDict.batched_from_list(
        [calculator.atoms_to_data(atoms) for atoms in structures]
    )
    return _split(calculator.model(batch), "total_energy", "forces", structures)


def pet(dtype: str) -> Any:
    """Return PET of its package's default sizes, saved and loaded as a checkpoint is."""
    import tempfile

    import torch
    from metatrain.pet import PET
    from metatrain.utils.architectures import get_default_hypers
    from metatrain.utils.data import DatasetInfo
    from metatrain.utils.data.target_info import get_energy_target_info
    from upet.ase import UPETCalculator

    torch.manual_seed(0)
    energy = get_energy_target_info(
        "energy", {"quantity": "energy", "unit": "eV"}, add_position_gradients=True
    )
    info = DatasetInfo("Angstrom", NUMBERS, {"energy": energy})
    model = PET(get_default_hypers("pet")["model"], info)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/random.ckpt"
        torch.save(model.get_checkpoint(), path)
        return UPETCalculator(checkpoint_path=path, device="cpu", dtype=dtype)


def _batch_of_pet(calculator: Any, structures: Sequence[Atoms]) -> list[Answer]:
    found = calculator.calculator.compute_energy(list(structures), compute_forces_and_stresses=True)
    return list(zip(map(float, found["energy"]), found["forces"], strict=True))


def matris(dtype: str) -> Any:
    """Return MatRIS of 10 layers and the package's own sizes: 10,379,664 parameters.

    The package's calculator loads by name alone: the name is answered with this model.
    """
    import torch
    from matris.applications.base import MatRISCalculator
    from matris.model import MatRIS

    if dtype != "float32":
        raise ValueError("MatRIS computes in float32")
    torch.manual_seed(0)
    model = MatRIS(num_layers=10, reference_energy="MPtrj").eval()
    MatRIS.load = classmethod(lambda *_, **__: model)
    return MatRISCalculator(task="ef", device="cpu")


def _batch_of_matris(calculator: Any, structures: Sequence[Atoms]) -> list[Answer]:
    from pymatgen.io.ase import AseAtomsAdaptor

    model = calculator.model
    graphs = [model.graph_converter(AseAtomsAdaptor.get_structure(atoms)) for atoms in structures]
    found = model(graphs, task="ef", is_training=False)
    sizes = [len(atoms) for atoms in structures]
    energies = found["e"].detach().reshape(-1).tolist()
    return [
        (energy * size, forces.detach().numpy())
        for energy, size, forces in zip(energies, sizes, found["f"], strict=True)
    ]


def tace(dtype: str) -> Any:
    """Return TACE of its package's default sizes, for 89 elements."""
    import copy

    import torch
    from tace.interface.ase import TACEAseCalc
    from tace.models import TensorModel
    from tace.models._e3nn.default import DEFAULT_MODEL_CONFIG
    from tace.models._e3nn.tace import e3nnTACE

    torch.manual_seed(0)
    statistics = {
        "atomic_numbers": NUMBERS,
        "avg_num_neighbors": 60.0,
        "atomic_energy": dict.fromkeys(NUMBERS, 0.0),
        "rms_forces": dict.fromkeys(NUMBERS, 1.0),
    }
    sizes = copy.deepcopy(DEFAULT_MODEL_CONFIG)
    network = e3nnTACE(**sizes, cutoff=CUTOFF_ANG, statistics=[statistics], max_neighbors=None)
    return TACEAseCalc(TensorModel(network), device="cpu", dtype=dtype)


def _batch_of_tace(calculator: Any, structures: Sequence[Atoms]) -> list[Answer]:
    from tace.dataset.graph import from_atoms
    from torch_geometric.loader import DataLoader

    for atoms in structures:
        atoms.info["fidelity_idx"] = calculator.fidelity_idx
    graphs = [
        from_atoms(
            calculator.element,
            atoms,
            calculator.cutoff,
            max_neighbors=calculator.max_neighbors,
            target_property=calculator.target_property,
            embedding_property=calculator.embedding_property,
            keyspec=calculator.keySpecification,
            training=False,
            neighborlist_backend=calculator.neighborlist_backend,
            dtype=calculator.dtype,
        )
        for atoms in structures
    ]
    batch = next(iter(DataLoader(graphs, batch_size=len(graphs), shuffle=False)))
    return _split(calculator.model(batch), "energy", "forces", structures)


def uma(dtype: str) -> Any:
    """Return UMA of the sizes of K4L2_1p2.yaml in fairchem's repository, with eight experts.

    The number of experts of uma-s-1p2 is not in that file; its head is the package's.
    """
    import tempfile

    import torch
    from fairchem.core import FAIRChemCalculator
    from fairchem.core.units.mlip_unit import MLIPPredictUnit
    from fairchem.core.units.mlip_unit.api.inference import (
        InferenceSettings,
        MLIPInferenceCheckpoint,
    )
    from hydra.utils import instantiate

    uma_package = "fairchem.core.models.uma"
    backbone = {
        "model": f"{uma_package}.escn_moe.eSCNMDMoeBackbone",
        "moe_dropout": 0.05,
        "num_experts": 8,
        "use_composition_embedding": True,
        "composition_dropout": 0.1,
        "max_num_elements": 100,
        "sphere_channels": 128,
        "lmax": 2,
        "mmax": 2,
        "otf_graph": True,
        "max_neighbors": 300,
        "cutoff": CUTOFF_ANG,
        "edge_channels": 128,
        "num_distance_basis": 32,
        "regress_forces": True,
        "regress_stress": False,
        "direct_forces": False,
        "num_layers": 4,
        "hidden_channels": 128,
        "ff_type": "spectral",
        "chg_spin_emb_type": "rand_emb",
        "cs_emb_grad": True,
        "dataset_mapping": {"omat": "omat"},
        "dataset_emb_grad": True,
        "charge_balanced_channels": [0, 1, 2],
    }
    head = {
        "module": f"{uma_package}.escn_moe.DatasetSpecificSingleHeadWrapper",
        "dataset_names": ["omat"],
        "head_cls": f"{uma_package}.escn_md.MLP_EFS_Head",
        "head_kwargs": {"wrap_property": False},
    }
    config = {
        "_target_": "fairchem.core.models.base.HydraModel",
        "backbone": backbone,
        "heads": {"efs": head},
        "pass_through_head_outputs": True,
        "model_id": "UMA-1.2",
    }
    torch.manual_seed(0)
    state = instantiate(config).state_dict()
    averaged = {f"module.{name}": value for name, value in state.items()}
    averaged["n_averaged"] = torch.tensor(1)
    checkpoint = MLIPInferenceCheckpoint(
        config, state, averaged, [_task("energy"), _task("forces")]
    )
    settings = InferenceSettings(tf32=False, base_precision_dtype=getattr(torch, dtype))
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/random.pt"
        torch.save(checkpoint, path)
        unit = MLIPPredictUnit(path, device="cpu", inference_settings=settings)
    return FAIRChemCalculator(unit, task_name="omat")


def _task(quantity: str) -> dict[str, Any]:
    of_atoms = quantity == "forces"
    return {
        "_target_": "fairchem.core.units.mlip_unit.mlip_unit.Task",
        "name": f"omat_{quantity}",
        "level": "atom" if of_atoms else "system",
        "property": quantity,
        "out_spec": {"dim": [3 if of_atoms else 1], "dtype": "float32"},
        "normalizer": {
            "_target_": "fairchem.core.modules.normalization.normalizer.Normalizer",
            "mean": 0.0,
            "rmsd": 1.0,
        },
        "datasets": ["omat"],
    }


def _batch_of_uma(calculator: Any, structures: Sequence[Atoms]) -> list[Answer]:
    from fairchem.core.datasets.atomic_data import atomicdata_list_to_batch

    batch = atomicdata_list_to_batch([calculator.a2g(atoms) for atoms in structures])
    return _split(calculator.predictor.predict(batch), "energy", "forces", structures)


def _split(found: Any, energy: str, force: str, structures: Sequence[Atoms]) -> list[Answer]:
    ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
    energies = found[energy].detach().double().reshape(-1).tolist()
    return list(zip(energies, np.split(found[force].detach().numpy(), ends), strict=True))


FAMILIES: dict[str, tuple[Callable[[str], Any], Callable[[Any, Sequence[Atoms]], list[Answer]]]] = {
    "nequip": (nequip, _batch_of_the_framework),
    "allegro": (allegro, _batch_of_the_framework),
    "pet": (pet, _batch_of_pet),
    "matris": (matris, _batch_of_matris),
    "tace": (tace, _batch_of_tace),
    "uma": (uma, _batch_of_uma),
}
"""The calculator of a family, and how its package evaluates several structures at once."""


def crystals() -> list[Atoms]:
    """Return four rattled crystals of two sizes, of tungsten and of four elements."""
    made = []
    for seed, repeat in ((1, 1), (2, 2), (3, 1), (4, 2)):
        atoms: Atoms = bulk("W", "bcc", a=3.165, cubic=True).repeat(repeat)
        atoms.rattle(0.08, seed=seed)
        if seed == 4:
            atoms.symbols[::4] = "Mo"
            atoms.symbols[1::4] = "Ta"
        made.append(atoms)
    return made


def one_by_one(calculator: Any, structures: Sequence[Atoms]) -> list[Answer]:
    """Return what the calculator answers."""
    answers = []
    for structure in structures:
        atoms = structure.copy()
        atoms.calc = calculator
        answers.append((float(atoms.get_potential_energy()), atoms.get_forces()))
    return answers


def main(family: str, dtype: str) -> None:
    """Print the answers in a batch and one by one."""
    make, batch = FAMILIES[family]
    calculator = make(dtype)
    found = [one_by_one(calculator, crystals()), batch(calculator, crystals())]
    lists = [
        [(energy, np.asarray(forces, float).tolist()) for energy, forces in one] for one in found
    ]
    sys.stdout.write(f"\n{json.dumps(lists)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
