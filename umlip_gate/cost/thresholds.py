"""Reading `thresholds/cost.toml` and `thresholds/cost/`."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from umlip_gate.cost.baseline import Baseline, load_baselines
from umlip_gate.cost.evidence import Device
from umlip_gate.cost.paired import OverheadProtocol, PairedComparison
from umlip_gate.cost.protocol import Protocol
from umlip_gate.errors import InputError
from umlip_gate.schema import RegistryId, Strict, nearest, read_toml, validate


class CostFile(Strict):
    """`thresholds/cost.toml`."""

    protocol: Protocol
    comparison: PairedComparison
    overhead: OverheadProtocol
    kept: dict[Device, RegistryId]


@dataclass(frozen=True)
class CostThresholds:
    """How costs are measured, and what they are compared with.

    Attributes
    ----------
    protocol, comparison, overhead
        The three tables of `thresholds/cost.toml`.
    kept
        Those that claims may take for a device that a run does not measure.
    """

    protocol: Protocol
    comparison: PairedComparison
    overhead: OverheadProtocol
    kept: dict[Device, Baseline]


def load_cost_thresholds(folder: Path, models: Collection[str]) -> CostThresholds:
    """Read and check every file about costs.

    Parameters
    ----------
    folder
        With `cost.toml` and `cost/`.
    models
        The ids that exist.

    Raises
    ------
    InputError
        A file is not there or not valid, or names a model that is not known.
    """
    path = folder / "cost.toml"
    file = validate(CostFile, read_toml(path), str(path))
    for name in file.protocol.models:
        if name not in models:
            near = nearest(name, list(models))
            raise InputError(f"{path}: protocol.models: unknown model {name!r}; {near}")
    if file.comparison.n_atoms not in file.protocol.sizes:
        raise InputError(
            f"{path}: comparison.n_atoms = {file.comparison.n_atoms} is not one of the sizes"
        )
    baselines = load_baselines(folder / "cost")
    for device, name in file.kept.items():
        if name not in baselines or baselines[name].kind != device:
            raise InputError(
                f"{path}: kept.{device} = {name!r} is no {device} baseline of {folder}"
            )
    kept = {device: baselines[name] for device, name in file.kept.items()}
    return CostThresholds(file.protocol, file.comparison, file.overhead, kept)
