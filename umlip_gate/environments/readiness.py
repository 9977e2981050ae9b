"""What can be judged here and now, and what is missing for the rest, in lines of 100 columns."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from umlip_gate.datasets.addresses import mirror_path
from umlip_gate.datasets.registry import Dataset, load_registry
from umlip_gate.datasets.source import SourceFile
from umlip_gate.environments import environment_names
from umlip_gate.environments.make import THIS_PLATFORM, Lock, is_current
from umlip_gate.environments.pythons import running_version
from umlip_gate.errors import Unavailable
from umlip_gate.models.environment_folders import (
    environments_folder,
    interpreter,
    made_interpreter,
)
from umlip_gate.models.prepare import device_for, environment_of, interpreter_of
from umlip_gate.models.registry import Checkpoint, Model, load_models
from umlip_gate.predictions.gpus import visible_gpus
from umlip_gate.settings import FIXTURES, cache_folder, checkout, mirror_folder

COLUMNS = 100


@dataclass
class Notes:
    """Long texts, each printed once, below what it is about."""

    texts: list[str] = field(default_factory=list)

    def mark(self, text: str) -> str:
        """Return the mark of a note."""
        if text not in self.texts:
            self.texts.append(text)
        return f"[{self.texts.index(text) + 1}]"

    def lines(self) -> Iterator[str]:
        """Yield the notes."""
        for number, text in enumerate(self.texts, start=1):
            yield from textwrap.wrap(
                f"[{number}] {text}", COLUMNS - 2, subsequent_indent="    ", break_long_words=False
            )


def machine_lines() -> list[str]:
    """Return what this machine is."""
    n = len(visible_gpus())
    gpus = f"{n} NVIDIA GPU{'s' if n > 1 else ''}" if n else "no NVIDIA GPU: cuda is not available"
    return [f"{THIS_PLATFORM}, Python {running_version()}, {gpus}"]


def environment_lines() -> list[str]:
    """Return each environment, the Pythons of its lock, and whether it is here."""
    lines = [str(environments_folder())]
    for name in environment_names():
        pythons = ", ".join(Lock.of(name).pythons)
        lines.append(f"{name:<16}Python {pythons:<14}{_state(name)}")
    return lines


def _state(name: str) -> str:
    if made_interpreter(name):
        return "ready" if is_current(name) else "ready, from another lock: make it again"
    root = checkout()
    if root and interpreter(root / ".tox" / name).exists():
        return "ready, made by tox"
    return f"not here: python -m umlip_gate.environments make {name}"


def model_lines() -> list[str]:
    """Return each model of the registry: its devices, and ready, or what it needs."""
    notes, lines = Notes(), []
    for model in load_models().values():
        needs = ", ".join(_needs(model, notes)) or "ready"
        devices = "cpu, cuda" if device_for(model.family, "cuda") == "cuda" else "cpu"
        lines.append(f"{model.id:<26}{devices:<12}{needs}")
    return [*lines, *notes.lines()]


def _needs(model: Model, notes: Notes) -> list[str]:
    if model.status != "live":
        return [f"not available {notes.mark(model.reason or 'no reason is registered')}"]
    needs = []
    try:
        interpreter_of(model)
    except Unavailable:
        needs.append(f"environment {model.environment or environment_of(model.family)}")
    weights = model.checkpoint
    if weights and weights.url and not _is_here(SourceFile(url=weights.url)):
        needs.append("download" + (f" of {weights.size / 1e6:.0f} MB" if weights.size else ""))
        if weights.gated:
            needs.append(f"licence {notes.mark(_terms(weights))}")
    return needs


def _terms(weights: Checkpoint) -> str:
    return f"accept the licence at {weights.terms}, then set HF_TOKEN to a token of that account"


def dataset_lines() -> list[str]:
    """Return each dataset of the registry: ready, or what it needs."""
    notes, registry = Notes(), load_registry(FIXTURES / "datasets.toml")
    lines = []
    for dataset in registry.values():
        whole = registry[dataset.subset.of] if dataset.subset else dataset
        part = f", part of {whole.id}" if dataset.subset else ""
        lines.append(f"{dataset.id:<36}{_dataset_needs(whole, notes)}{part}")
    return [*lines, *notes.lines()]


def _dataset_needs(dataset: Dataset, notes: Notes) -> str:
    if not dataset.files:
        return f"bring your own {notes.mark(dataset.reason or 'no address is registered')}"
    missing = [file for file in dataset.files if not _is_here(file)]
    if not missing:
        return "ready"
    known = all(file.size for file in missing)
    size = f" of {sum(file.size or 0 for file in missing) / 1e6:.1f} MB" if known else ""
    doubt = "" if dataset.status == "available" else f" {notes.mark(dataset.reason or '')}"
    return f"download{size}{doubt}"


def _is_here(file: SourceFile) -> bool:
    if file.path is not None:
        return file.path.is_file()
    places = [cache_folder() / "downloads", *filter(None, [mirror_folder()])]
    return any((Path(place) / mirror_path(file.name)).is_file() for place in places)
