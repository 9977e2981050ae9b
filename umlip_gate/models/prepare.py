"""From a registry entry or a candidate to a job that a worker can take."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import InputError, MeasurementError, Unavailable
from umlip_gate.models.candidate import Candidate
from umlip_gate.models.environments import (
    Environment,
    family_interpreter,
    probe,
    tox_interpreter,
)
from umlip_gate.models.registry import Model
from umlip_gate.models.weights import digest_of_weights, named_content
from umlip_gate.models.worker_process import Job
from umlip_gate.settings import Settings
from umlip_gate.worker import adapters
from umlip_gate.worker.potential import Abilities

RESTRICTED = "non-commercial"
"""What the licences of the registry say that are not for every use."""


@dataclass(frozen=True)
class RunnableModel:
    """A model that is ready to run.

    Attributes
    ----------
    job
        What a worker loads.
    environment
        The interpreter that it runs in.
    checkpoint_digest
        sha256 of its weights; None if it declares none.
    files_digest
        sha256 of files and folders that a candidate's arguments name; None where it is not known.
    reusable
        Whether its predictions may serve a later run: only if its weights, and all that its
        arguments name, are known.
    accelerated
        The job's settings with its family's or its file's switches set, such as compiled kernels;
        None if there are none.
    """

    job: Job
    environment: Environment
    checkpoint_digest: str | None
    files_digest: dict[str, str | None]
    reusable: bool
    accelerated: dict[str, Any] | None = None

    @property
    def dtypes(self) -> tuple[str, ...]:
        """What its family computes in."""
        dtypes: tuple[str, ...] = _adapter(self.job.family).DTYPES
        return dtypes

    @property
    def devices(self) -> tuple[str, ...]:
        """Where its family computes."""
        return tuple(_adapter(self.job.family).ATOMS_PER_BATCH)

    @property
    def abilities(self) -> Abilities:
        """What its family declares."""
        abilities: Abilities = _adapter(self.job.family).ABILITIES
        return abilities

    @property
    def atoms_per_batch(self) -> int:
        """The most atoms that are evaluated at once on its device."""
        most: int = _adapter(self.job.family).ATOMS_PER_BATCH[self.job.device]
        return most

    @property
    def runs_checkpoint(self) -> bool:
        """Whether its package runs what the file of its weights says (docs/what-runs-code.md)."""
        runs: bool = getattr(_adapter(self.job.family), "RUNS_CHECKPOINT", False)
        return runs and self.job.checkpoint is not None

    @property
    def workers_per_gpu(self) -> int:
        """How many workers pay on one GPU."""
        return int(getattr(_adapter(self.job.family), "WORKERS_PER_GPU", 1))

    @property
    def gib_per_worker(self) -> float:
        """What a worker's batch takes on a GPU."""
        return float(getattr(_adapter(self.job.family), "GIB_PER_WORKER", 1.0))


def adapted_families() -> set[str]:
    """Families that have an adapter."""
    folder = Path(adapters.__file__).parent
    return {file.stem for file in folder.glob("*.py")} - {"__init__", "ase"}


def device_for(family: str, device: str) -> str:
    """Name the device that a family computes on where one is asked for: some know a CPU alone."""
    if family not in adapted_families():
        return device
    return device if device in _adapter(family).ATOMS_PER_BATCH else "cpu"


