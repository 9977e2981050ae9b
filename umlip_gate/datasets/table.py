"""Configurations as a Parquet table: a row per configuration, list columns for its atoms."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from umlip_gate.atomic import clear_leftovers, replacing
from umlip_gate.datasets.configurations import PER_ATOM, PER_STRUCTURE, Configurations
from umlip_gate.datasets.digests import digest_of_arrays
from umlip_gate.errors import InputError

DIGEST = b"umlip_gate.digest"
NOTES = b"umlip_gate.notes"


def write_table(path: Path, configurations: Configurations, notes: tuple[str, ...] = ()) -> None:
    """Write a table, whole or not at all, with its content digest and notes about its rows.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    own, own_xyz = configurations.offsets, 3 * configurations.offsets
    table = pa.table(
        {
            "numbers": _lists(own, configurations.numbers),
            "positions": _lists(own_xyz, configurations.positions),
            "cell": pa.FixedSizeListArray.from_arrays(configurations.cells.ravel(), 9),
            "pbc": pa.FixedSizeListArray.from_arrays(configurations.pbc.ravel(), 3),
            "energy": configurations.energies,
            "forces": _lists(own_xyz, configurations.forces),
            "group": configurations.groups,
            **{
                name: _lists(own, values) if name in PER_ATOM else values
                for name in configurations.inputs
                if (values := getattr(configurations, name)) is not None
            },
            **_stress_column(configurations),
        }
    ).replace_schema_metadata({DIGEST: _digest(configurations), NOTES: json.dumps(notes)})
    clear_leftovers(path.parent)
    with replacing(path) as part:
        # one group, so that each column comes back as one array; coordinates do not compress
        pq.write_table(
            table,
            part,
            row_group_size=max(len(table), 1),
            compression="none",
            use_dictionary=False,
            write_statistics=False,
        )


def read_table(path: Path) -> tuple[Configurations, tuple[str, ...]]:
    """Read a table and its notes, and compare its content with its digest.

    Raises
    ------
    FileNotFoundError
        There is no such table.
    InputError
        The table is damaged.
    """
    try:
        # mapped, and without the dataset machinery of pq.read_table: several times as fast
        with pq.ParquetFile(path, memory_map=True) as file:
            table = file.read()
        configurations = Configurations(
            n_atoms=_flat(_whole(table["numbers"]).value_lengths()),
            numbers=_items(table["numbers"]),
            positions=_items(table["positions"]).reshape(-1, 3),
            cells=_items(table["cell"]).reshape(-1, 3, 3),
            pbc=_items(table["pbc"]).reshape(-1, 3),
            energies=_flat(_whole(table["energy"])),
            forces=_items(table["forces"]).reshape(-1, 3),
            groups=_flat(_whole(table["group"])),
            **{
                name: _items(table[name]) if name in PER_ATOM else _flat(_whole(table[name]))
                for name in (*PER_STRUCTURE, *PER_ATOM)
                if name in table.column_names
            },
            stresses=_items(table["stress"]).reshape(-1, 3, 3)
            if "stress" in table.column_names
            else None,
        )
        metadata = table.schema.metadata or {}
        recorded = metadata.get(DIGEST, b"").decode()
        notes = tuple(map(str, json.loads(metadata.get(NOTES, b"[]"))))
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise InputError(f"{path}: not a whole table: {error}") from error
    if _digest(configurations) != recorded:
        raise InputError(f"{path}: the content is not what was written")
    return configurations, notes


def _stress_column(configurations: Configurations) -> dict[str, pa.Array]:
    if configurations.stresses is None:
        return {}
    return {"stress": pa.FixedSizeListArray.from_arrays(configurations.stresses.ravel(), 9)}


def _digest(configurations: Configurations) -> str:
    """Return the digest of all columns."""
    return f"{configurations.digest} {digest_of_arrays({'groups': configurations.groups})}"


def _lists(offsets: NDArray[np.int64], values: NDArray[Any]) -> pa.LargeListArray:
    return pa.LargeListArray.from_arrays(offsets, values.ravel())


def _items(column: pa.ChunkedArray) -> NDArray[Any]:
    return _flat(_whole(column).flatten())


def _whole(column: pa.ChunkedArray) -> pa.Array:
    (only,) = column.chunks
    return only


def _flat(array: pa.Array) -> NDArray[Any]:
    flat: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return flat
