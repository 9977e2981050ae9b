"""Predictions kept as Parquet parts, one folder per identity.

A part is written under a temporary name and renamed, so a killed run loses the part in work
and no other. A row is never dropped: one that failed is a row that says how.
"""

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from numpy.typing import NDArray

from umlip_gate.datasets.atomic import clear_leftovers, replacing
from umlip_gate.datasets.digests import digest_of_arrays
from umlip_gate.datasets.table import DIGEST
from umlip_gate.predictions.identity import digest_of

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


class Row(NamedTuple):
    """The prediction for one configuration.

    Attributes
    ----------
    kind
        `ok`; `error`: the model raised or answered nonsense, and will again; `fault`: its
        worker died, hung or ran out of memory, and it is tried again by the next run.
    detail
        The error's or fault's text.
    energy_ev
        Total energy.
    forces_ev_per_ang
        Shape (n_atoms, 3); (0, 3) unless `ok`.
    """

    kind: Kind
    detail: str = ""
    energy_ev: float = float("nan")
    forces_ev_per_ang: NDArray[np.float64] = np.empty((0, 3))


class Store:
    """The parts of one identity.

    Parameters
    ----------
    predictions
        The folder of all identities.
    identity
        What the predictions depend on.
    """

    def __init__(self, predictions: Path, identity: dict[str, Any]) -> None:
        self.identity = identity
        self.folder = predictions / digest_of(identity)
        self.folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(self.folder)
        about = self.folder / "identity.json"
        if not about.exists():
            with replacing(about) as unfinished:
                unfinished.write_text(json.dumps(identity, indent=1, sort_keys=True))

    def lock(self) -> FileLock:
        """Held by the one process that computes; ends with that process."""
        return FileLock(self.folder / "lock")

    def read(self, part: int, expected: dict[int, int]) -> dict[int, Row]:
        """Rows of a part.

        Parameters
        ----------
        part
            Its number.
        expected
            The rows that belong to it, and their numbers of atoms; a run on a sample keeps only
            some of them.

        Returns
        -------
        dict
            Row number to row; empty if the part is not there, is damaged or not what was written,
            or holds another row than the expected ones: it is then computed again.
        """
        table = _whole_table(self._path(part))
        rows = {
            number: Row(kind, detail, energy, np.asarray(forces, dtype=np.float64).reshape(-1, 3))
            for number, kind, detail, energy, forces in zip(
                *(table.column(name).to_pylist() for name in SCHEMA.names[:4]),
                table.column("forces_ev_per_ang").combine_chunks().to_numpy(zero_copy_only=False),
                strict=True,
            )
        }
        sound = rows.keys() <= expected.keys() and all(
            row.kind != "ok" or len(row.forces_ev_per_ang) == expected[number]
            for number, row in rows.items()
        )
        return rows if sound else {}

    def write(self, part: int, rows: dict[int, Row]) -> None:
        """Keep a part, in place of what was kept under its number."""
        numbers = sorted(rows)
        table = pa.table(
            {
                "row": numbers,
                "kind": [rows[n].kind for n in numbers],
                "detail": [rows[n].detail for n in numbers],
                "energy_ev": [rows[n].energy_ev for n in numbers],
                "forces_ev_per_ang": [rows[n].forces_ev_per_ang.ravel() for n in numbers],
            },
            schema=SCHEMA,
        )
        table = table.replace_schema_metadata({DIGEST: _digest(table)})
        with replacing(self._path(part)) as unfinished:
            pq.write_table(table, unfinished)

    def _path(self, part: int) -> Path:
        return self.folder / f"part-{part:05d}.parquet"


def _whole_table(path: Path) -> pa.Table:
    """Read a part; empty unless it has the content that was written."""
    try:
        # without the dataset machinery of pq.read_table, which takes longer than the digest
        with pq.ParquetFile(path) as file:
            table = file.read()
        recorded = (table.schema.metadata or {}).get(DIGEST, b"").decode()
        is_whole = table.schema.equals(SCHEMA) and _digest(table) == recorded
    except (OSError, pa.ArrowException, ValueError):
        is_whole = False
    return table if is_whole else SCHEMA.empty_table()


def _digest(table: pa.Table) -> str:
    """Sha256 of the columns' content; the rows' own bounds of the forces are part of it."""
    texts = json.dumps([table["kind"].to_pylist(), table["detail"].to_pylist()])
    forces = table["forces_ev_per_ang"].combine_chunks()
    return digest_of_arrays(
        {
            "row": table["row"].to_numpy(),
            "texts": np.frombuffer(texts.encode(), dtype=np.uint8),
            "energy_ev": table["energy_ev"].to_numpy(),
            "n_forces": forces.value_lengths().to_numpy(zero_copy_only=False),
            "forces_ev_per_ang": forces.flatten().to_numpy(zero_copy_only=False),
        }
    )
