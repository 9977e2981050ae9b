"""Predictions that a user brings as a file, matched with a dataset by structure.

Every format has the structures beside what is predicted for them:

    extxyz    a frame each, with `energy` and `forces`
    pickle    a data frame with the columns `ase_atoms`, `energy` and `forces`, as the paper's
              group publishes its predictions
    parquet   a row each: `numbers`, `positions`, `cell`, `pbc`, `energy`, `forces`; the lists of
              an array's numbers in C order, nested or flat
    npz       the same names for arrays of all N atoms of all n configurations, one after the
              other, and `n_atoms`, shape (n,)

A stress, eV/Å³, is read where `keys` names it. All but pickle may have `energy_uncertainty`, one
number, and `force_uncertainty`, one of each atom.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ase import Atoms

from umlip_gate.datasets.configurations import Configurations, FloatArray, Row
from umlip_gate.datasets.keys import Keys, Reading
from umlip_gate.datasets.matching import match
from umlip_gate.datasets.readers import extxyz, pickled
from umlip_gate.datasets.readers.kinds import check_kind
from umlip_gate.datasets.readers.labels import labelled, stress_of
from umlip_gate.datasets.readers.limits import in_time
from umlip_gate.datasets.readers.opening import opened
from umlip_gate.errors import InputError
from umlip_gate.models.prediction_files import PredictionFile
from umlip_gate.predictions.predictions import Predictions, Uncertainty
from umlip_gate.schema import nearest

SAME_ANG = 1e-4
"""Coordinates that were rounded when they were written: the closest structure within this is the
row's own. The nearly identical structures of published datasets are 4e-3 Å apart."""

UNCERTAINTIES = ("energy_uncertainty", "force_uncertainty")
STRUCTURE = ("numbers", "positions", "cell", "pbc")
SHOWN_ROWS = 10


class BroughtRow(NamedTuple):
    """What a file has for one structure: the row, and uncertainties, NaN where it has none."""

    row: Row
    energy_uncertainty: float = math.nan
    force_uncertainty: FloatArray | None = None


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
    read = list(in_time(_rows(path, file, with_forces=configurations.has_forces), str(path)))
    if not read:
        raise InputError(f"{path}: no predictions")
    rows = [each.row for each in read]
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
    chosen = [read[found[row]] for row in range(len(configurations))]
    energy_uncertainty = np.array([each.energy_uncertainty for each in chosen]) * scale
    force_uncertainty = np.concatenate(
        [
            np.full(len(each.row.atoms), np.nan)
            if each.force_uncertainty is None
            else each.force_uncertainty
            for each in chosen
        ]
    )
    stated = Uncertainty(energy_uncertainty, force_uncertainty)
    predictions = Predictions(
        own.energies * scale, forces, {}, uncertainty=stated.if_any(), stresses=own.stresses
    )
    return predictions, note


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


def _rows(path: Path, file: PredictionFile, *, with_forces: bool) -> Iterator[BroughtRow]:
    where = str(path)
    if not path.is_file():
        raise InputError(f"{where}: is no file")
    if file.reader in ("parquet", "npz"):
        yield from _of_columns(path, file, with_forces=with_forces)
        return
    keys = Keys(energy=file.keys.energy, forces=file.keys.forces, stress=file.keys.stress)
    reading = Reading(keys, with_forces=with_forces)
    with opened(path) as stream:
        check_kind(stream, where, file.reader)
        if file.reader == "pickle":
            yield from map(BroughtRow, pickled.rows(stream, where, reading))
            return
        for i, frame in enumerate(extxyz.frames_of(stream, where)):
            try:
                atoms = extxyz.atoms_of(frame)
                stated = _stated(atoms.info | atoms.arrays, file, len(atoms))
                yield BroughtRow(labelled(atoms, reading), *stated)
            except ValueError as error:
                raise InputError(f"{where} row {i}: {error}") from error


def _stated(
    named: Mapping[str, Any], file: PredictionFile, n_atoms: int
) -> tuple[float, FloatArray | None]:
    """Return the uncertainties of a structure: of its energy, and of each atom's force.

    Raises
    ------
    ValueError
        One is named and not there, is no number, or is negative.
    """
    found: dict[str, FloatArray] = {}
    for usual in UNCERTAINTIES:
        key = getattr(file.keys, usual)
        if key is not None and key not in named:
            raise ValueError(f"no {key}, which keys.{usual} names")
        if (key or usual) in named:
            found[usual] = np.asarray(named[key or usual], dtype=np.float64)
            if (found[usual] < 0).any():
                raise ValueError(f"{key or usual} is negative")
    energy, force = (found.get(usual) for usual in UNCERTAINTIES)
    if energy is not None and energy.size != 1:
        raise ValueError("the uncertainty of an energy is one number")
    if force is not None and force.shape != (n_atoms,):
        raise ValueError("the uncertainty of forces is one number per atom")
    return math.nan if energy is None else float(energy.reshape(-1)[0]), force


def _of_columns(path: Path, file: PredictionFile, *, with_forces: bool) -> Iterator[BroughtRow]:
    names = {"energy": file.keys.energy or "energy"}
    if with_forces:
        names["forces"] = file.keys.forces or "forces"
    if file.keys.stress:
        names["stress"] = file.keys.stress
    needed = [*STRUCTURE, *names.values()]
    usual = {name: getattr(file.keys, name) or name for name in UNCERTAINTIES}
    per_atom = {"numbers", "positions", names.get("forces", ""), usual["force_uncertainty"]}
    columns = (
        _parquet(path, needed, usual.values())
        if file.reader == "parquet"
        else _npz(path, needed, usual.values(), per_atom)
    )
    for i in range(len(columns[names["energy"]])):
        values = {name: np.asarray(column[i]) for name, column in columns.items()}
        try:
            row = _row_of(values, names)
            yield BroughtRow(row, *_stated(values, file, len(row.atoms)))
        except (TypeError, ValueError) as error:
            raise InputError(f"{path} row {i}: not a configuration: {error}") from error


def _parquet(path: Path, needed: Sequence[str], optional: Iterable[str]) -> dict[str, list[Any]]:
    try:
        with pq.ParquetFile(path) as table:
            known = table.schema_arrow.names
            _require(needed, known, str(path))
            names = [*needed, *(name for name in optional if name in known)]
            return dict(table.read(columns=names).to_pydict())
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a whole Parquet table: {error}") from error


def _npz(
    path: Path, needed: Sequence[str], optional: Iterable[str], per_atom: Collection[str]
) -> dict[str, list[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            _require([*needed, "n_atoms"], list(archive), str(path))
            names = [*needed, *(name for name in optional if name in archive)]
            arrays = {name: archive[name] for name in names}
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


def _row_of(values: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    atoms = Atoms(
        values["numbers"].astype(np.int64),
        values["positions"].reshape(-1, 3),
        cell=values["cell"].reshape(3, 3),
        pbc=values["pbc"],
    )
    forces = None
    if "forces" in names:
        forces = values[names["forces"]].astype(np.float64).reshape(-1, 3)
    stress = stress_of(values, Keys(stress=names.get("stress")), atoms)
    return Row(atoms, float(values[names["energy"]]), forces, stress=stress)
