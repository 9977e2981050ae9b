"""Predictions that a user brings as a file, matched with a dataset by structure.

Every format has the structures beside what is predicted for them:

    extxyz    a frame each, with `energy` and `forces`
    pickle    a data frame with the columns `ase_atoms`, `energy` and `forces`, as the paper's
              group publishes its predictions
    parquet   a row each: `numbers`, `positions`, `cell`, `pbc`, `energy`, `forces`; the lists of
              an array's numbers in C order, nested or flat
    npz       the same names for arrays of all N atoms of all n configurations, one after the
              other, and `n_atoms`, shape (n,)
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ase import Atoms

from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.datasets.keys import Keys, Reading
from umlip_gate.datasets.matching import match
from umlip_gate.datasets.readers import extxyz, pickled
from umlip_gate.datasets.readers.kinds import check_kind
from umlip_gate.datasets.readers.limits import in_time
from umlip_gate.datasets.readers.opening import opened
from umlip_gate.errors import InputError
from umlip_gate.models.prediction_files import PredictionFile
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.schema import nearest

SAME_ANG = 1e-4
"""Coordinates that were rounded when they were written: the closest structure within this is the
row's own. The nearly identical structures of published datasets are 4e-3 Å apart."""

STRUCTURE = ("numbers", "positions", "cell", "pbc")
SHOWN_ROWS = 10


def read_brought(
    path: Path, file: PredictionFile, dataset: str, configurations: Configurations
) -> tuple[Predictions, str | None]:
    """Read a file of predictions, and find each row of the dataset in it.

    Parameters
    ----------
    path
        The file.
    file
        How it is read.
    dataset
        Its id, for messages.
    configurations
        The dataset.

    Returns
    -------
    predictions
        In the dataset's order; a row whose energy or forces are not finite has failed.
    note
        Which rows of the file are of no row of the dataset; None if all are.

    Raises
    ------
    InputError
        The file cannot be read; a row of the dataset is not in it, or is in it twice with
        different predictions. The message names file and rows.
    """
    rows = list(in_time(_rows(path, file, with_forces=configurations.has_forces), str(path)))
    if not rows:
        raise InputError(f"{path}: no predictions")
    for i, row in enumerate(rows):
        if row.forces is not None and row.forces.shape != (len(row.atoms), 3):
            raise InputError(
                f"{path} row {i}: forces have shape {row.forces.shape}, not {(len(row.atoms), 3)}"
            )
    listed = Configurations.from_rows(rows, groups=np.arange(len(rows)))
    found = match(configurations, listed, SAME_ANG)
    missing = sorted(set(range(len(configurations))) - found.keys())
    surplus = sorted(set(range(len(listed))) - set(found.values()))
    if missing:
        text = f"{path}: of {dataset} {_numbered(missing, len(configurations))} not in it"
        if surplus:
            text += f"; of its own {_numbered(surplus, len(listed))} not of {dataset}"
        raise InputError(
            f"{text}. A row is found by its structure: elements in the same order, positions and "
            f"cell within {SAME_ANG:g} Å, periodicity"
        )
    if surplus:
        _check_agreement(path, listed, surplus, found)
    own = listed.select([found[row] for row in range(len(configurations))])
    scale = own.n_atoms if file.energy == "per atom" else 1
    # where the reference has no forces none are compared, and none are asked of the file
    forces = own.forces if configurations.has_forces else np.zeros_like(own.forces)
    note = f"{path}: {_numbered(surplus, len(listed))} not of {dataset}" if surplus else None
    return Predictions(own.energies * scale, forces, {}), note


