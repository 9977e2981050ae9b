"""Addresses of files: as messages show them, and where their files are kept."""

import hashlib
import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from umlip_gate.errors import InputError

USER = re.compile(r"(?<=//)[^/?#]*@")
PARAMETER = re.compile(r"([^&=]+)=([^&]*)")
SECRET_PARAMETER = re.compile(r"auth|cred|key|pass|policy|pwd|secret|sig|token", re.IGNORECASE)
"""Names of query parameters whose values give access."""
HASHED = re.compile(r"sha256-[0-9a-f]{12}")


def without_secrets(url: str) -> str:
    """Return an address without user, password and fragment, and with secret parameters hashed.

    Applied twice, it changes nothing more.

    Examples
    --------
    >>> without_secrets("https://me:secret@host/data.xyz?id=3")
    'https://host/data.xyz?id=3'
    """
    address, mark, query = url.partition("#")[0].partition("?")
    return USER.sub("", address, count=1) + mark + PARAMETER.sub(_hashed, query)


def _hashed(parameter: re.Match[str]) -> str:
    name, value = parameter.groups()
    if HASHED.fullmatch(value) or not SECRET_PARAMETER.search(unquote(name)):
        return parameter[0]
    return f"{name}=sha256-{hashlib.sha256(value.encode()).hexdigest()[:12]}"


def mirror_path(url: str) -> PurePosixPath:
    """Return `<host>/<path>` of an address, percent-decoded: the layout of downloads and mirror.

    Raises
    ------
    InputError
        The address does not name a file on a host.
    """
    shown = without_secrets(url)
    try:
        parts = urlsplit(shown)
    except ValueError as error:
        raise InputError(f"{shown}: not an address ({error})") from error
    path = unquote(parts.path) + (f"?{parts.query}" if parts.query else "")
    names = [parts.netloc.lower(), *path.removeprefix("/").split("/")]
    if any(name in {"", ".", ".."} or not name.isprintable() or "\\" in name for name in names):
        raise InputError(f"{shown}: the address does not name a file on a host")
    return PurePosixPath(*names)
