"""Predictions kept as Parquet parts, one folder per identity.

A part is what one worker has finished; it is written under a temporary name and renamed, so that a
killed run loses the part in work and no other. A row that failed is a row that says how.
"""

import datetime as dt
import json
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from numpy.typing import NDArray

from umlip_gate.atomic import clear_leftovers, replacing
from umlip_gate.datasets.digests import digest_of_arrays
from umlip_gate.datasets.table import DIGEST
from umlip_gate.errors import MeasurementError
from umlip_gate.predictions.dependencies import NONE, Dependencies, difference, merged, summary
from umlip_gate.predictions.identity import digest_of
from umlip_gate.predictions.predictions import Predictions, Uncertainty

Kind = Literal["ok", "error", "fault"]

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("kind", pa.string()),
        ("detail", pa.string()),
        ("energy_ev", pa.float64()),
        ("forces_ev_per_ang", pa.list_(pa.float64())),
    ]
)
EXTRAS = ("energy_uncertainty", "force_uncertainty", "stress")
"""What a model may give beside energy and forces: columns of parts in which a row has one."""
WITH_EXTRAS = pa.schema([*SCHEMA, *((name, pa.list_(pa.float64())) for name in EXTRAS)])
N_STRESS = 9


class Row(NamedTuple):
    """The prediction for one configuration.

    Attributes
    ----------
    kind
        `ok`; `error`: the model raised or answered nonsense, and will again; `fault`: its worker
        died, hung or ran out of memory, or the machine failed; such a row is not kept.
    detail
        The error's or fault's text.
    energy_ev
        Total energy.
    forces_ev_per_ang
        Shape (n_atoms, 3); (0, 3) unless `ok`.
    extras
        Those of `EXTRAS` that there are, flat; see `umlip_gate.worker.extras`.
    """

    kind: Kind
    detail: str = ""
    energy_ev: float = float("nan")
    forces_ev_per_ang: NDArray[np.float64] = np.empty((0, 3))
    extras: Mapping[str, NDArray[np.float64]] = MappingProxyType({})