def _check_agreement(
    path: Path, listed: Configurations, surplus: Sequence[int], found: dict[int, int]
) -> None:
    """Refuse a second prediction for a structure unless it is the same one.

    Raises
    ------
    InputError
        Names both rows.
    """
    taken = sorted(found.values())
    twice = match(listed.select(surplus), listed.select(taken), SAME_ANG, twins=True)
    for place, other in twice.items():
        first, second = sorted((surplus[place], taken[other]))
        one, two = listed.select([first]), listed.select([second])
        same = np.array_equal(one.energies, two.energies, equal_nan=True)
        if not (same and np.array_equal(one.forces, two.forces, equal_nan=True)):
            raise InputError(
                f"{path}: rows {first} and {second} are the same structure with different "
                "predictions; remove the wrong one"
            )


def _numbered(rows: Sequence[int], n: int) -> str:
    shown = ", ".join(map(str, rows[:SHOWN_ROWS])) + (", …" if len(rows) > SHOWN_ROWS else "")
    many = len(rows) > 1
    return f"{len(rows)} of {n} rows ({shown}) are" if many else f"row {shown} of {n} is"


def _rows(path: Path, file: PredictionFile, *, with_forces: bool) -> Iterator[Row]:
    where = str(path)
    if not path.is_file():
        raise InputError(f"{where}: is no file")
    if file.reader in ("parquet", "npz"):
        names = {"energy": file.keys.energy or "energy"}
        if with_forces:
            names["forces"] = file.keys.forces or "forces"
        needed = [*STRUCTURE, *names.values()]
        if file.reader == "parquet":
            columns = _parquet(path, needed)
        else:
            columns = _npz(path, needed, {"numbers", "positions", names.get("forces", "")})
        yield from _rows_of(columns, names, where)
        return
    reading = Reading(
        Keys(energy=file.keys.energy, forces=file.keys.forces), with_forces=with_forces
    )
    with opened(path) as stream:
        check_kind(stream, where, file.reader)
        reader = extxyz.rows if file.reader == "extxyz" else pickled.rows
        yield from reader(stream, where, reading)


def _parquet(path: Path, needed: Sequence[str]) -> dict[str, list[Any]]:
    try:
        with pq.ParquetFile(path) as table:
            _require(needed, table.schema_arrow.names, str(path))
            return dict(table.read(columns=list(needed)).to_pydict())
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a whole Parquet table: {error}") from error


def _npz(path: Path, needed: Sequence[str], per_atom: Collection[str]) -> dict[str, list[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            _require([*needed, "n_atoms"], list(archive), str(path))
            arrays = {name: archive[name] for name in needed}
            n_atoms = np.asarray(archive["n_atoms"], dtype=np.int64)
    except (OSError, ValueError, TypeError, AttributeError, BadZipFile) as error:
        raise InputError(f"{path}: not an npz archive of plain arrays: {error}") from error
    n, ends = len(n_atoms), np.cumsum(n_atoms)
    for name, array in arrays.items():
        expected = int(n_atoms.sum()) if name in per_atom else n
        if len(np.atleast_1d(array)) != expected:
            raise InputError(f"{path}: {name} has shape {array.shape}, expected {expected} rows")
    return {
        name: np.split(array, ends[:-1]) if name in per_atom else list(array)
        for name, array in arrays.items()
    }


def _require(needed: Sequence[str], names: Sequence[str], where: str) -> None:
    for name in needed:
        if name not in names:
            raise InputError(f"{where}: no {name!r}; {nearest(name, list(names))}")


def _rows_of(columns: dict[str, list[Any]], names: dict[str, str], where: str) -> Iterator[Row]:
    for i in range(len(columns[names["energy"]])):
        values = {name: np.asarray(column[i]) for name, column in columns.items()}
        try:
            atoms = Atoms(
                values["numbers"].astype(np.int64),
                values["positions"].reshape(-1, 3),
                cell=values["cell"].reshape(3, 3),
                pbc=values["pbc"],
            )
            forces = None
            if "forces" in names:
                forces = values[names["forces"]].astype(np.float64).reshape(-1, 3)
            yield Row(atoms, float(values[names["energy"]]), forces)
        except (TypeError, ValueError) as error:
            raise InputError(f"{where} row {i}: not a configuration: {error}") from error
