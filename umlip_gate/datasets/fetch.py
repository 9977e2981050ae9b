"""A source file, brought or fetched once, with verified bytes."""

import shutil
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from umlip_gate.datasets.atomic import clear_leftovers, replacing
from umlip_gate.datasets.digests import hold_to_record, is_known, mismatch
from umlip_gate.datasets.download import download
from umlip_gate.datasets.hosts import HOW_TO_GO_ON
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import Fault, InputError, Unavailable
from umlip_gate.settings import Settings

HTML_BEGINNINGS = (b"<!doctype html", b"<html")


def fetch(source: SourceFile, settings: Settings) -> Path:
    """Give the path of a file whose bytes are verified.

    A file that somebody brings is checked where it is. What is at an address is kept in
    `settings.downloads`; it comes from the mirror if there is one, else from the network, and
    only if it is not there yet. Any number of processes may ask at once: each writes under a
    name of its own, verifies, and renames; the lock only saves that they all transfer.

    Parameters
    ----------
    source
        Where the file is, and what is known of its bytes.
    settings
        The cache, the run's folder, the mirror, and whether the run is offline.

    Raises
    ------
    InputError
        The bytes are not the expected ones, a brought file is not there, the address does not
        name a file, or the cache cannot be written.
    Unavailable
        It is not in the mirror, the run is offline, or the server does not give it.
    """
    if source.path is not None:
        return _brought(source.path, source)
    target = settings.downloads / place_of(source.name)
    try:
        if not _is_kept(source, target):
            with _turn(source, settings):
                if not _is_kept(source, target):  # another process may have been quicker
                    clear_leftovers(target.parent)
                    _obtain(source, target, settings)
    except OSError as error:
        raise InputError(
            f"{source.name}: cannot be kept in {settings.cache} ({error}); "
            "UMLIP_GATE_CACHE names the folder"
        ) from error
    return target


def _brought(path: Path, source: SourceFile) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if wrong := mismatch(path, source):
        raise InputError(f"{path}: this is another file than the entry describes ({wrong})")
    return path


def place_of(url: str) -> PurePosixPath:
    """`<host>/<path>` of an address, percent-decoded, as downloads and mirror are laid out."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"{url}: not an address ({error})") from error
    host = parts.netloc.rpartition("@")[2].lower()
    path = unquote(parts.path) + (f"?{parts.query}" if parts.query else "")
    names = [host, *path.removeprefix("/").split("/")]
    if any(name in {"", ".", ".."} or not name.isprintable() or "\\" in name for name in names):
        raise InputError(f"{url}: the address does not name a file on a host")
    return PurePosixPath(*names)


def _is_kept(source: SourceFile, target: Path) -> bool:
    if not target.is_file() or mismatch(target, source):
        return False
    if not is_known(source):
        hold_to_record(target, target, source.name)
    return True


def _turn(source: SourceFile, settings: Settings) -> FileLock:
    """Lock of one file, which its holder's death releases."""
    lock = settings.cache / "locks" / f"{place_of(source.name)}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(lock)


def _obtain(source: SourceFile, target: Path, settings: Settings) -> None:
    """Put the verified file at the target, or leave what is there alone."""
    damage = mismatch(target, source) if target.is_file() else None
    try:
        with replacing(target) as part:
            if settings.mirror is not None:
                origin = _take_from_mirror(source, part, settings.mirror)
            else:
                origin = _take_from_network(source, part, settings)
            _verify(part, source, target, origin)
    except Fault as fault:
        if damage is None:
            raise
        raise InputError(
            f"{target}: the kept file is wrong ({damage}) and could not be fetched again: {fault}"
        ) from fault


def _take_from_mirror(source: SourceFile, part: Path, mirror: Path) -> str:
    if not mirror.is_dir():
        raise InputError(f"UMLIP_GATE_MIRROR = {mirror}: there is no such folder")
    original = mirror / place_of(source.name)
    if not original.is_file():
        raise Unavailable(
            f"{source.name}: not in the mirror, which stands in for the network: {original} is "
            "not there. Put it there, unset UMLIP_GATE_MIRROR, or bring it (a dataset's file with "
            "--umlip-datasets, weights with --umlip-checkpoint)"
        )
    shutil.copyfile(original, part)
    return f"{source.name}, from the mirror's {original}"


def _take_from_network(source: SourceFile, part: Path, settings: Settings) -> str:
    if settings.offline:
        raise Unavailable(f"{source.name}: not kept here, and the run is offline. {HOW_TO_GO_ON}")
    download(source.name, part, settings.run, refuse_html=_refuses_html(source))
    return source.name


def _verify(part: Path, source: SourceFile, target: Path, origin: str) -> None:
    with part.open("rb") as file:
        beginning = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    is_page = beginning.startswith(HTML_BEGINNINGS)
    page = "a web page was served instead of the file"
    if wrong := mismatch(part, source):
        changed = "the publisher may have changed the file, or the transfer or copy is damaged"
        raise InputError(f"{origin}: {wrong}; {page if is_page else changed}")
    if is_page and _refuses_html(source):
        raise InputError(f"{origin}: {page}")
    if not is_known(source):
        hold_to_record(part, target, source.name)


def _refuses_html(source: SourceFile) -> bool:
    """Whether a page is refused: no digest vouches for it, and the address names none."""
    return not is_known(source) and place_of(source.name).suffix != ".html"
