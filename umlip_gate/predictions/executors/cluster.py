"""A cluster of Dask that a run starts, or finds, and gives back."""

import importlib.util
import signal
import sys
from contextlib import ExitStack
from typing import Any

from umlip_gate.errors import InputError, MeasurementError
from umlip_gate.models.worker_process import Job
from umlip_gate.predictions.executors.dask_pool import DaskPool
from umlip_gate.predictions.executors.site import LocalSite, SchedulerSite, Site, SlurmSite

SETTINGS = {
    "distributed.scheduler.worker-saturation": 1.0,  # else innocent tasks die with their worker
    "distributed.scheduler.allowed-failures": 1,
    "distributed.deploy.lost-worker-timeout": "60s",  # within it a nanny starts another
}
GPU_MEMORY = "GPU_GIB"
"""The resource of a Dask worker that tasks on a GPU share."""


def check_installed(site: Site) -> None:
    """Refuse a site whose packages are not installed.

    Raises
    ------
    InputError
        A package lacks.
    """
    needed = ["distributed", *(["dask_jobqueue"] if isinstance(site, SlurmSite) else [])]
    if any(importlib.util.find_spec(name) is None for name in needed):
        raise InputError("--umlip-executor: needs Dask: pip install 'umlip-gate[cluster]'")


class Cluster:
    """What evaluates a run's batches; started when the first are there.

    Parameters
    ----------
    site
        Which machines.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._open = ExitStack()
        self._client: Any = None

    def pool(self, job: Job, model: str, gib_per_worker: float) -> DaskPool:
        """Return what evaluates batches of a model.

        Parameters
        ----------
        job
            The model.
        model
            What else its predictions depend on.
        gib_per_worker
            What a batch takes on a GPU.

        Raises
        ------
        MeasurementError
            The scheduler does not answer, or no job could be submitted.
        """
        if self._client is None:
            self._client = self._start()
        on_gpu = job.device != "cpu" and isinstance(self.site, SlurmSite)
        resources = {GPU_MEMORY: gib_per_worker} if on_gpu else {}
        return DaskPool(self._client, self.site, job, model, resources)

    def close(self) -> None:
        """End the workers; jobs are cancelled."""
        self._client = None
        self._open.close()

    def _start(self) -> Any:  # noqa: ANN401 - a distributed.Client
        import dask  # noqa: PLC0415 - an extra
        from distributed import Client  # noqa: PLC0415 - an extra

        self._open.enter_context(dask.config.set(SETTINGS))
        try:
            if isinstance(self.site, SchedulerSite):
                address: Any = self.site.address
            else:
                address = self._open.enter_context(_started(self.site))
            return self._open.enter_context(Client(address, timeout="30s"))
        except (OSError, RuntimeError) as error:
            self.close()
            raise MeasurementError(f"--umlip-executor: {_where(self.site)}: {error}") from error


def _started(site: LocalSite | SlurmSite) -> Any:  # noqa: ANN401 - a cluster of Dask
    if isinstance(site, LocalSite):
        from distributed import LocalCluster  # noqa: PLC0415 - an extra

        return LocalCluster(
            n_workers=site.workers,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs="CRITICAL",
        )
    before = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import SLURMCluster  # noqa: PLC0415 - an extra

    signal.signal(signal.SIGINT, before)  # which that import takes for itself
    processes = max(1, site.gpus)
    gpus = [f"--gres=gpu:{site.gpus}"] if site.gpus else []
    memory = ["--resources", f"{GPU_MEMORY}={site.gpu_memory_gib}"] if site.gpus else []
    cluster = SLURMCluster(
        queue=site.partition,
        account=site.account,
        cores=site.cores,
        memory=f"{site.memory_gb}GB",
        processes=processes,
        walltime=site.walltime,
        job_script_prologue=list(site.prologue),
        job_extra_directives=["--requeue", *gpus],
        worker_extra_args=memory,
        interface=site.interface,
        python=str(site.python or sys.executable),
        death_timeout=60,
        scheduler_options={"dashboard_address": ":0"},
    )
    least, most = site.bounds
    cluster.adapt(minimum_jobs=least, maximum_jobs=most, interval="1s", wait_count=10)
    return cluster


def _where(site: Site) -> str:
    return site.address if isinstance(site, SchedulerSite) else site.kind