def prepare_model(
    model: Model,
    device: str,
    settings: Settings,
    random_seed: int | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> RunnableModel:
    """Prepare a model of the registry.

    Parameters
    ----------
    model
        Its entry.
    device
        `cpu` or `cuda`; a family that computes on a CPU alone does so, and its job says it.
    settings
        What may be fetched, and where it is kept.
    random_seed
        Random weights of this seed instead of the checkpoint's, which then need not be there
        unless it comes with the package.
    announce
        Is told the terms of code and weights that are not free for every use, before they are
        used and fetched.

    Raises
    ------
    Unavailable
        It is not adapted or has no environment here, its weights cannot be had, or there are
        none that could be random.
    MeasurementError
        Its environment is broken, or its checkpoint is not the one of the registry.
    """
    if model.status != "live":
        raise Unavailable(f"{model.id}: {model.reason}")
    if random_seed is not None and model.checkpoint is None:
        raise Unavailable(f"{model.id}: its settings are all of it, there are no random weights")
    adapter = _adapter(model.family)
    python = interpreter_of(model)
    package = model.checkpoint.package if model.checkpoint else None
    environment = probe(python, adapter.PACKAGES, (package,) if package else ())
    bundled_or_real = random_seed is None or package is not None
    for terms in _restrictions(model, with_weights=bundled_or_real):
        announce(f"{model.id}: {terms}")
    checkpoint = _registered_checkpoint(model, environment, settings) if bundled_or_real else None
    job = Job(
        environment.python,
        model.family,
        checkpoint,
        dict(model.settings),
        device_for(model.family, device),
        _dtype(adapter, model.dtype, model.id),
        random_seed=random_seed,
    )
    expected = model.checkpoint.sha256 if model.checkpoint else None
    digest = _verified(model.id, checkpoint, expected, "the registry")
    return RunnableModel(
        job, environment, digest, {}, reusable=True, accelerated=_accelerated(adapter, job.settings)
    )


def interpreter_of(model: Model) -> Path:
    """Return the interpreter that a model of the registry runs in.

    Raises
    ------
    Unavailable
        Its environment is not here.
    """
    own = model.environment
    return tox_interpreter(own) if own else _interpreter(model.family)


def prepare_candidate(candidate: Candidate) -> RunnableModel:
    """Prepare a candidate.

    Raises
    ------
    Unavailable
        Its family has no environment here, or it is predictions only.
    MeasurementError
        Its interpreter is not a Python interpreter, or its checkpoint is not what it declares.
    InputError
        Its family does not compute on its device, or in its dtype, or its checkpoint cannot be
        read.
    """
    if candidate.predictions:
        raise Unavailable(
            f"{candidate.name}: not measured: predictions only, and this needs a calculator"
        )
    family = candidate.family or "ase"
    adapter = _adapter(family)
    if candidate.device not in adapter.ATOMS_PER_BATCH:
        raise InputError(f"{candidate.name}: {family} does not compute on {candidate.device}")
    own = candidate.python
    python = candidate.folder / own if own else _interpreter(family)
    calculator = candidate.calculator
    path = (str(candidate.folder),) if calculator else ()
    environment = probe(python, adapter.PACKAGES, all_packages=calculator is not None)
    checkpoint = candidate.folder / candidate.checkpoint if candidate.checkpoint else None
    settings = (
        {
            "calculator": calculator,
            "arguments": candidate.arguments,
            "uncertainty": candidate.uncertainty.model_dump(exclude_none=True),
        }
        if calculator
        else candidate.settings
    )
    job = Job(
        environment.python,
        family,
        checkpoint,
        settings,
        candidate.device,
        _dtype(adapter, candidate.dtype, candidate.name),
        candidate.time_limit_s,
        path,
        folder=candidate.folder,
    )
    digest = _verified(candidate.name, checkpoint, candidate.sha256, "the candidate file")
    files = named_content(candidate.texts(), candidate.folder)
    known = digest is not None and None not in files.values()
    accelerated = (
        {**settings, "arguments": {**candidate.arguments, **candidate.accelerated}}
        if candidate.accelerated
        else _accelerated(adapter, settings)
    )
    return RunnableModel(job, environment, digest, files, reusable=known, accelerated=accelerated)


def _accelerated(adapter: ModuleType, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return settings with the family's switches set; None if it declares none."""
    switches: dict[str, Any] = getattr(adapter, "ACCELERATED", {})
    return {**settings, **switches} if switches else None


def _verified(name: str, checkpoint: Path | None, expected: str | None, who: str) -> str | None:
    """Return the digest of weights.

    Raises
    ------
    MeasurementError
        It is another than is expected.
    """
    digest = digest_of_weights(checkpoint) if checkpoint else None
    if expected and digest not in {None, expected}:
        raise MeasurementError(
            f"{name}: the checkpoint {checkpoint} has sha256 {digest}, {who} says {expected}: "
            "these are other weights"
        )
    return digest


def _restrictions(model: Model, *, with_weights: bool) -> Iterator[str]:
    """Terms that not everybody may accept."""
    if RESTRICTED in model.licence:
        yield f"its code is under {model.licence}"
    weights = model.checkpoint if with_weights else None
    if weights and (weights.gated or RESTRICTED in weights.licence):
        yield f"its weights are under {weights.licence}"


def _interpreter(family: str) -> Path:
    adapter = _adapter(family)
    return family_interpreter(environment_of(family), adapter.PACKAGES[0])


def environment_of(family: str) -> str:
    """Return the name of the environment of a family; some families share one."""
    return str(getattr(_adapter(family), "ENVIRONMENT", family))


def _adapter(family: str) -> ModuleType:
    return importlib.import_module(f"umlip_gate.worker.adapters.{family}")


def _dtype(adapter: ModuleType, dtype: str, name: str) -> str:
    if dtype not in adapter.DTYPES:
        raise InputError(f"{name}: computes in {' or '.join(adapter.DTYPES)}, not in {dtype}")
    return dtype


def _registered_checkpoint(
    model: Model, environment: Environment, settings: Settings
) -> Path | None:
    checkpoint = model.checkpoint
    if checkpoint is None:
        return None
    if model.id in settings.checkpoints:
        return settings.checkpoints[model.id]
    if checkpoint.package and checkpoint.member:
        if checkpoint.package not in environment.modules:
            raise MeasurementError(f"{environment.python} has no module {checkpoint.package}")
        return environment.modules[checkpoint.package] / checkpoint.member
    source = SourceFile(url=checkpoint.url, sha256=checkpoint.sha256, size=checkpoint.size)
    try:
        return fetch(source, settings)
    except Unavailable as fault:
        if not checkpoint.gated:
            raise
        raise Unavailable(
            f"{fault}\nThe weights of {model.id} are gated: accept the licence at "
            f"{checkpoint.terms}, then set HF_TOKEN to a token of that account, or download "
            f"{checkpoint.file} yourself and give --umlip-checkpoint={model.id}=FILE"
        ) from fault
