"""A source file, brought or fetched once, with verified bytes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from umlip_gate.atomic import clear_leftovers, replacing
from umlip_gate.datasets.addresses import mirror_path
from umlip_gate.datasets.digests import hold_to_record, is_known, mismatch, sha256_of
from umlip_gate.datasets.download import download
from umlip_gate.datasets.hosts import HOW_TO_GO_ON
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import Fault, InputError, Unavailable
from umlip_gate.notices import add_notice
from umlip_gate.settings import Settings

HTML_BEGINNINGS = (b"<!doctype html", b"<html")
SILENT_WAIT_S = 10.0
"""A longer wait for another process is announced."""


def fetch(source: SourceFile, settings: Settings) -> Path:
    """Return the path of a file whose bytes are verified.

    A file that somebody brings is checked where it is. What is at an address is kept in
    `settings.downloads`; it comes from the mirror if there is one, else from the network, and
    only if it is not there yet. Any number of processes may ask at once: each writes under a
    name of its own, verifies, and renames; the lock only saves that they all transfer.

    Parameters
    ----------
    source
        Where the file is, and what is known of its bytes.
    settings
        The cache, the run's folder, the mirror, and what the run may fetch.

    Raises
    ------
    InputError
        The bytes are not the expected ones, a brought file is not there, the address does not
        name a file, or the cache cannot be written.
    Unavailable
        It is not in the mirror, the run is offline or requires a digest that is not registered,
        or the server does not give it.
    """
    if source.path is not None:
        return _brought(source.path, source)
    if settings.require_digests and not is_known(source):
        raise Unavailable(
            f"{source.name}: no digest is registered, and --umlip-require-digests is set. Register "
            "its sha256, or bring the file yourself (a dataset's with --umlip-datasets, weights "
            "with --umlip-checkpoint)"
        )
    target = settings.downloads / mirror_path(source.name)
    try:
        if not _is_kept(source, target, settings):
            with _lock(source, settings):
                if not _is_kept(source, target, settings):  # another process may have been quicker
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


def _is_kept(source: SourceFile, target: Path, settings: Settings) -> bool:
    if not target.is_file() or mismatch(target, source):
        return False
    _compare_with_first_use(target, target, source, settings)
    return True


@contextmanager
def _lock(source: SourceFile, settings: Settings) -> Iterator[None]:
    """Hold the lock of one file, which its holder's death releases."""
    path = settings.cache / "locks" / f"{mirror_path(source.name)}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=SILENT_WAIT_S)
    except Timeout:
        settings.announce(f"waiting for another process that fetches {source.name} ({path})")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _obtain(source: SourceFile, target: Path, settings: Settings) -> None:
    """Put the verified file at the target, or leave what is there alone."""
    damage = mismatch(target, source) if target.is_file() else None
    try:
        with replacing(target) as part:
            if settings.mirror is not None:
                origin = _take_from_mirror(source, part, settings.mirror)
            else:
                origin = _take_from_network(source, part, settings)
            _verify(part, source, origin)
            _compare_with_first_use(part, target, source, settings)
    except Fault as fault:
        if damage is None:
            raise
        raise InputError(
            f"{target}: the kept file is wrong ({damage}) and could not be fetched again: {fault}"
        ) from fault


def _take_from_mirror(source: SourceFile, part: Path, mirror: Path) -> str:
    if not mirror.is_dir():
        raise InputError(f"UMLIP_GATE_MIRROR = {mirror}: there is no such folder")
    original = mirror / mirror_path(source.name)
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
    download(source, part, settings.run, refuse_html=_refuses_html(source))
    return source.name


def _compare_with_first_use(
    path: Path, target: Path, source: SourceFile, settings: Settings
) -> None:
    """Compare a file without a registered digest with its first use, or record this one."""
    if is_known(source) or not hold_to_record(path, target, source.name):
        return
    add_notice(
        settings.run,
        f"{source.name}: used unverified, as no digest is registered; sha256 {sha256_of(path)} is "
        "recorded, and every later use is compared with it. --umlip-require-digests refuses "
        "such files",
    )


def _verify(part: Path, source: SourceFile, origin: str) -> None:
    if part.stat().st_size == 0 and source.size != 0 and not is_known(source):
        raise InputError(f"{origin}: the file is empty")
    with part.open("rb") as file:
        beginning = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    is_page = beginning.startswith(HTML_BEGINNINGS)
    page = "a web page was served instead of the file"
    if wrong := mismatch(part, source):
        changed = "the publisher may have changed the file, or the transfer or copy is damaged"
        raise InputError(f"{origin}: {wrong}; {page if is_page else changed}")
    if is_page and _refuses_html(source):
        raise InputError(f"{origin}: {page}")


def _refuses_html(source: SourceFile) -> bool:
    """Whether a page is refused: no digest vouches for it, and the address names none."""
    return not is_known(source) and mirror_path(source.name).suffix != ".html"
