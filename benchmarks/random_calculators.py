"""Calculators of families without an adapter, with seeded random weights, and their own batches.

It is imported in the family's interpreter, beside a candidate file: only NumPy and ASE are certain
to be there. `python random_calculators.py FAMILY` prints what the package's batch answers, and its
calculator one by one, as JSON.
"""

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


def nequip() -> Any:
    """Return NequIP: 4 layers of l = 3 without odd parity, sizes of our own."""
    from nequip.model import NequIPGNNModel

    return _of_the_framework(
        NequIPGNNModel, l_max=3, parity=False, num_layers=4, num_features=32
    )


def allegro() -> Any:
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
        AllegroModel, l_max=3, num_layers=2, radial_chemical_embed=embedding
    )


def _of_the_framework(builder: Callable[..., Any], **sizes: Any) -> Any:
    from nequip.integrations.ase import NequIPCalculator
    from nequip.integrations.utils import basic_transforms
    from nequip.utils.global_state import set_global_state

    set_global_state()
    model = builder(
        seed=0,
        model_dtype="float32",
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


def pet() -> Any:
    """Return PET of its package's default sizes, saved and loaded as a checkpoint is."""
    import tempfile

    import torch
    from metatrain.pet import PET
    from metatrain.utils.architectures import get_default_hypers
    from metatrain.utils.data import DatasetInfo
    from metatrain.utils.data.target_info import get_energy_target_info
    from upet.ase import UPETCalculator

    torch.manual_seed(0)
    energy = get_energy_target_info("energy", {"quantity": "energy", "unit": "eV"}, True)
    info = DatasetInfo("Angstrom", NUMBERS, {"energy": energy})
    model = PET(get_default_hypers("pet")["model"], info)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/random.ckpt"
        torch.save(model.get_checkpoint(), path)
        return UPETCalculator(checkpoint_path=path, device="cpu", dtype=torch.float32)


def _batch_of_pet(calculator: Any, structures: Sequence[Atoms]) -> list[Answer]:
    found = calculator.calculator.compute_energy(list(structures), compute_forces_and_stresses=True)
    return list(zip(map(float, found["energy"]), found["forces"], strict=True))


def matris() -> Any:
    """Return MatRIS of 10 layers and the package's own sizes: 10,379,664 parameters.

    The package's calculator loads by name alone: the name is answered with this model.
    """
    import torch
    from matris.applications.base import MatRISCalculator
    from matris.model import MatRIS

    torch.manual_seed(0)
    model = MatRIS(num_layers=10).eval()
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


def _split(found: Any, energy: str, force: str, structures: Sequence[Atoms]) -> list[Answer]:
    ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
    energies = found[energy].detach().double().reshape(-1).tolist()
    return list(zip(energies, np.split(found[force].detach().numpy(), ends), strict=True))


FAMILIES: dict[str, tuple[Callable[[], Any], Callable[[Any, Sequence[Atoms]], list[Answer]]]] = {
    "nequip": (nequip, _batch_of_the_framework),
    "allegro": (allegro, _batch_of_the_framework),
    "pet": (pet, _batch_of_pet),
    "matris": (matris, _batch_of_matris),
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


def main(family: str) -> None:
    """Print the answers in a batch and one by one."""
    make, batch = FAMILIES[family]
    calculator = make()
    found = [one_by_one(calculator, crystals()), batch(calculator, crystals())]
    lists = [
        [(energy, np.asarray(forces, float).tolist()) for energy, forces in one] for one in found
    ]
    sys.stdout.write(f"\n{json.dumps(lists)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
