"""Measures models one at a time, and keeps what was measured."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from umlip_gate.cost.baseline import Baseline
from umlip_gate.cost.costs import Cost, ModelCosts
from umlip_gate.cost.evidence import Device, KnownCosts, measured_here, stored
from umlip_gate.cost.protocol import Protocol
from umlip_gate.cost.size_sweep import SizeSweep, pinned_core
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.prepare import RunnableModel, prepare_candidate, prepare_model
from umlip_gate.models.registry import Model
from umlip_gate.settings import Settings

STAND_IN_SEED = 0
"""Of the random weights that stand in for weights that are not available here."""


def prepared(
    entry: Model | Candidate, device: str, settings: Settings, random_seed: int | None
) -> RunnableModel:
    """Prepare a model to be timed: on one core, with random weights where there are no others.

    The arithmetic of a step is the same whatever the weights are. Nothing is downloaded for it,
    and random weights stand in only where the registry knows how many there are.

    Raises
    ------
    Unavailable, MeasurementError
        It has no environment here, or it is broken; its weights are not here, and no random
        ones would be the same model.
    """
    live = _live(entry, device, settings, random_seed)
    core = pinned_core() if live.job.device == "cpu" else None
    return replace(live, job=replace(live.job, core=core))


def _live(
    entry: Model | Candidate, device: str, settings: Settings, random_seed: int | None
) -> RunnableModel:
    if isinstance(entry, Candidate):
        return prepare_candidate(entry)
    if random_seed is not None and _is_same_at_random(entry):
        return prepare_model(entry, device, settings, random_seed)
    try:
        return prepare_model(entry, device, replace(settings, offline=True))
    except Unavailable:
        if not _is_same_at_random(entry):
            raise
        return prepare_model(entry, device, settings, STAND_IN_SEED)


def _is_same_at_random(entry: Model) -> bool:
    """Whether random weights make the published architecture: only then is the cost the same."""
    known = entry.parameters is not None and entry.random_parameters is None
    return entry.checkpoint is not None and known


def free_bytes() -> int | None:
    """Memory of this machine that may be taken; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    return 1024 * int(fields["MemAvailable"][0])


def log_file(settings: Settings, name: str) -> Path:
    """Return a file of this run for what a worker prints."""
    folder = settings.run / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"cost-{name}.log"


@dataclass
class CostSession:
    """One model's worker at a time, and what was measured of all of them.

    Attributes
    ----------
    models
        The registry, and a candidate.
    settings
        The run's folder takes the workers' logs.
    protocol
        What is run.
    device
        Where the registry's models compute.
    random_seed
        Random weights of this seed for every registered model, if it is given.
    measured
        By model.
    """

    models: dict[str, Model | Candidate]
    settings: Settings
    protocol: Protocol
    device: Device
    random_seed: int | None
    measured: dict[str, ModelCosts] = field(default_factory=dict)
    _sweep: tuple[str, SizeSweep] | None = None
    _problems: dict[str, Unavailable | MeasurementError] = field(default_factory=dict)

    def sweep(self, model: str) -> SizeSweep:
        """Return the model's size sweep; that of another model is closed.

        Raises
        ------
        Unavailable, MeasurementError
            The model is not available here, or did not start. The same again at each call.
        """
        if self._sweep and self._sweep[0] == model:
            return self._sweep[1]
        self.close()
        if model in self._problems:
            raise self._problems[model]
        try:
            sweep = self.start(model)
        except (Unavailable, MeasurementError) as problem:
            named = type(problem)(f"{model}: {str(problem).removeprefix(f'{model}: ')}")
            self._problems[model] = named
            raise named from problem
        self.measured[model] = sweep.measured
        self._sweep = model, sweep
        return sweep

    def start(self, model: str, device: str | None = None) -> SizeSweep:
        """Start a worker of a model, which the caller closes.

        Parameters
        ----------
        model
            Its name.
        device
            Where a registered model computes, if not on the session's device.

        Raises
        ------
        Unavailable, MeasurementError
            As `sweep` does.
        """
        live = prepared(self.models[model], device or self.device, self.settings, self.random_seed)
        return SizeSweep(model, live, self.protocol, log_file(self.settings, model), free_bytes)

    def cost(self, model: str, n_atoms: int) -> Cost:
        """Return what was measured.

        Raises
        ------
        Unavailable
            The model is not available, or its size sweep ended before this size.
        MeasurementError
            It was not measured.
        """
        if model in self._problems:
            raise self._problems[model]
        measured = self.measured.get(model)
        if measured and n_atoms in measured.costs:
            return measured.costs[n_atoms]
        if measured and measured.ended and n_atoms >= measured.ended[0]:
            raise Unavailable(f"{model}: {measured.ended[1]}")
        raise MeasurementError(f"{model}, {n_atoms} atoms: its benchmark did not run to its end")

    def known(self, device: Device, kept: Baseline | None) -> KnownCosts:
        """Return what is known of the costs on a device: measured in this run, else kept.

        Parameters
        ----------
        device
            `cpu` or `cuda`.
        kept
            What another machine's models cost, which stands in where this run measures none.

        Raises
        ------
        Unavailable
            There is neither.
        """
        if device == self.device and (self.measured or self._problems):
            size = self.protocol.required_size
            return measured_here(self.measured, self._problems, device, size)
        if kept is None:
            raise Unavailable(f"no cost on a {device} device was measured, and none is kept")
        return stored(kept, {name: entry.dtype for name, entry in self.models.items()})

    def close(self) -> None:
        """End the worker that is left."""
        if self._sweep:
            self._sweep[1].close()
            self._sweep = None
