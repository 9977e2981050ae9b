"""A source file as a stream: plain, gzipped, or a member of a tar archive."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from umlip_gate.errors import InputError
from umlip_gate.schema import nearest

GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def opened(path: Path, member: str | None = None) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressed.

    Parameters
    ----------
    path
        The file; gzip is recognised by its content.
    member
        The member to read, if the file is a tar archive.

    Raises
    ------
    InputError
        The file cannot be read, is cut short or damaged, or has no such member; also if that
        shows only while the stream is read.
    """
    try:
        with ExitStack() as stack:
            stream: IO[bytes] = stack.enter_context(path.open("rb"))
            if member is not None:
                archive = stack.enter_context(tarfile.open(fileobj=stream, mode="r:*"))
                stream = stack.enter_context(_member(archive, member, path))
            magic = stream.read(len(GZIP_MAGIC))
            stream.seek(0)
            if magic == GZIP_MAGIC:
                stream = stack.enter_context(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)))
            yield stream
    except (EOFError, zlib.error, tarfile.TarError) as error:
        raise InputError(f"{path}: damaged or cut short: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _member(archive: tarfile.TarFile, member: str, path: Path) -> IO[bytes]:
    try:
        stream = archive.extractfile(member)
    except KeyError:
        hint = nearest(member, archive.getnames())
        raise InputError(f"{path}: the archive has no member {member!r}; {hint}") from None
    if stream is None:
        raise InputError(f"{path}: the member {member!r} is not a file")
    return stream
