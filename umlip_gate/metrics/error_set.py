"""What a number is estimated from: configurations, and how they were drawn.

One number over several datasets follows either of two rules.

    rows                every configuration of every dataset is a row of one set
    mean-of-datasets    the mean of the datasets' numbers, each of which weighs 1

Whatever their rule, resamples are drawn dataset by dataset, each of as many independent groups of
configurations as it has: which datasets there are was chosen, not drawn. Of a sample of a dataset
rows are drawn: they were chosen one by one, and the number that is meant is the whole dataset's.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from umlip_gate.metrics.bootstrap import ResamplingDesign
from umlip_gate.metrics.errors import Errors
from umlip_gate.metrics.estimates import Estimate, Estimates, estimates_of
from umlip_gate.metrics.sampling import Sample

Rule = Literal["rows", "mean-of-datasets"]
RULES: tuple[Rule, ...] = get_args(Rule)


@dataclass(frozen=True, eq=False)
class ErrorSet:
    """The errors on one dataset, on a sample of it, or on several.

    Attributes
    ----------
    parts
        The errors on each dataset, at least one.
    rule
        How several become one.
    sample
        Which rows of a dataset they are, if they are not the whole; of one dataset alone.
    """

    parts: tuple[Errors, ...]
    rule: Rule = "rows"
    sample: Sample | None = None

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    @cached_property
    def design(self) -> ResamplingDesign:
        """How the configurations were drawn."""
        if self.sample is not None:
            return self.sample.design
        return ResamplingDesign.of_groups([part.groups for part in self.parts])

    @property
    def n_groups(self) -> int:
        """How many independent draws there are: groups, or the rows of a sample."""
        return self.design.n_groups

    def joined(self) -> Errors:
        """Return all rows, one dataset after the other."""
        return self.parts[0] if len(self.parts) == 1 else Errors.joined(self.parts)

    def estimates(self) -> Estimates:
        """Estimate every quantity under every convention; all errors are finite."""
        if self.rule == "rows":
            times = None if self.sample is None else self.sample.weights
            return estimates_of(self.joined(), times)
        each = [estimates_of(part) for part in self.parts]
        return {
            key: Estimate(
                float(np.mean([estimates[key].value for estimates in each])),
                np.concatenate([estimates[key].influence for estimates in each]) / len(each),
            )
            for key in each[0]
            if all(key in estimates for estimates in each)
        }
