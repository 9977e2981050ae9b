"""What can be judged here and now, and what is missing for the rest."""

from pathlib import Path

from umlip_gate.datasets.addresses import mirror_path
from umlip_gate.datasets.registry import load_registry
from umlip_gate.datasets.source import SourceFile
from umlip_gate.environments import environment_names, made_interpreter
from umlip_gate.errors import Unavailable
from umlip_gate.models.prepare import device_for, environment_of, interpreter_of
from umlip_gate.models.registry import Model, load_models
from umlip_gate.settings import FIXTURES, cache_folder, mirror_folder


def environment_lines() -> list[str]:
    """Return each environment, and where it is."""
    lines = []
    for name in environment_names():
        python = made_interpreter(name)
        lines.append(f"{name:<24}{python or f'python -m umlip_gate.environments make {name}'}")
    return lines


def model_lines() -> list[str]:
    """Return each model of the registry: ready, or what it needs."""
    lines = []
    for model in load_models().values():
        needs = "; ".join(_needs(model)) or "ready"
        devices = "cpu, cuda" if device_for(model.family, "cuda") == "cuda" else "cpu"
        lines.append(f"{model.id:<24}{devices:<12}{needs}")
    return lines


def dataset_lines() -> list[str]:
    """Return each dataset of the registry: ready, or what it needs."""
    lines = []
    for dataset in load_registry(FIXTURES / "datasets.toml").values():
        missing = [file for file in dataset.files if not _is_here(file)]
        whole = dataset.subset.of if dataset.subset else None
        needs = f"download: {len(missing)} files" if missing else "ready"
        lines.append(f"{dataset.id:<44}{f'a part of {whole}' if whole else needs}")
    return lines


def _needs(model: Model) -> list[str]:
    if model.status != "live":
        return [f"not available: {model.reason}"]
    needs = []
    try:
        interpreter_of(model)
    except Unavailable:
        needs.append(f"environment {model.environment or environment_of(model.family)}")
    weights = model.checkpoint
    if weights and weights.url and not _is_here(SourceFile(url=weights.url)):
        size = f" of {weights.size / 1e6:.0f} MB" if weights.size else ""
        needs.append(f"download{size}")
        if weights.gated:
            needs.append(f"licence: accept it at {weights.terms}, then set HF_TOKEN")
    return needs


def _is_here(file: SourceFile) -> bool:
    if file.path is not None:
        return file.path.is_file()
    places = [cache_folder() / "downloads", *filter(None, [mirror_folder()])]
    return any((Path(place) / mirror_path(file.name)).is_file() for place in places)
