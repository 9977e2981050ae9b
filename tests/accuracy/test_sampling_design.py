"""How often a sample's interval holds the value of the whole, on the real errors of real models.

`pytest -m slow tests/accuracy/test_sampling_design.py -s` prints what README says of it.
"""

import numpy as np
import pytest

from umlip_gate.evaluation.evaluator import Evaluator
from umlip_gate.metrics.bootstrap import Resampling
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.measurement import Metrics, measure_errors
from umlip_gate.metrics.quantities import QUANTITIES
from umlip_gate.metrics.sampling import plan
from umlip_gate.models.registry import Model

pytestmark = [pytest.mark.slow, pytest.mark.network]

TRIALS, RESAMPLES = 300, 300
FEWEST = 0.90
"""In as many samples at least an interval covers by which a sample may pass."""


@pytest.mark.parametrize("n", [128, 256])
def test_the_interval_of_a_sample_holds_the_value_of_the_whole(
    evaluator: Evaluator, n: int
) -> None:
    whole = evaluator.load("W-g")
    published = [
        name
        for name, entry in evaluator.models.items()
        if isinstance(entry, Model) and "W-g" in entry.published
    ]
    results = [evaluator.evaluate(name, "W-g", "published") for name in published]
    keys = [
        (name, convention)
        for name, quantity in QUANTITIES.items()
        if quantity.of == "model" and name != "failed_configurations"
        for convention in quantity.conventions
    ]
    held = {(result.model, *key): 0 for result in results for key in keys}
    for seed in range(TRIALS):
        sample = plan(whole, seed).first(n)
        chosen = np.zeros(len(whole), dtype=bool)
        chosen[sample.rows] = True
        for result in results:
            error_set = ErrorSet((result.errors.select(chosen),), sample=sample)
            metrics = measure_errors(error_set, Resampling(n_resamples=RESAMPLES, seed=seed))
            for key in keys:
                held[result.model, *key] += _holds(metrics, result.metrics, *key)
    short = []
    for key in keys:
        shares = {model: count / TRIALS for (model, *of), count in held.items() if tuple(of) == key}
        worst = min(shares, key=shares.__getitem__)
        doubt = QUANTITIES[key[0]].doubt_on_samples(key[1])
        if not doubt and shares[worst] < FEWEST:
            short.append(key)
        print(  # noqa: T201 - what README quotes
            f"{n} of {len(whole)}, {' '.join(key)}: {shares[worst]:.0%} ({worst}) to "
            f"{max(shares.values()):.0%}{', passes nothing' if doubt else ''}"
        )
    assert not short


def _holds(sample: Metrics, whole: Metrics, quantity: str, convention: str) -> bool:
    """Whether the interval holds the value; where there is none, nothing passes by it."""
    value, interval = whole.values[quantity][convention], sample.intervals[quantity][convention]
    return value is not None and (interval is None or interval[0] <= value <= interval[1])
