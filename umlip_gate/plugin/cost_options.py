"""What the command line says about costs: whose are measured, and what they are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umlip_gate.cost.baseline import Baseline, load_baseline
from umlip_gate.cost.evidence import Device
from umlip_gate.cost.thresholds import CostThresholds
from umlip_gate.errors import InputError
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.prepare import device_for
from umlip_gate.models.registry import Model
from umlip_gate.settings import THRESHOLDS

EVERY = "all"


@dataclass(frozen=True)
class CostPlan:
    """Whose costs are measured, and what they are compared with.

    Attributes
    ----------
    thresholds
        How they are measured.
    models
        The registry, the candidate, and the model that it is run side by side with.
    device
        Where the registry's models compute.
    asked
        Whose costs are measured.
    baseline
        What they are compared with, if anything.
    judged, other
        The two models that are run side by side, or neither.
    """

    thresholds: CostThresholds
    models: Mapping[str, Model | Candidate]
    device: Device
    asked: frozenset[str]
    baseline: Baseline | None
    judged: str | None
    other: str | None

    def device_and_dtype(self, model: str) -> tuple[str, str]:
        """Device and dtype that a model computes on and in."""
        entry = self.models[model]
        if isinstance(entry, Candidate):
            return entry.device, entry.dtype
        return device_for(entry.family, self.device), entry.dtype

    def is_timed(self, model: str) -> bool:
        """Whether the model's own costs are measured: not if two are run side by side."""
        return self.other is None and model in self.asked


def is_cost_asked(option: Any) -> bool:  # noqa: ANN401 - argparse's Namespace
    """Whether costs are measured: only when asked for, as they take long."""
    return getattr(option, "benchmark_only", False) or "cost" in option.markexpr


def read_cost_plan(  # noqa: PLR0913 - what the options name
    option: Any,  # noqa: ANN401 - argparse's Namespace
    thresholds: CostThresholds,
    registry: Mapping[str, Model],
    candidate: Candidate | None,
    *,
    against: Model | Candidate | None,
    folder: Path,
) -> CostPlan:
    """Read the options about costs.

    Parameters
    ----------
    option
        The command line's.
    thresholds
        How costs are measured.
    registry
        The registered models.
    candidate
        The candidate, if there is one.
    against
        The model that it is run side by side with, if costs are asked for.
    folder
        Where paths of the command line begin.

    Raises
    ------
    InputError
        A baseline or a model is not known, or is not asked for in a way that it could be judged.
    """
    if option.umlip_cost_baseline is not None and not is_cost_asked(option):
        raise InputError(
            "--umlip-cost-baseline: no cost is measured in this run; add --benchmark-only"
        )
    device: Device = option.umlip_device or "cpu"
    models: dict[str, Model | Candidate] = dict(registry)
    if candidate:
        models[candidate.name] = candidate
    baseline = None
    if option.umlip_cost_baseline is not None:
        baseline = _baseline(option.umlip_cost_baseline, folder)
    asked = _asked(option.umlip_model, thresholds, registry, candidate, baseline)
    if is_cost_asked(option):
        asked = _computing_on(device, asked, option.umlip_model, registry)
    judged = other = None
    if against is not None and is_cost_asked(option):
        judged = _judged(asked, option.umlip_model, models, candidate)
        other = against.id if isinstance(against, Model) else against.name
        models[other] = against
    return CostPlan(thresholds, models, device, asked, baseline, judged, other)


def _baseline(name_or_path: str, folder: Path) -> Baseline:
    path = str(folder / name_or_path) if name_or_path.endswith(".toml") else name_or_path
    return load_baseline(path, THRESHOLDS / "cost")


def _asked(
    named: list[str] | None,
    thresholds: CostThresholds,
    registry: Mapping[str, Model],
    candidate: Candidate | None,
    baseline: Baseline | None,
) -> frozenset[str]:
    """Take the models that are named, else the candidate, else those of protocol and baseline."""
    ours = frozenset({candidate.name}) if candidate else frozenset()
    if named is not None:
        return ours | (registry.keys() if EVERY in named else set(named))
    if candidate:
        return ours
    listed = {cost.model for cost in baseline.costs} if baseline else set()
    return frozenset(thresholds.protocol.models) | listed


def _computing_on(
    device: str, asked: frozenset[str], named: list[str] | None, registry: Mapping[str, Model]
) -> frozenset[str]:
    """Leave out the models that do not compute on the device, unless they are named."""
    elsewhere = {
        name
        for name in asked & registry.keys()
        if device_for(registry[name].family, device) != device
    }
    wrong = sorted(elsewhere & set(named or ()))
    if wrong:
        raise InputError(f"--umlip-device={device}: {', '.join(wrong)} computes on a CPU alone")
    return asked - elsewhere


def _judged(
    asked: frozenset[str],
    named: list[str] | None,
    timed: Mapping[str, Model | Candidate],
    candidate: Candidate | None,
) -> str:
    if candidate:
        return candidate.name
    if named is None or len(asked) != 1:
        raise InputError(
            "--umlip-against judges one model: a --umlip-candidate, or exactly one --umlip-model"
        )
    (model,) = asked
    if model not in timed:
        raise InputError(f"--umlip-model {model}: no step of it is timed")
    return model
