"""Where things are kept, and what a run may reach."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import platformdirs

PACKAGE = Path(__file__).resolve().parent
FIXTURES = (PACKAGE / "fixtures").resolve()
"""Registries and small data: in a checkout the top-level folder, else package data."""

THRESHOLDS = (PACKAGE / "thresholds").resolve()
"""Every number that decides a verdict: in a checkout the top-level folder, else package data."""


def checkout() -> Path | None:
    """Return the folder of the checkout that this package is run from; None if it is installed."""
    return PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else None


def _silent(_: str) -> None:
    """Announce nothing."""


@dataclass(frozen=True)
class Settings:
    """What a run may reach, and where it keeps what it made.

    Attributes
    ----------
    cache
        Downloads, tables and predictions, shared by every run of this user.
    run
        A folder of this run alone, shared by the processes of pytest-xdist.
    mirror
        A folder laid out `<host>/<path>` that stands in for the network.
    offline
        Nothing is asked of the network.
    checkpoints
        Weights that a person has already, by the registered model that they are of.
    require_digests
        No file is fetched or used whose digest is not registered.
    announce
        Tell the person at once what takes long.
    terminal
        Where a line of progress is written; None if nobody looks.
    """

    cache: Path
    run: Path
    mirror: Path | None = None
    offline: bool = False
    checkpoints: Mapping[str, Path] = field(default_factory=dict)
    require_digests: bool = False
    announce: Callable[[str], None] = field(default=_silent, compare=False, repr=False)
    terminal: TextIO | None = field(default=None, compare=False, repr=False)

    @property
    def downloads(self) -> Path:
        """Downloaded files, laid out `<host>/<path>`."""
        return self.cache / "downloads"

    @property
    def tables(self) -> Path:
        """Datasets as read, one Parquet table each."""
        return self.cache / "tables"

    @property
    def predictions(self) -> Path:
        """Predictions, a folder per identity."""
        return self.cache / "predictions"

    @property
    def passing_predictions(self) -> Path:
        """Predictions that serve no later run; they go with the run's folder."""
        return self.run / "predictions"


def cache_folder() -> Path:
    """Return `UMLIP_GATE_CACHE`, or the place where this system keeps caches."""
    return Path(os.environ.get("UMLIP_GATE_CACHE") or platformdirs.user_cache_dir("umlip-gate"))


def mirror_folder() -> Path | None:
    """Return `UMLIP_GATE_MIRROR`, if it is set."""
    folder = os.environ.get("UMLIP_GATE_MIRROR")
    return Path(folder) if folder else None
