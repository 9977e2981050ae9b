"""The folders that runs keep in the cache, and who else can write there."""

import os
import shutil
import stat
import time
import uuid
from contextlib import suppress
from pathlib import Path

MARK = ".umlip-gate-run"
"""A file in every folder of a run: a folder without it is somebody else's."""

STALE_AGE_S = 7 * 86400.0
"""No run lasts a week."""


def new_run_folder(cache: Path) -> Path:
    """Make the folder of a run, and remove those that killed runs left."""
    runs = cache / "runs"
    _remove_stale(runs)
    run = runs / uuid.uuid4().hex
    run.mkdir(parents=True)
    (run / MARK).touch()
    return run


def _remove_stale(runs: Path) -> None:
    stale_before_s = time.time() - STALE_AGE_S
    for mark in runs.glob(f"{'[0-9a-f]' * 32}/{MARK}"):
        run = mark.parent
        with suppress(OSError):
            if not run.is_symlink() and run.stat().st_mtime < stale_before_s:
                shutil.rmtree(run)


def unsafe_folders(folder: Path) -> list[str]:
    """Return why others could change what is kept in a folder: one line for each cause.

    Looked at are the folder, its sub-folders, and the folders above it, of whose sticky ones
    nobody can rename another's entries. A group that holds its user alone is no other.
    """
    if not hasattr(os, "getuid"):
        return []
    inside = [path for path in folder.glob("*") if path.is_dir()]
    causes = [_writer(path, sticky_is_safe=False) for path in (folder, *inside)]
    causes += [_writer(path, sticky_is_safe=True) for path in folder.absolute().parents]
    return [cause for cause in causes if cause]


def _writer(folder: Path, *, sticky_is_safe: bool) -> str | None:
    try:
        found = folder.stat()
    except OSError:
        return None  # it is made by this run, or its use ends in an error of its own
    if found.st_uid not in {0, os.getuid()}:
        return f"{folder} belongs to user {found.st_uid}"
    if sticky_is_safe and found.st_mode & stat.S_ISVTX:
        return None
    if found.st_mode & stat.S_IWOTH:
        return f"{folder} can be written by everybody"
    if found.st_mode & stat.S_IWGRP and not _is_private_group(found.st_gid, found.st_uid):
        return f"{folder} can be written by group {found.st_gid}"
    return None


def _is_private_group(group: int, user: int) -> bool:
    import grp  # noqa: PLC0415 - on POSIX alone
    import pwd  # noqa: PLC0415 - the same

    try:
        entry, owner = grp.getgrgid(group), pwd.getpwuid(user)
    except KeyError:
        return False
    return owner.pw_gid == group and set(entry.gr_mem) <= {owner.pw_name}
