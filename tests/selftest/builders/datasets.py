"""Small datasets in every format, made up for the tests."""

import gzip
import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from umlip_gate.datasets.configurations import FloatArray, Row
from umlip_gate.datasets.registry import Dataset
from umlip_gate.settings import Settings

TYPES = ("W", "Ta", "Mo")


def made_rows(n: int, seed: int = 0) -> list[Row]:
    """n configurations of 1 to 4 atoms; their numbers are exact in 8 decimals."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        n_atoms = int(rng.integers(1, 5))
        atoms = Atoms(
            symbols=rng.choice(TYPES, n_atoms),
            # eighths: every format, also by way of fractional coordinates, gives them back
            positions=rng.integers(0, 32, (n_atoms, 3)) / 8,
            cell=np.diag([4.0, 8.0, 4.0]),
            pbc=True,
        )
        forces = rng.integers(-800, 800, (n_atoms, 3)) / 64
        made.append(Row(atoms, float(rng.integers(-9000, 0)) / 64, forces))
    return made


def forces_of(row: Row) -> FloatArray:
    """The forces of a row that has some."""
    assert row.forces is not None
    return row.forces


def write_pickle(path: Path, rows: Sequence[Row]) -> None:
    path.write_bytes(gzip.compress(pickle.dumps(frame_of(rows))))


def frame_of(rows: Sequence[Row], **columns: "Sequence[object] | pd.Series[Any]") -> pd.DataFrame:
    """A frame as the paper's group pickles them: no string dtype, forces as nested lists."""
    usual = {
        "ase_atoms": [row.atoms for row in rows],
        "energy": [row.energy_ev for row in rows],
        "forces": [forces_of(row).tolist() for row in rows],
    }
    frame = pd.DataFrame(usual | columns)
    frame.columns = frame.columns.astype(object)
    return frame


def write_mvl(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(json.dumps([mvl_record(row) for row in rows]))


def mvl_record(row: Row) -> dict[str, object]:
    sites = zip(row.atoms.symbols, row.atoms.get_scaled_positions(wrap=False), strict=True)
    return {
        "params": {"e_cut": 520},
        "structure": {
            "lattice": {"matrix": row.atoms.cell.array.tolist()},
            "sites": [
                {"species": [{"element": symbol, "occu": 1}], "abc": abc.tolist()}
                for symbol, abc in sites
            ],
        },
        "num_atoms": len(row.atoms),
        "outputs": {"energy": row.energy_ev, "forces": forces_of(row).tolist()},
    }


def write_extxyz(path: Path, rows: Sequence[Row]) -> None:
    images = [row.atoms.copy() for row in rows]
    for image, row in zip(images, rows, strict=True):
        image.calc = SinglePointCalculator(image, energy=row.energy_ev, forces=row.forces)
    write(path, images, format="extxyz")


def write_cfg(path: Path, rows: Sequence[Row]) -> None:
    path.write_text("".join(cfg_record(row) for row in rows))


def cfg_record(row: Row) -> str:
    atoms = "\n".join(
        f"  {i} {TYPES.index(symbol)} {x} {y} {z} {fx} {fy} {fz}"
        for i, (symbol, (x, y, z), (fx, fy, fz)) in enumerate(
            zip(row.atoms.symbols, row.atoms.positions, forces_of(row), strict=True), 1
        )
    )
    supercell = "\n".join("  " + " ".join(map(str, vector)) for vector in row.atoms.cell.array)
    return f"""BEGIN_CFG
 Size
    {len(row.atoms)}
 Supercell
{supercell}
 AtomData:  id type       cartes_x      cartes_y      cartes_z           fx          fy          fz
{atoms}
 Energy
    {row.energy_ev}
 PlusStress:  xx          yy          zz          yz          xz          xy
     1.0 2.0 3.0 0.0 0.0 0.0
 Feature   EFS_by       VASP
END_CFG

"""


WRITERS: dict[str, Callable[[Path, Sequence[Row]], None]] = {
    "pickle": write_pickle,
    "mvl-json": write_mvl,
    "extxyz": write_extxyz,
    "mtp-cfg": write_cfg,
}


def made_dataset(*paths: Path, **changes: object) -> Dataset:
    """A dataset of files that somebody brings, extxyz unless another reader is given."""
    entry: dict[str, object] = {
        "id": "made",
        "title": "made up",
        "elements": TYPES,
        "files": [{"path": path} for path in paths],
        "reader": "extxyz",
        "types": TYPES if changes.get("reader") == "mtp-cfg" else (),
    }
    return Dataset.model_validate(entry | changes)


def made_settings(folder: Path) -> Settings:
    """Settings with a cache of their own, that never reach for the network."""
    return Settings(cache=folder / "cache", run=folder / "run", offline=True)
