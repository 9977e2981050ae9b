"""A registered dataset as checked configurations."""

import hashlib
import json
import logging
from functools import cache
from pathlib import Path
from typing import NamedTuple

from umlip_gate.datasets.addresses import mirror_path
from umlip_gate.datasets.checks import check
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.independence import independence
from umlip_gate.datasets.readers import read_file
from umlip_gate.datasets.registry import INTERACTIONS, Dataset
from umlip_gate.datasets.sanity import suspicions
from umlip_gate.datasets.source import SourceFile
from umlip_gate.datasets.table import read_table, write_table
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.settings import Settings
from umlip_gate.worker import structures

log = logging.getLogger(__name__)


class LoadedDataset(NamedTuple):
    """A dataset as read and checked.

    Attributes
    ----------
    configurations
        Its rows.
    notes
        What a person should know about them.
    """

    configurations: Configurations
    notes: tuple[str, ...] = ()


def load_dataset(dataset: Dataset, settings: Settings) -> LoadedDataset:
    """Fetch, read and check a dataset, or take the table that an earlier run made of it.

    The table's name is a digest of everything that decides its content, and what it holds is
    verified; if it is damaged it is made anew. With the digests of all files known, a table
    is enough: no file is fetched or read again.

    Raises
    ------
    Unavailable
        The files are not available here; the message says how to bring them.
    InputError
        The files are not what is registered; the message names file and row.
    """
    if not dataset.files:
        raise Unavailable(f"{dataset.id}: {dataset.reason}{how_to_bring(dataset)}")
    try:
        table = settings.tables / f"{dataset.id}-{_key(dataset, settings)}.parquet"
        try:
            return LoadedDataset(*read_table(table))
        except FileNotFoundError:
            pass
        except InputError as damage:
            log.warning("%s; it is made anew", damage)
        loaded = _read(dataset, settings)
    except Unavailable as fault:
        raise Unavailable(f"{dataset.id}: {fault}{how_to_bring(dataset)}") from fault
    try:
        write_table(table, *loaded)
    except OSError as error:
        raise InputError(
            f"{table}: cannot be written ({error}); UMLIP_GATE_CACHE names the folder"
        ) from error
    return loaded


def how_to_bring(dataset: Dataset) -> str:
    """Return lines of TOML with which a user brings the files of a registered dataset."""
    reader = '"extxyz"  # or another: docs/bring-your-data.md'
    if dataset.quantity == "interaction energies":
        reader = f'"{INTERACTIONS}"  # the format: umlip_gate/datasets/interactions.py'
    return (
        "\nIf you have the data, write my-datasets.toml and give "
        "--umlip-datasets my-datasets.toml:\n"
        f'  ["{dataset.id}"]\n'
        '  files = [{ path = "where/it/is.xyz" }]\n'
        f"  reader = {reader}"
    )


def _key(dataset: Dataset, settings: Settings) -> str:
    """Digest of all that decides what the table holds, and of what it was checked against."""
    decisive = {
        "code": _code_digest(),
        "files": [[_identity(file, settings), file.member] for file in dataset.files],
        "reader": dataset.reader,
        "types": dataset.types,
        "group": dataset.group,
        "independence": independence().model_dump(exclude={"rationale"}),
        "keys": dataset.keys.model_dump(),
        "quantity": dataset.quantity,
        "selection": dataset.selection.model_dump() if dataset.selection else None,
        "checked": [dataset.rows, dataset.elements, dataset.duplicates],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:32]


def deciding_code() -> list[Path]:
    """Return the source files that decide what a table holds, and what it was checked for."""
    here = Path(__file__).parent
    names = ("checks", "configurations", "digests", "independence", "sanity", "table")
    own = (here / f"{name}.py" for name in names)
    return [*sorted((here / "readers").glob("*.py")), *own, Path(structures.__file__)]


@cache
def _code_digest() -> str:
    code = b"".join(source.read_bytes() for source in deciding_code())
    return hashlib.sha256(code).hexdigest()


def _identity(file: SourceFile, settings: Settings) -> str:
    """Return the digest of a file's bytes; a brought file is read, as it may have changed."""
    if file.path is not None:
        path = _located(file, settings)
        return _digest_of_folder(path) if path.is_dir() else sha256_of(path)
    if known := file.sha256 or file.git_blob_sha1:
        return known
    record = settings.downloads / f"{mirror_path(file.name)}.sha256"
    if settings.require_digests or not record.is_file():
        fetch(file, settings)
    return record.read_text(encoding="utf-8", errors="replace").strip()


def _located(source: SourceFile, settings: Settings) -> Path:
    if source.path is not None and source.path.is_dir():
        return source.path
    return fetch(source, settings)


def _digest_of_folder(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = [[str(path.relative_to(folder)), sha256_of(path)] for path in files]
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()


def _read(dataset: Dataset, settings: Settings) -> LoadedDataset:
    files = [read_file(_located(source, settings), source, dataset) for source in dataset.files]
    rows, notes = check(dataset, files)
    configurations = Configurations.from_rows(rows)
    return LoadedDataset(configurations, (*notes, *suspicions(configurations)))
