"""A registered dataset as checked configurations."""

import hashlib
import json
import logging
from functools import cache
from pathlib import Path

from umlip_gate.datasets.addresses import place_of
from umlip_gate.datasets.checks import check
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.datasets.digests import sha256_of
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.independence import independence
from umlip_gate.datasets.readers import read_file
from umlip_gate.datasets.registry import INTERACTIONS, Dataset
from umlip_gate.datasets.source import SourceFile
from umlip_gate.datasets.table import read_table, write_table
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.settings import Settings
from umlip_gate.worker import structures

log = logging.getLogger(__name__)


def load_dataset(dataset: Dataset, settings: Settings) -> Configurations:
    """Fetch, read and check a dataset, or take the table that an earlier run made of it.

    The table's name is a digest of everything that decides its content, and what it holds is
    verified; if it is damaged it is made anew. With the digests of all files known, a table
    is enough: no file is fetched or read again.

    Raises
    ------
    Unavailable
        The files cannot be had here; the message says how to bring them.
    InputError
        The files are not what is registered; the message names file and row.
    """
    if not dataset.files:
        raise Unavailable(f"{dataset.id}: {dataset.reason}{how_to_bring(dataset)}")
    try:
        table = settings.tables / f"{dataset.id}-{_key(dataset, settings)}.parquet"
        try:
            return read_table(table)
        except FileNotFoundError:
            pass
        except InputError as damage:
            log.warning("%s; it is made anew", damage)
        configurations = _read(dataset, settings)
    except Unavailable as fault:
        raise Unavailable(f"{dataset.id}: {fault}{how_to_bring(dataset)}") from fault
    try:
        write_table(table, configurations)
    except OSError as error:
        raise InputError(
            f"{table}: cannot be written ({error}); UMLIP_GATE_CACHE names the folder"
        ) from error
    return configurations


def how_to_bring(dataset: Dataset) -> str:
    """Say in lines of TOML how a person brings the files of a registered dataset."""
    reader = '"extxyz"  # or "pickle", "mvl-json", or "mtp-cfg" with types = ["W", ...]'
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
        "selection": dataset.selection.model_dump() if dataset.selection else None,
        "checked": [dataset.rows, dataset.elements, dataset.duplicates],
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:32]


def deciding_code() -> list[Path]:
    """Return the source files that decide what a table holds, and what it was checked for."""
    here = Path(__file__).parent
    names = ("checks", "configurations", "digests", "independence", "table")
    own = (here / f"{name}.py" for name in names)
    return [*sorted((here / "readers").glob("*.py")), *own, Path(structures.__file__)]


@cache
def _code_digest() -> str:
    code = b"".join(source.read_bytes() for source in deciding_code())
    return hashlib.sha256(code).hexdigest()


def _identity(file: SourceFile, settings: Settings) -> str:
    """Give the digest of a file's bytes; a brought file is read for it, as it may have changed."""
    if file.path is not None:
        return sha256_of(fetch(file, settings))
    if known := file.sha256 or file.git_blob_sha1:
        return known
    record = settings.downloads / f"{place_of(file.name)}.sha256"
    if settings.require_digests or not record.is_file():
        fetch(file, settings)
    return record.read_text(encoding="utf-8", errors="replace").strip()


def _read(dataset: Dataset, settings: Settings) -> Configurations:
    files = [read_file(fetch(source, settings), source, dataset) for source in dataset.files]
    check(dataset, files)
    return Configurations.from_rows([row for file in files for row in file.rows])
