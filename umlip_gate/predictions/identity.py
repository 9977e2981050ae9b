"""What a stored prediction depends on: all of it is the key, a model's name is not."""

import hashlib
import json
from pathlib import Path
from typing import Any

from umlip_gate.models.prepare import RunnableModel
from umlip_gate.worker import adapters


def live_identity(live: RunnableModel, dataset_digest: str, run: str) -> dict[str, Any]:
    """Identity of what a worker computes.

    Parameters
    ----------
    live
        Family, settings, device, dtype, versions and digests.
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
        "files": live.files_digest,
        "run": None if live.reusable else run,
        "random_seed": job.random_seed,
        "settings": job.settings,
        "device": job.device,
        "dtype": job.dtype,
        "python": environment.version,
        "packages": environment.packages,
        "modules": {name: module.digest for name, module in environment.modules.items()},
        "sources": sorted(environment.sources.values()),
        "adapter": _adapter_digest(job.family),
    }


def published_identity(file_digest: str, dataset_digest: str) -> dict[str, Any]:
    """Identity of predictions that others published."""
    return {"source": "published", "dataset": dataset_digest, "file": file_digest}


def digest_of(identity: dict[str, Any]) -> str:
    """sha256 of an identity's canonical JSON."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _adapter_digest(family: str) -> str:
    """Digest of our own code that runs in the worker: it decides what a prediction is."""
    folder = Path(adapters.__file__).parent
    ours = [folder / f"{family}.py", *sorted(folder.parent.glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in ours)).hexdigest()
