"""A source file as a stream: plain, compressed, or a member of a tar archive."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from umlip_gate.datasets.readers.limits import limits
from umlip_gate.errors import InputError
from umlip_gate.schema import nearest

if TYPE_CHECKING:
    from typing_extensions import Buffer

DECOMPRESSORS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda stream: cast("IO[bytes]", gzip.GzipFile(fileobj=stream)),
    b"BZh": lambda stream: cast("IO[bytes]", bz2.BZ2File(stream)),
    b"\xfd7zXZ": lambda stream: cast("IO[bytes]", lzma.LZMAFile(stream)),  # noqa: SIM115 - `opened` closes it
}
MOST_LAYERS = 3
"""So often a file may be compressed: a gzip file can be its own content."""

ALWAYS_READ = 1 << 26
"""Bytes that are decompressed whatever the compressed size is."""


@contextmanager
def opened(path: Path, member: str | None = None) -> Iterator[io.BufferedReader]:
    """Open a file for reading, decompressed.

    Parameters
    ----------
    path
        The file; gzip, bzip2 and xz are recognised by their content.
    member
        The member to read, if the file is a tar archive.

    Raises
    ------
    InputError
        The file cannot be read, is no regular file, is cut short or damaged, or has no such
        member; it is beyond a bound of `thresholds/reading.toml`. Also if that shows only while
        the stream is read.
    """
    try:
        with ExitStack() as stack:
            if path.exists() and not path.is_file():
                raise InputError(f"{path}: is no regular file")
            size = path.stat().st_size
            stream: IO[bytes] = stack.enter_context(path.open("rb"))
            stream = _decompressed(stream, path, size, stack)
            if member is not None:
                archive = stack.enter_context(tarfile.open(fileobj=stream, mode="r|"))
                stream = stack.enter_context(_member(archive, member, path))
                stream = _decompressed(stream, path, size, stack)
            yield cast("io.BufferedReader", stream)
    except (EOFError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
        raise InputError(f"{path}: damaged or cut short: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _decompressed(stream: IO[bytes], path: Path, size: int, stack: ExitStack) -> IO[bytes]:
    """Return a bounded stream of the content, however often it is compressed."""
    for _ in range(MOST_LAYERS):
        bounded = stack.enter_context(io.BufferedReader(_Bounded(stream, path, size)))
        magics = [magic for magic in DECOMPRESSORS if bounded.peek(len(magic)).startswith(magic)]
        if not magics:
            return bounded
        stream = stack.enter_context(DECOMPRESSORS[magics[0]](bounded))
    raise InputError(f"{path}: compressed {MOST_LAYERS} times over; decompress it")


def _member(archive: tarfile.TarFile, member: str, path: Path) -> IO[bytes]:
    names = []
    for info in archive:
        if info.name == member:
            stream = archive.extractfile(info)
            if stream is None:
                raise InputError(f"{path}: the member {member!r} is not a file")
            return stream
        names.append(info.name)
    raise InputError(f"{path}: the archive has no member {member!r}; {nearest(member, names)}")


class _Bounded(io.RawIOBase):
    """A stream that ends with an error where more comes out than a file of this size may hold."""

    def __init__(self, stream: IO[bytes], path: Path, size: int) -> None:
        super().__init__()
        self._stream = stream
        self._path = path
        most = max(ALWAYS_READ, limits().expansion.max * size)
        self._left = min(limits().bytes.max, most)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer).cast("B")
        content = self._stream.read(len(view))
        view[: len(content)] = content
        self._left -= len(content)
        if self._left < 0:
            raise InputError(
                f"{self._path}: holds more than a file of its size may after decompression "
                "(thresholds/reading.toml: bytes, expansion)"
            )
        return len(content)
