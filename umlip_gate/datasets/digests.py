"""Digests of files and folders, and the bytes a file must have."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from umlip_gate.atomic import replacing
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import InputError


def sha256_of(path: Path) -> str:
    """Sha256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_sha1_of(path: Path) -> str:
    """Digest that git gives a file: sha1 of `blob SIZE`, a NUL byte, and the bytes."""
    header = f"blob {path.stat().st_size}\0".encode()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.sha1(header, usedforsecurity=False))
    return digest.hexdigest()


def digest_of_tree(folder: Path) -> str:
    r"""Sha256 of everything in a folder: names and bytes, whatever the order on disk.

    It is the sha256 of what `sha256sum --zero` prints for the files, in the order of their
    relative names: `DIGEST  NAME\0` each.

    Raises
    ------
    InputError
        It is not a folder, or there is no file in it.
    """
    names = sorted(
        Path(parent, file).relative_to(folder).as_posix()
        for parent, _, files in os.walk(folder, followlinks=True, onerror=_unreadable)
        for file in files
    )
    if not names:
        raise InputError(f"{folder}: there is no file in this folder")
    listing = "".join(f"{sha256_of(folder / name)}  {name}\0" for name in names)
    return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()


def _unreadable(error: OSError) -> NoReturn:
    raise InputError(f"{error.filename}: cannot be read as a folder ({error.strerror})") from error


def digest_of_arrays(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Sha256 of names, shapes and little-endian bytes of arrays, in their order."""
    content = hashlib.sha256()
    for name, given in arrays.items():
        array = np.ascontiguousarray(given, dtype=given.dtype.newbyteorder("<"))
        content.update(f"{name} {array.shape}\n".encode())
        content.update(array.tobytes() if array.size == 0 else array.data)
    return content.hexdigest()


def is_known(source: SourceFile) -> bool:
    """Whether a digest of the file is known beforehand."""
    return source.sha256 is not None or source.git_blob_sha1 is not None


def mismatch(path: Path, source: SourceFile) -> str | None:
    """Return how a file differs from what is known of it, or None if it does not."""
    checks = (
        ("size in bytes", source.size, lambda: path.stat().st_size),
        ("sha256", source.sha256, lambda: sha256_of(path)),
        ("git blob sha1", source.git_blob_sha1, lambda: git_blob_sha1_of(path)),
    )
    wrong = [
        f"{what}: expected {expected}, got {found}"
        for what, expected, measure in checks
        if expected is not None and (found := measure()) != expected
    ]
    return "; ".join(wrong) or None


def hold_to_record(path: Path, target: Path, address: str) -> bool:
    """Compare a file with the digest recorded at its first use; record it if this is the first.

    Parameters
    ----------
    path
        The file to check: the target itself, or what is about to become it.
    target
        Where the download is kept; the record is `NAME.sha256` beside it.
    address
        What messages call the file.

    Returns
    -------
    bool
        Whether this was the first use.

    Raises
    ------
    InputError
        The bytes are not those of the first use.
    """
    record = target.with_name(f"{target.name}.sha256")
    found = sha256_of(path)
    if not record.exists():
        with replacing(record) as part:
            part.write_text(f"{found}\n", encoding="ascii")
        return True
    recorded = record.read_text(encoding="utf-8", errors="replace").strip()
    if found != recorded:
        raise InputError(
            f"{address}: the bytes have changed: sha256 was {recorded} at the first use and is "
            f"{found} now. To accept the new file, delete {record} and {target}"
        )
    return False
