"""Where a number comes from; reports show it beside every number."""

from collections.abc import Iterable
from typing import Literal, get_args

PredictionSource = Literal["live", "published"]
"""Predictions that this project computes, or a file of predictions that others computed."""

Provenance = Literal["random", "stored", "brought", "published", "live"]
"""The least trusted first: computed with random weights, which never counts as accuracy; a cost
measured by another run and kept in `thresholds/cost/`; predictions brought by the user; predictions
published by others; and computed by this project."""


def least_trusted(sources: Iterable[Provenance]) -> Provenance:
    """Return the provenance that labels a number derived from several sources."""
    return min(sources, key=get_args(Provenance).index)
