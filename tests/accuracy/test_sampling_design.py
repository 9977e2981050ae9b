"""How often a sample's interval holds the value of the whole, on the real errors of real models.

`pytest -m slow tests/accuracy/test_sampling_design.py -s` prints what README says of it.
"""

import numpy as np
import pytest

from umlip_gate.laboratory import Laboratory
from umlip_gate.metrics.bootstrap import Interval, estimates_over, percentiles
from umlip_gate.metrics.errors import Errors
from umlip_gate.metrics.sampling import Sample, plan
from umlip_gate.models.registry import Model

pytestmark = [pytest.mark.slow, pytest.mark.network]

TRIALS, RESAMPLES = 200, 300
JUDGED = (
    ("energy_rmse", "per_atom"),
    ("energy_rmse", "per_configuration"),
    ("force_rmse", "component"),
)


@pytest.mark.parametrize("n", [128, 256])
def test_the_interval_of_a_sample_holds_the_value_of_the_whole(
    laboratory: Laboratory, n: int
) -> None:
    whole = laboratory.load("W-g")
    published = [
        name
        for name, entry in laboratory.models.items()
        if isinstance(entry, Model) and "W-g" in entry.published
    ]
    cells = [laboratory.measure(name, "W-g", "published").cell for name in published]
    held = {(cell.model, *key): 0 for cell in cells for key in JUDGED}
    for seed in range(TRIALS):
        sample = plan(whole, seed).first(n)
        chosen = np.zeros(len(whole), dtype=bool)
        chosen[sample.rows] = True
        for cell in cells:
            for key, (low, high) in _intervals(cell.errors.select(chosen), sample, seed).items():
                held[cell.model, *key] += low <= (cell.metrics.values[key[0]][key[1]] or 0) <= high
    for key in JUDGED:
        shares = {model: count / TRIALS for (model, *of), count in held.items() if tuple(of) == key}
        worst = min(shares, key=shares.__getitem__)
        span = f"{shares[worst]:.2f} ({worst}) to {max(shares.values()):.2f}"
        print(f"{n} of {len(whole)}, {' '.join(key)}: {span}")  # noqa: T201 - what README quotes
        if key != ("energy_rmse", "per_configuration"):
            assert shares[worst] > 0.8


def _intervals(errors: Errors, sample: Sample, seed: int) -> dict[tuple[str, str], Interval]:
    estimates = estimates_over(errors, sample.draw(RESAMPLES, seed))
    found = {key: percentiles(estimates[key]) for key in JUDGED}
    return {key: interval for key, interval in found.items() if interval is not None}
