"""What a file is, told by its first bytes, so that a wrong reader is told which one is right."""

import io
import re
from typing import NamedTuple

from umlip_gate.errors import InputError

HEAD_BYTES = 2048


class Kind(NamedTuple):
    """A kind of file.

    Attributes
    ----------
    name
        What it is, with its article.
    readers
        Those that read it; none if it has to be made into something else first.
    advice
        What to do if no reader reads it.
    """

    name: str
    readers: tuple[str, ...] = ()
    advice: str = ""


KINDS: tuple[tuple[bytes, Kind], ...] = (
    (
        rb"version https://git-lfs\.github\.com/spec",
        Kind("a Git LFS pointer, not the file", advice="git lfs pull fetches the file"),
    ),
    (
        rb"(?i)\s*(<!doctype html|<html)",
        Kind("a web page", advice="download the file itself: the address of its raw content"),
    ),
    (rb"SQLite format 3\0", Kind("a SQLite database, as ASE writes it", ("ase",))),
    (rb"- of Ulm", Kind("a trajectory of ASE", ("ase",))),
    (rb"(?s)\s*<\?xml.*<modeling>", Kind("a vasprun.xml of VASP", ("ase",))),
    (rb"\s*vasp\.\d", Kind("an OUTCAR of VASP", ("ase",))),
    (rb"(?s).{16}\xde\xc0\xef\xbe", Kind("an LMDB database", ("aselmdb",))),
    (rb"\s*BEGIN_CFG", Kind("an MTP .cfg file", ("mtp-cfg",))),
    (rb"\x80[\x02-\x05]", Kind("a pickle", ("pickle",))),
    (rb"\s*[\[{]", Kind("a JSON file", ("mvl-json", "ase"))),
    (rb"\x93NUMPY", Kind("a NumPy array", ("deepmd-npy",), "files name the system's folder")),
    (rb"\x89HDF\r\n", Kind("an HDF5 file", advice="write it as extended XYZ")),
    (rb"PK\x03\x04", Kind("a zip archive", advice="extract it")),
    (rb"PAR1", Kind("a Parquet table", advice="write it as extended XYZ")),
    (rb"(?s).{257}ustar", Kind("a tar archive", advice='name its member: member = "…"')),
)


def check_kind(stream: io.BufferedReader, where: str, reader: str) -> None:
    """Check that a file may be what a reader reads, without reading on.

    Raises
    ------
    InputError
        It is empty, or of another kind; names the kind, and the reader to name.
    """
    head = stream.peek(HEAD_BYTES)
    if not head.strip():
        raise InputError(f"{where}: is empty")
    for pattern, kind in KINDS:
        if re.match(pattern, head):
            if reader in kind.readers:
                return
            readers = " or ".join(f'reader = "{each}"' for each in kind.readers)
            advice = "; ".join(text for text in (readers, kind.advice) if text)
            raise InputError(
                f'{where}: is {kind.name}, which reader = "{reader}" does not read: {advice}'
            )
