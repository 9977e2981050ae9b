"""Time, memory and size of the report of 26 models on 54,084 configurations.

`python -m benchmarks.report_size` makes up the errors: what is measured is the report.
"""

import resource
import sys
import time
from typing import Any

import numpy as np

from umlip_gate.report.html import page
from umlip_gate.report.run import Run

N_MODELS, N_DATASETS, N_CONFIGURATIONS = 26, 14, 54_084


def main() -> None:
    """Print what the report takes."""
    rng = np.random.default_rng(1)
    sizes = [len(part) for part in np.array_split(np.arange(N_CONFIGURATIONS), N_DATASETS)]
    columns: dict[str, Any] = {}
    for model in range(N_MODELS):
        for dataset, n in enumerate(sizes):
            columns[f"model-{model} | dataset-{dataset} | live"] = {
                "row": list(range(n)),
                "n_atoms": [54] * n,
                "reference_energy_ev_per_atom": rng.normal(-10, 1, n).round(5).tolist(),
                "energy_error_mev_per_atom": rng.normal(0, 20, n).round(4).tolist(),
                "reference_force_ev_per_ang": rng.random(n).round(5).tolist(),
                "force_rmse_mev_per_ang": (100 * rng.random(n)).round(4).tolist(),
            }
    formulas = {f"dataset-{k}": ["W54"] * n for k, n in enumerate(sizes)}
    results: dict[str, Any] = {
        "exit_code": 0,
        "unmeasured": [],
        **{key: [] for key in ("measurements", "verdicts", "costs", "claims")},
        "datasets": {},
    }
    run = Run("results.json", results, {"formulas": formulas, "measurements": columns})
    start_s = time.perf_counter()
    text = page([run])
    seconds = time.perf_counter() - start_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size_mb = len(text.encode()) / 1e6
    sys.stdout.write(f"{seconds:.1f} s, {peak_mib:.0f} MiB at most, {size_mb:.1f} MB\n")


if __name__ == "__main__":
    main()
