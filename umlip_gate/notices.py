"""What a person should know about a run, beside its verdicts.

A notice is a file in the run's folder, so that it is shown once, whichever process wrote it.
"""

import hashlib
from pathlib import Path

from umlip_gate.atomic import replacing

FOLDER = "notices"


def add_notice(run: Path, text: str) -> None:
    """Add a notice to a run; the same text twice is one notice."""
    name = hashlib.sha256(text.encode()).hexdigest()
    with replacing(run / FOLDER / name) as part:
        part.write_text(text, encoding="utf-8")


def notices(run: Path) -> list[str]:
    """Return the notices of a run, in alphabetical order."""
    files = (run / FOLDER).glob("[!.]*")
    return sorted(file.read_text(encoding="utf-8") for file in files)