class Store:
    """The parts of one identity, and of what its workers have read.

    A model reads more than its identity names: modules, files, environment variables. What a
    worker has read is kept beside the parts, and each set of it has a folder of its own.

    Parameters
    ----------
    predictions
        The folder of all identities.
    identity
        What the predictions depend on.
    """

    def __init__(self, predictions: Path, identity: dict[str, Any]) -> None:
        self.identity = identity
        self._first = predictions / digest_of(identity)
        self._dependencies: Dependencies | None = None
        self._enter(self._first)

    def lock(self, share: str = "") -> FileLock:
        """Return the lock of the one process that computes; it ends with that process.

        Parameters
        ----------
        share
            The name of a share of the rows, each with a lock of its own.
        """
        return FileLock(self._first / f"lock{share}")

    def resolve(self, environment: Mapping[str, str], path: Sequence[str]) -> None:
        """Choose the folder whose predictions were computed from what is there now, or a new one.

        Parameters
        ----------
        environment
            The variables that a worker would see.
        path
            Folders that are searched for modules before the installed ones.
        """
        number = 0
        while True:
            folder = self._first.with_name(f"{self._first.name}-{number}")
            folder = folder if number else self._first
            kept = _dependencies(folder)
            if kept is None or difference(kept, environment, path) is None:
                self._enter(folder)
                self._dependencies = kept
                return
            if kept["unknown"]:
                _clear(folder)
            number += 1

    def record(self, reports: Sequence[Dependencies]) -> None:
        """Keep what workers have read, before any row that depends on it is kept.

        Several processes, each with a share of the rows, may do this at once.

        Raises
        ------
        MeasurementError
            Something was changed while the model was evaluated.
        """
        known = self._dependencies or NONE
        for report in reports:
            known = merged(known, report)
        if known == self._dependencies:
            return
        with FileLock(self.folder / "dependencies.lock"):
            kept = _dependencies(self.folder)
            known = merged(kept or NONE, known)
            if known != kept:
                with replacing(self.folder / "dependencies.json") as unfinished:
                    unfinished.write_text(json.dumps(known))
        self._dependencies = known

    def refresh(self) -> None:
        """Take up what other processes have recorded."""
        self._dependencies = _dependencies(self.folder)

    def keep(self, rows: dict[int, Row], reports: Sequence[Dependencies]) -> None:
        """Keep what workers have read, then rows as a part."""
        self.record(reports)
        self.write(rows)

    @property
    def model_digest(self) -> str:
        """Digest of the identity without the dataset."""
        return digest_of({key: self.identity[key] for key in self.identity if key != "dataset"})

    @property
    def whole_identity(self) -> dict[str, Any]:
        """The identity with what the workers have read."""
        return self.identity | summary(self._dependencies or NONE)

    @property
    def unknown(self) -> list[str]:
        """What the predictions depend on and no later run can compare."""
        return list((self._dependencies or NONE)["unknown"])

    def days(self) -> list[str]:
        """Return the days on which the parts were written."""
        times = [path.stat().st_mtime for path in self._parts()]
        return sorted({dt.datetime.fromtimestamp(t).date().isoformat() for t in times})  # noqa: DTZ006 - the user's day

    def done(self, n_atoms: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows are kept, shape (n,).

        Parameters
        ----------
        n_atoms
            Of each row of the dataset, shape (n,).
        """
        done = np.zeros(len(n_atoms), dtype=bool)
        for table in self._tables(n_atoms):
            done[table["row"].to_numpy()] = True
        return done

    def read(self, rows: NDArray[np.int64], n_atoms: NDArray[np.int64]) -> Predictions:
        """Return the predictions of rows, which are all kept, in their order.

        Parameters
        ----------
        rows
            Row numbers, ascending.
        n_atoms
            Of each row of the dataset, shape (n,).
        """
        place = np.full(len(n_atoms), -1)
        place[rows] = np.arange(len(rows))
        starts = np.concatenate([[0], np.cumsum(n_atoms[rows])])
        energies = np.full(len(rows), np.nan)
        forces = np.full((starts[-1], 3), np.nan)
        extras = _Extras(starts)
        failures: dict[int, str] = {}
        for table in self._tables(n_atoms):
            places = place[table["row"].to_numpy()]
            is_right = np.array([kind == "ok" for kind in table["kind"].to_pylist()], dtype=bool)
            details = table["detail"]
            for index in np.flatnonzero((places >= 0) & ~is_right).tolist():
                failures[int(places[index])] = details[index].as_py()
            right = np.flatnonzero((places >= 0) & is_right)
            energies[places[right]] = table["energy_ev"].to_numpy()[right]
            blocks = _lists(table["forces_ev_per_ang"])
            for index in right.tolist():
                start = starts[places[index]]
                block = blocks(index).reshape(-1, 3)
                forces[start : start + len(block)] = block
            extras.take(table, right, places[right])
        known = dict(sorted(failures.items()))
        return Predictions(
            energies,
            forces,
            known,
            rows,
            uncertainty=extras.uncertainty.if_any(),
            stresses=extras.stresses if np.isfinite(extras.stresses).any() else None,
        )

    def write(self, rows: dict[int, Row]) -> None:
        """Keep rows as a part of their own.

        Raises
        ------
        MeasurementError
            The disk is full, or cannot be written to.
        """
        numbers = sorted(rows)
        extras = {
            name: [rows[n].extras.get(name, np.empty(0)).ravel() for n in numbers]
            for name in EXTRAS
            if any(rows[n].extras for n in numbers)
        }
        table = pa.table(
            {
                "row": numbers,
                "kind": [rows[n].kind for n in numbers],
                "detail": [rows[n].detail for n in numbers],
                "energy_ev": [rows[n].energy_ev for n in numbers],
                "forces_ev_per_ang": [rows[n].forces_ev_per_ang.ravel() for n in numbers],
                **extras,
            },
            schema=WITH_EXTRAS if extras else SCHEMA,
        )
        table = table.replace_schema_metadata({DIGEST: _digest(table)})
        try:
            with replacing(self.folder / f"part-{uuid.uuid4().hex}.parquet") as unfinished:
                pq.write_table(table, unfinished)
        except OSError as error:
            raise MeasurementError(
                f"predictions cannot be written to {self.folder}: {error.strerror or error}. What "
                "was written before is kept, and the same command goes on from there; "
                "UMLIP_GATE_CACHE names another folder"
            ) from error

    def _enter(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        self.folder = folder
        about = folder / "identity.json"
        if not about.exists():
            with replacing(about) as unfinished:
                unfinished.write_text(json.dumps(self.identity, indent=1, sort_keys=True))

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.parquet"))

    def _tables(self, n_atoms: NDArray[np.int64]) -> "list[pa.Table]":
        """Return the parts that are whole and hold rows of the dataset; others do not count."""
        tables = [_whole_table(path) for path in self._parts()]
        return [table for table in tables if table is not None and _is_of(table, n_atoms)]


class _Extras:
    """What models gave beside energies and forces, row by row; NaN where they gave nothing.

    Parameters
    ----------
    starts
        Where the atoms of each row begin, and where the last one's end, shape (n + 1,).
    """

    def __init__(self, starts: NDArray[np.int64]) -> None:
        n = len(starts) - 1
        self._starts = starts
        self.uncertainty = Uncertainty(np.full(n, np.nan), np.full(starts[-1], np.nan))
        self.stresses = np.full((n, 3, 3), np.nan)

    def take(self, table: pa.Table, indices: NDArray[np.int64], places: NDArray[np.int64]) -> None:
        """Take the rows at some indices of a part; `places` are theirs among all rows."""
        if not _has_extras(table):
            return
        energy, force, stress = (_lists(table[name]) for name in EXTRAS)
        for index, place in zip(indices.tolist(), places.tolist(), strict=True):
            if len(block := energy(index)):
                self.uncertainty.energies[place] = block[0]
            if len(block := force(index)):
                start = self._starts[place]
                self.uncertainty.forces[start : start + len(block)] = block
            if len(block := stress(index)):
                self.stresses[place] = block.reshape(3, 3)


def _has_extras(table: pa.Table) -> bool:
    """Return whether a row of a part has something beside energy and forces."""
    return EXTRAS[0] in table.column_names


def _lists(column: pa.ChunkedArray) -> Callable[[int], NDArray[np.float64]]:
    """Return a function of the number of a row that returns its list."""
    values = column.combine_chunks()
    offsets, flat = values.offsets.to_numpy(), values.values.to_numpy()
    return lambda index: flat[offsets[index] : offsets[index + 1]]


def _clear(folder: Path) -> None:
    """Remove the parts of a folder that no later run may use."""
    for path in folder.glob("part-*.parquet"):
        path.unlink(missing_ok=True)
    if "-" in folder.name:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        (folder / "dependencies.json").unlink(missing_ok=True)


def _dependencies(folder: Path) -> Dependencies | None:
    """Return what the predictions of a folder depend on; None if nothing is known to be there."""
    try:
        kept: Dependencies = json.loads((folder / "dependencies.json").read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return NONE | {"unknown": [f"{folder}: dependencies.json is damaged"]}
    if not isinstance(kept, dict) or kept.keys() != NONE.keys():
        return NONE | {"unknown": [f"{folder}: dependencies.json is of another form"]}
    return kept


def _is_of(table: pa.Table, n_atoms: NDArray[np.int64]) -> bool:
    """Whether every row of a part is one of the dataset, with forces on each of its atoms."""
    rows = table["row"].to_numpy()
    if len(rows) and not (rows.min() >= 0 and rows.max() < len(n_atoms)):
        return False
    is_right = np.array([kind == "ok" for kind in table["kind"].to_pylist()], dtype=bool)
    own = n_atoms[rows[is_right]]
    if not (_lengths(table, "forces_ev_per_ang")[is_right] == 3 * own).all():
        return False
    if not _has_extras(table):
        return True
    sizes = np.ones_like(own), own, np.full_like(own, N_STRESS)
    for name, size in zip(EXTRAS, sizes, strict=True):
        found = _lengths(table, name)[is_right]
        if not ((found == size) | (found == 0)).all():
            return False
    return True


def _lengths(table: pa.Table, name: str) -> NDArray[np.int64]:
    lengths: NDArray[np.int64] = (
        table[name].combine_chunks().value_lengths().to_numpy(zero_copy_only=False)
    )
    return lengths


def _whole_table(path: Path) -> pa.Table | None:
    """Read a part; None unless it has the content that was written."""
    try:
        # without the dataset machinery of pq.read_table, which takes longer than the digest
        with pq.ParquetFile(path) as file:
            table = file.read()
        recorded = (table.schema.metadata or {}).get(DIGEST, b"").decode()
        is_whole = table.schema in (SCHEMA, WITH_EXTRAS) and _digest(table) == recorded
    except (OSError, pa.ArrowException, ValueError):
        is_whole = False
    return table if is_whole else None


def _digest(table: pa.Table) -> str:
    """Sha256 of the columns' content; the rows' own bounds of the forces are part of it."""
    texts = json.dumps([table["kind"].to_pylist(), table["detail"].to_pylist()])
    arrays = {
        "row": table["row"].to_numpy(),
        "texts": np.frombuffer(texts.encode(), dtype=np.uint8),
        "energy_ev": table["energy_ev"].to_numpy(),
        "n_forces": _lengths(table, "forces_ev_per_ang"),
        "forces_ev_per_ang": _flat(table, "forces_ev_per_ang"),
    }
    for name in EXTRAS if _has_extras(table) else ():
        arrays |= {f"n_{name}": _lengths(table, name), name: _flat(table, name)}
    return digest_of_arrays(arrays)


def _flat(table: pa.Table, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = (
        table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    )
    return values
