"""Defect numbers of registered models beside DFT, from single points on refractory-mini's cells.

`python -m benchmarks.defect_numbers MODEL...` prints vacancy and surface energies, the {110} fault,
phases and mixing energies, as differences of total energies of the same unrelaxed cells. The cells
are small: the numbers compare models with the DFT of the same cells, and with nothing else.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import ase.io
import numpy as np
from ase import Atoms

from benchmarks.physics_seeds import evaluate
from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.models.prepare import prepare_model
from umlip_gate.models.registry import load_models
from umlip_gate.predictions.pool import Pool
from umlip_gate.settings import FIXTURES, Settings, mirror_folder

J_PER_M2 = 16.021766
"""Of an eV/Å²."""

Cells = dict[str, tuple[Atoms, float]]
"""Structure and total energy, eV, by the name of the configuration."""


def numbers(cells: Cells) -> dict[str, float]:
    """Return every number that the cells have, by its name and unit."""
    found: dict[str, float] = {}
    for name, (atoms, energy) in cells.items():
        element, _, kind = name.partition("-")
        bulk = [cells.get(f"{symbol}-volume-1.00") for symbol in atoms.symbols]
        if None in bulk or kind == "volume-1.00":
            continue
        excess = energy - sum(each[1] / len(each[0]) for each in bulk if each)
        area = float(np.linalg.norm(np.cross(*atoms.cell.array[:2])))
        if kind == "vacancy":
            found[f"{element} vacancy, eV"] = excess
        elif kind == "surface-ideal":
            found[f"{element} {{110}} surface, J/m²"] = excess / (2 * area) * J_PER_M2
        elif kind == "fault-0.50":
            found[f"{element} {{110}} fault, J/m²"] = excess / area * J_PER_M2
        elif kind.startswith("phase-"):
            found[f"{element} {kind.removeprefix('phase-')} - bcc, meV/atom"] = (
                1000 * excess / len(atoms)
            )
        elif kind == "b2":
            found[f"{element} B2 mixing, meV/atom"] = 1000 * excess / len(atoms)
    return found


def main(names: list[str]) -> None:
    """Print a row for each number, and a column for each model."""
    path = FIXTURES / "refractory_mini" / "refractory-mini.xyz"
    images = [a for a in ase.io.read(path, ":") if not {"H", "Mg"} & set(a.symbols)]
    labels = [atoms.info["name"] for atoms in images]
    dft = numbers({n: (a, a.get_potential_energy()) for n, a in zip(labels, images, strict=True)})
    table = {"DFT": dft}
    models = load_models(FIXTURES / "models")
    for name in names:
        own = [a for a in images if set(a.numbers.tolist()) <= models[name].elements]
        rows = [Row(atoms, np.nan, np.full((len(atoms), 3), np.nan)) for atoms in own]
        with TemporaryDirectory() as folder:
            settings = Settings(Path(folder), Path(folder) / "run", mirror_folder(), offline=True)
            live = prepare_model(models[name], "cpu", settings)
            with Pool(live.job, [None], Path(folder)) as pool:
                found = evaluate(pool, live.atoms_per_batch, Configurations.from_rows(rows))
        energies = zip([a.info["name"] for a in own], own, found.energies.tolist(), strict=True)
        table[name] = numbers({n: (atoms, energy) for n, atoms, energy in energies})
    sys.stdout.write(f"| number | {' | '.join(table)} |\n|---|{'---|' * len(table)}\n")
    for key in dft:
        values = [f"{column[key]:.2f}" if key in column else "" for column in table.values()]
        sys.stdout.write(f"| {key} | {' | '.join(values)} |\n")


if __name__ == "__main__":
    main(sys.argv[1:])
