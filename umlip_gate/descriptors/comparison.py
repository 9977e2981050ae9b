"""Two datasets' local environments: how much of each the other has, and where they lie."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from umlip_gate.datasets.configurations import Configurations
from umlip_gate.descriptors.soap import Soap, environments
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.metrics.coverage import Coverage, coverage, principal_components

POINTS = 1000
"""Of each dataset, at most, in the scatter plot's data."""


@dataclass(frozen=True)
class Comparison:
    """How much of two datasets' environments the other has.

    Attributes
    ----------
    of_second, of_first
        The share of the second's environments that the first covers, and the other way round.
    n_first, n_second
        How many environments were sampled of each.
    scatter
        The first two principal components of SOAP, of at most 1,000 environments of each.
    """

    of_second: Coverage
    of_first: Coverage
    n_first: int
    n_second: int
    scatter: dict[str, list[list[float]]]

    @property
    def difference(self) -> tuple[float, Interval]:
        """How much more the first covers, and the ends of the two intervals subtracted.

        Each interval redraws the covered side only: how far the covering side's sample reaches
        is taken as given, so no probability is claimed of the difference.
        """
        (low, high), (other_low, other_high) = self.of_second.interval, self.of_first.interval
        return self.of_second.value - self.of_first.value, (low - other_high, high - other_low)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the results file."""
        return {
            "share_of_second_covered_by_first": self.of_second.value,
            "share_of_first_covered_by_second": self.of_first.value,
            "intervals": [self.of_second.interval, self.of_first.interval],
            "reach": {"first": self.of_second.reach, "second": self.of_first.reach},
            "n_environments": {"first": self.n_first, "second": self.n_second},
            "principal_components": self.scatter,
        }


def compare(
    first: Configurations, second: Configurations, soap: Soap, quantile: float
) -> Comparison:
    """Compare the environments of two datasets.

    Parameters
    ----------
    first, second
        The datasets.
    soap
        How environments are described, and how many are drawn of each; of both as many as the
        smaller one has, if that is fewer.
    quantile
        How far a dataset covers; see `umlip_gate.metrics.coverage`.

    Raises
    ------
    Unavailable
        There is no environment with dscribe.
    MeasurementError
        A dataset has one configuration only, or the descriptors could not be computed.
    """
    species = np.union1d(first.numbers, second.numbers).tolist()
    n_alike = min(soap.n_environments, len(first.numbers), len(second.numbers))
    alike = soap.model_copy(update={"n_environments": n_alike})
    one, other = (environments(each, alike, species) for each in (first, second))
    projected = principal_components([one.descriptors, other.descriptors])
    scatter = {
        name: np.round(points[:: -(-len(points) // POINTS)], 5).tolist()
        for name, points in zip(("first", "second"), projected, strict=True)
    }
    return Comparison(
        of_second=coverage(other, one, quantile),
        of_first=coverage(one, other, quantile),
        n_first=len(one),
        n_second=len(other),
        scatter=scatter,
    )
