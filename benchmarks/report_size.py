"""Time, memory and size of the report of 26 models on 54,084 configurations.

`python -m benchmarks.report_size` makes up the errors: what is measured is the report.
"""

import resource
import sys
import time
from typing import Any

import numpy as np

from umlip_gate.report.figures import ENERGY, FORCE
from umlip_gate.report.html import page
from umlip_gate.report.run import Run

N_MODELS, N_DATASETS, N_CONFIGURATIONS = 26, 14, 54_084
N_VERDICTS = 12


def made_illustrations(rng: np.random.Generator) -> dict[str, Any]:
    """Return three structures and the counts of forces, as many as a real run has."""
    vectors = [rng.normal(0, 2, (54, 3)).round(4).tolist() for _ in range(3)]
    names = ("positions_ang", "forces_ev_per_ang", "predicted_forces_ev_per_ang")
    structure = {
        **dict(zip(names, vectors, strict=True)),
        "numbers": [74] * 54,
        "cell_ang": np.eye(3).tolist(),
    }
    edges = np.linspace(-9, 9, 61).round(6).tolist()
    bins = rng.integers(0, 60, (600, 2)).tolist()
    return {
        "structures": [structure | {"row": row} for row in range(3)],
        "force_parity": {
            "edges_ev_per_ang": edges,
            "n_components": 60_000,
            "n_failed": 0,
            "counts": [[*each, 100] for each in bins],
        },
    }


def made_measurement(name: str) -> dict[str, Any]:
    """Return the errors of a model on a dataset."""
    model, dataset, source = name.split(" | ")
    entry: dict[str, Any] = {"model": model, "dataset": dataset, "source": source, "intervals": {}}
    for quantity, convention, _ in (ENERGY, FORCE):
        entry[quantity] = {convention: 5.0}
        entry["intervals"][quantity] = {convention: [4.0, 6.0]}
    entry |= {"n_configurations": 3863, "n_failed": 0, "sample_of": None, "failures": {}}
    return entry | {"identity": {"family": "made", "device": "cuda", "dtype": "float32"}}


def made_verdict(name: str, k: int) -> dict[str, Any]:
    """Return one of a result's verdicts, every fourth of them a failure."""
    model, dataset, source = name.split(" | ")
    return {
        "id": f"{model}:{dataset}:gate.made.limit-{k}",
        "model": model,
        "outcome": "passed" if k % 4 else "failed",
        "value": 5.0,
        "interval": [4.0, 6.0],
        "relation": "<",
        "limit": 6.0 if k % 4 else 4.0,
        "unit": "meV/atom",
        "source": source,
        "reason": "a reason " * 20,
        "limit_source": "gate made",
        "rationale": "a rationale " * 40,
    }


def main() -> None:
    """Print what the report takes."""
    rng = np.random.default_rng(1)
    sizes = [len(part) for part in np.array_split(np.arange(N_CONFIGURATIONS), N_DATASETS)]
    columns: dict[str, Any] = {}
    illustrations: dict[str, Any] = {}
    for model in range(N_MODELS):
        for dataset, n in enumerate(sizes):
            name = f"model-{model} | dataset-{dataset} | live"
            illustrations[name] = made_illustrations(rng)
            columns[name] = {
                "row": list(range(n)),
                "n_atoms": [54] * n,
                "reference_energy_ev_per_atom": rng.normal(-10, 1, n).round(5).tolist(),
                "energy_error_mev_per_atom": rng.normal(0, 20, n).round(4).tolist(),
                "reference_force_ev_per_ang": rng.random(n).round(5).tolist(),
                "force_rmse_mev_per_ang": (100 * rng.random(n)).round(4).tolist(),
            }
    formulas = {f"dataset-{k}": ["W54"] * n for k, n in enumerate(sizes)}
    results: dict[str, Any] = {
        "exit_code": 1,
        "unmeasured": [],
        "measurements": [made_measurement(name) for name in columns],
        "verdicts": [made_verdict(name, k) for name in columns for k in range(N_VERDICTS)],
        **{key: [] for key in ("costs", "claims")},
        "datasets": {},
    }
    beside = {"formulas": formulas, "measurements": columns, "illustrations": illustrations}
    run = Run("results.json", results, beside)
    start_s = time.process_time()
    text = page([run])
    seconds = time.process_time() - start_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size_mb = len(text.encode()) / 1e6
    sys.stdout.write(f"{seconds:.1f} s of CPU, {peak_mib:.0f} MiB at most, {size_mb:.1f} MB\n")


if __name__ == "__main__":
    main()
