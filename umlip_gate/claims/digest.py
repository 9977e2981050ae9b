"""What a run judged by, as one digest."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def thresholds_digest(folder: Path, brought: Iterable[Path] = ()) -> str:
    """Digest what a run judged by.

    Parameters
    ----------
    folder
        The thresholds folder.
    brought
        Files from elsewhere that a run judged by as well, such as a gate.

    Returns
    -------
    str
        sha256 over the names and bytes of all files, sorted by name.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.toml")}
    files |= {f"brought/{path.name}": path for path in brought}
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
