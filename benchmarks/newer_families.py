"""Run a family without an adapter with random weights: batch = single, and conformance.

`python -m benchmarks.newer_families FAMILY PYTHON [DTYPE]`, PYTHON being an interpreter with the
family's package, ASE and NumPy. Exit code 1 if the package's batch differs from its own calculator,
or the calculator does what no model may do.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from umlip_gate.models.conformance import CHECKS, nonconformities
from umlip_gate.models.same import difference

CALCULATORS = Path(__file__).with_name("random_calculators.py")


def main(family: str, python: str, dtype: str = "float32") -> int:
    """Print what differs, and return the exit code."""
    failed = batch_faults(family, python, dtype)
    name = f"{family}, {dtype}"
    sys.stdout.write(f"{name}: batch and calculator: {'; '.join(failed) or 'the same'}\n")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(CALCULATORS, folder)
        candidate = folder / "random.toml"
        candidate.write_text(
            f'name = "random-{family}"\ncalculator = "random_calculators:{family}"\n'
            f"dtype = {json.dumps(dtype)}\npython = {json.dumps(str(Path(python).absolute()))}\n"
            'arguments = { dtype = "{dtype}" }\n'
        )
        found = nonconformities(candidate, folder)
    sys.stdout.write(
        f"{name}: {len(CHECKS)} checks of conformance: {'; '.join(found) or 'passed'}\n"
    )
    return 1 if failed or found else 0


def batch_faults(family: str, python: str, dtype: str) -> list[str]:
    """Return how the package's batch differs from its calculator, by structure."""
    command = [python, "-W", "ignore", str(CALCULATORS), family, dtype]
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the family's interpreter
    if said.returncode:
        return [said.stderr.strip().rpartition("\n")[2]]
    alone, together = json.loads(said.stdout.splitlines()[-1])
    gaps = [
        difference((b[0], np.array(b[1])), (a[0], np.array(a[1])), dtype)
        for a, b in zip(alone, together, strict=True)
    ]
    return [f"structure {place}: {gap}" for place, gap in enumerate(gaps) if gap]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
