"""Digests of weights: of a checkpoint, and of whatever else a candidate's arguments name."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from umlip_gate.datasets.digests import digest_of_tree, sha256_of
from umlip_gate.errors import InputError

MOST_ENTRIES = 1000
MOST_BYTES = 2**34
"""A folder with more is no model's weights, but a disk or a collection of data: it is not read."""


def digest_of_weights(path: Path) -> str:
    """Sha256 of a file, or of everything in a folder.

    Raises
    ------
    InputError
        It cannot be read, or is a folder without a file.
    """
    try:
        return digest_of_tree(path) if path.is_dir() else sha256_of(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def named_content(texts: Iterable[str], folder: Path) -> dict[str, str | None]:
    """Digests of the files and folders that texts name.

    Parameters
    ----------
    texts
        What may be paths, and most often is not.
    folder
        Where relative paths begin.

    Returns
    -------
    dict
        Of every text that names something: sha256, or None where it is not known what that
        holds. It cannot be read, is neither file nor folder, is a folder without a file or with
        too much for weights, or is `folder` itself or above it.
    """
    return {
        text: _digest(folder / text, folder)
        for text in texts
        if problem_with(folder / text) is None
    }


def problem_with(path: Path) -> str | None:
    """Return why there is nothing at a path that could be opened; None if there is."""
    try:
        path.stat()
    except FileNotFoundError:
        return "is not there"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    except ValueError as error:
        return f"cannot be read ({error})"
    return None


def _digest(path: Path, folder: Path) -> str | None:
    try:
        if folder.resolve().is_relative_to(path.resolve()) or not _may_be_weights(path):
            return None
        return digest_of_weights(path)
    except (OSError, InputError):
        return None


def _may_be_weights(path: Path) -> bool:
    if not path.is_dir():
        return path.is_file()
    entries = list(islice(_entries(path), MOST_ENTRIES + 1))
    if len(entries) > MOST_ENTRIES or not all(each.is_file() or each.is_dir() for each in entries):
        return False
    return sum(each.stat().st_size for each in entries) <= MOST_BYTES


def _entries(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, followlinks=True):
        yield from (Path(parent, name) for name in (*folders, *files))
