"""What a stored prediction depends on: all of it is the key, a model's name is not."""

import hashlib
import json
from pathlib import Path
from typing import Any

from umlip_gate.models.prepare import RunnableModel
from umlip_gate.worker import adapters


def live_identity(live: RunnableModel, dataset_digest: str, run: str) -> dict[str, Any]:
    """Identity of what a worker computes, as far as it is known before one is started.

    What a worker reads beyond it is kept beside the predictions (`predictions.dependencies`).

    Parameters
    ----------
    live
        Family, settings, device, dtype, threads, versions and digests.
    dataset_digest
        Content digest of the configurations.
    run
        This run's name: part of the identity of a model whose weights are not known, so that
        no later run takes its predictions for those of other weights.
    """
    job, environment = live.job, live.environment
    return {
        "source": "live",
        "dataset": dataset_digest,
        "family": job.family,
        "checkpoint": live.checkpoint_digest,
        "arguments": live.files_digest,
        "run": None if live.reusable else run,
        "random_seed": job.random_seed,
        "settings": job.settings,
        "device": job.device,
        "dtype": job.dtype,
        "checked": job.checked,
        "n_threads": job.n_threads,
        "python": environment.version,
        "packages": environment.packages,
        "worker": worker_digest(job.family),
    }


def published_identity(file_digest: str, dataset_digest: str) -> dict[str, Any]:
    """Identity of predictions that others published."""
    return {"source": "published", "dataset": dataset_digest, "file": file_digest}


def brought_identity(file_digest: str, dataset_digest: str) -> dict[str, Any]:
    """Identity of predictions that a user brings."""
    return {"source": "brought", "dataset": dataset_digest, "file": file_digest}


def digest_of(identity: dict[str, Any]) -> str:
    """sha256 of an identity's canonical JSON."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def worker_digest(family: str, folder: Path = Path(adapters.__file__).parent.parent) -> str:
    """Digest of our own code that runs in the worker: its modules, and the family's adapter.

    Parameters
    ----------
    family
        The adapter's name.
    folder
        The worker package.
    """
    ours = [folder / "adapters" / f"{family}.py", *sorted(folder.glob("*.py"))]
    digests = [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in ours]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
