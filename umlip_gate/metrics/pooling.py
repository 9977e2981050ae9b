"""One number over several datasets, by either of two rules.

    rows                every configuration of every dataset is a row of one set
    mean-of-datasets    the mean of the datasets' numbers, each of which weighs 1

Whatever their rule, resamples are drawn dataset by dataset, each as large as it is: which
datasets there are was chosen, not drawn.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.errors import Errors, Estimates, Estimator, FloatArray
from umlip_gate.metrics.measurement import Metrics, estimated, measure_errors

Rule = Literal["rows", "mean-of-datasets"]


def measure_pool(
    parts: Sequence[Errors],
    *,
    n_resamples: int = bootstrap.N_RESAMPLES,
    seed: int = bootstrap.SEED,
) -> dict[Rule, Metrics]:
    """Measure every quantity of one model over several datasets, by both rules.

    Parameters
    ----------
    parts
        The errors on each dataset, at least one; a configuration that failed in any of them
        leaves no number.
    n_resamples, seed
        Of the bootstrap.
    """
    whole = Errors.joined(parts)
    if not whole.finite.all():
        failed = measure_errors(whole, n_resamples=n_resamples, seed=seed)
        return {"rows": failed, "mean-of-datasets": failed}
    together, apart = Estimator(whole), [Estimator(part) for part in parts]
    once = _both(together, apart, [np.ones((1, len(part))) for part in parts])
    drawn = [
        _both(together, apart, counts)
        for counts in _draw([len(part) for part in parts], n_resamples, seed)
    ]
    return {
        rule: estimated(
            len(whole),
            values={key: float(value) for key, (value,) in once[rule].items()},
            replicated={
                key: np.concatenate([estimates[rule][key] for estimates in drawn])
                for key in once[rule]
            },
            seed=seed,
        )
        for rule in once
    }


def _both(
    together: Estimator, apart: Sequence[Estimator], counts: Sequence[FloatArray]
) -> dict[Rule, Estimates]:
    each = [estimator(part) for estimator, part in zip(apart, counts, strict=True)]
    return {
        "rows": together(np.concatenate(counts, axis=1)),
        "mean-of-datasets": {
            key: np.mean([estimates[key] for estimates in each], axis=0) for key in each[0]
        },
    }


def _draw(sizes: Sequence[int], n_resamples: int, seed: int) -> Iterator[list[FloatArray]]:
    """Draw each dataset from itself, with a generator of its own."""
    step = max(1, bootstrap.CHUNK // sum(sizes))
    streams = [
        bootstrap.draw(size, n_resamples, [seed, place], step * size)
        for place, size in enumerate(sizes)
    ]
    return (list(counts) for counts in zip(*streams, strict=True))
