"""What a run is computing, for the process that reports that it was stopped."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from umlip_gate.atomic import replacing
from umlip_gate.errors import Fault

FOLDER = "computing"


@contextmanager
def computing(run: Path, what: str, n_asked: int, kept_in: Path | None) -> Iterator[None]:
    """Leave a record in a run's folder if what is computed is interrupted.

    Parameters
    ----------
    run
        The run's folder.
    what
        The model and the dataset, as a person is told.
    n_asked
        How many rows were asked for.
    kept_in
        Where rows are kept: a folder, or one beside it whose name begins with its name. None if
        no later run can use them.
    """
    record = run / FOLDER / hashlib.sha256(what.encode()).hexdigest()
    with replacing(record) as part:
        part.write_text(json.dumps([what, n_asked, kept_in and str(kept_in)]))
    try:
        yield
    except Fault:
        record.unlink()
        raise
    record.unlink()


def unfinished(run: Path) -> list[str]:
    """Return what was interrupted and how many of its rows are kept, in sentences."""
    sentences = []
    for file in (run / FOLDER).glob("[!.]*"):
        what, n_asked, kept_in = json.loads(file.read_text())
        kept = f"{_n_rows(Path(kept_in))} rows are kept" if kept_in else "no row is kept"
        sentences.append(f"{what}: {kept}; {n_asked} were asked for")
    return sorted(sentences)


def _n_rows(first: Path) -> int:
    """Count the rows in the folder that was written to last."""
    parts = list(first.parent.glob(f"{first.name}*/part-*.parquet"))
    if not parts:
        return 0
    newest = max(parts, key=lambda part: part.stat().st_mtime_ns).parent
    n_rows = 0
    for part in parts:
        with suppress(OSError, pa.ArrowException):  # a damaged part is computed again
            n_rows += pq.ParquetFile(part).metadata.num_rows if part.parent == newest else 0
    return n_rows
