"""A file at a public address, or one that a person brings."""

from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, model_validator

from umlip_gate.datasets.addresses import without_secrets
from umlip_gate.schema import Sha256, Strict


class SourceFile(Strict):
    """One file: where it is, and what its bytes must be.

    Attributes
    ----------
    url
        The public address, percent-encoded or not.
    path
        A file on this machine instead of an address.
    sha256
        The digest of the bytes; if it is not known, the first download's is recorded.
    git_blob_sha1
        The digest that git gives the file (sha1 of `blob SIZE`, a NUL byte, and the bytes).
    size
        Length in bytes.
    member
        The member to read, if the file is a tar archive.
    """

    url: Annotated[str, StringConstraints(pattern=r"^https?://")] | None = None
    path: Path | None = None
    sha256: Sha256 | None = None
    git_blob_sha1: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = None
    size: int | None = None
    member: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "SourceFile":
        if (self.url is None) == (self.path is None):
            raise ValueError("a file has either a url or a path")
        return self

    @property
    def name(self) -> str:
        """The address without its secrets, or the path: as messages name it."""
        return without_secrets(self.url) if self.url else str(self.path)
