"""Files that are seen whole or not at all."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LEFTOVER_AGE_S = 3600.0
"""Longer than any writer pauses."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Return a name beside `target` to write to; it takes the target's place if all went well.

    The name is unique, so that any number of processes may do this at once: the last one to
    finish wins, and nobody ever sees half a file. If the block raises, nothing stays behind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def clear_leftovers(folder: Path) -> None:
    """Remove what killed processes were writing in a folder.

    Their age tells them apart from what is being written now, so that no lock is needed.
    """
    for part in folder.glob(f".*.{'[0-9a-f]' * 32}.part"):
        with suppress(FileNotFoundError):  # another process was quicker
            if time.time() - part.stat().st_mtime > LEFTOVER_AGE_S:
                part.unlink()
