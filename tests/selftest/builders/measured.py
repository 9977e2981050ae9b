"""Measures a whole dataset from its predictions, as an evaluation of one dataset does."""

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import Resampling
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import errors_of
from umlip_gate.metrics.measurement import Metrics, measure_errors
from umlip_gate.predictions.predictions import Predictions


def measure(
    configurations: Configurations,
    predictions: Predictions,
    *,
    n_resamples: int = bootstrap.N_RESAMPLES,
    seed: int = bootstrap.SEED,
) -> Metrics:
    errors = errors_of(configurations, predictions)
    return measure_errors(ErrorSet((errors,)), Resampling(n_resamples=n_resamples, seed=seed))
