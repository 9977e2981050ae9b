"""What a person says about the machines that evaluate: a word, an address, or a TOML file."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from umlip_gate.errors import InputError
from umlip_gate.predictions.cores import usable_cores
from umlip_gate.schema import Strict, read_toml, validate

WAIT_LIMIT_S = 3600.0
"""How long a queue may give no node."""


class LocalSite(Strict):
    """The machine that the run is started on.

    Attributes
    ----------
    workers
        Processes that evaluate.
    """

    kind: Literal["local"]
    workers: Annotated[int, Field(ge=1)] = Field(default_factory=usable_cores)

    @property
    def most_workers(self) -> int:
        """How many processes evaluate at most."""
        return self.workers


class SchedulerSite(Strict):
    """A scheduler of Dask that runs already, with workers of its own.

    Attributes
    ----------
    address
        As in tcp://host:8786.
    wait_limit_s
        How long there may be no worker, s.
    """

    kind: Literal["scheduler"]
    address: Annotated[str, Field(pattern=r"^[a-z]+://\S+$")]
    wait_limit_s: Annotated[float, Field(gt=0)] = WAIT_LIMIT_S

    @property
    def most_workers(self) -> int:
        """How many processes evaluate at most; not known before they are there."""
        return 1


class SlurmSite(Strict):
    """Jobs of Slurm, which the run submits and cancels.

    Attributes
    ----------
    partition, account
        Of the jobs; the site's defaults without them.
    jobs
        How many there are, or the least and the most, of which the run keeps as many as it has
        work for.
    cores
        Of each job; each evaluates by a process of its own.
    memory_gb
        Of each job.
    gpus
        Of each job.
    gpu_memory_gib
        Of each GPU: what the processes that share one may take of it.
    walltime
        Of each job, as in 01:00:00.
    prologue
        Lines of shell before the worker starts, such as `module load`.
    interface
        The network interface by which nodes and this machine speak.
    python
        The interpreter on the nodes, with umlip-gate[cluster]; this one without it.
    wait_limit_s
        How long the queue may give no node, s.
    """

    kind: Literal["slurm"]
    partition: str | None = None
    account: str | None = None
    jobs: (
        Annotated[int, Field(ge=1)]
        | tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]
    ) = 1
    cores: Annotated[int, Field(ge=1)]
    memory_gb: Annotated[float, Field(gt=0)]
    gpus: Annotated[int, Field(ge=0)] = 0
    gpu_memory_gib: Annotated[
        Annotated[float, Field(gt=0)] | None, Field(validate_default=True)
    ] = None
    walltime: Annotated[str, Field(pattern=r"^(\d+-)?\d{1,2}:\d{2}:\d{2}$")]
    prologue: tuple[str, ...] = ()
    interface: str | None = None
    python: Path | None = None
    wait_limit_s: Annotated[float, Field(gt=0)] = WAIT_LIMIT_S

    @field_validator("jobs")
    @classmethod
    def _ordered(cls, jobs: int | tuple[int, int]) -> int | tuple[int, int]:
        if isinstance(jobs, tuple) and jobs[0] > jobs[1]:
            raise ValueError("the least is more than the most")
        return jobs

    @field_validator("gpu_memory_gib")
    @classmethod
    def _of_gpus(cls, memory: float | None, info: Any) -> float | None:  # noqa: ANN401 - pydantic's
        if (memory is None) == bool(info.data.get("gpus")):
            raise ValueError("is stated with gpus, and only with them")
        return memory

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the most jobs."""
        return self.jobs if isinstance(self.jobs, tuple) else (self.jobs, self.jobs)

    @property
    def most_workers(self) -> int:
        """How many processes evaluate at most."""
        return self.bounds[1] * self.cores


Site = LocalSite | SchedulerSite | SlurmSite
KINDS: dict[str, type[Site]] = {
    "local": LocalSite,
    "scheduler": SchedulerSite,
    "slurm": SlurmSite,
}


def read_site(text: str, folder: Path) -> Site:
    """Return the site that an option names.

    Parameters
    ----------
    text
        `dask` for this machine, the address of a scheduler, or a TOML file.
    folder
        Where a relative path begins.

    Raises
    ------
    InputError
        It is none of these, or the file is wrong; the message names file and key.
    """
    if text == "dask":
        return LocalSite(kind="local")
    if "://" in text:
        return validate(
            SchedulerSite, {"kind": "scheduler", "address": text}, f"--umlip-executor {text}"
        )
    if not text.endswith(".toml"):
        raise InputError(
            f"--umlip-executor {text}: dask, a scheduler's address such as tcp://host:8786, or a "
            "TOML file (docs/cluster.md)"
        )
    path = folder / text
    data = read_toml(path)
    kind = data.get("kind")
    if kind not in KINDS:
        raise InputError(f"{path}: kind = {kind!r}: one of {', '.join(KINDS)}")
    return validate(KINDS[kind], data, str(path))
