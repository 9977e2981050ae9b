"""By what verdicts that rest on an interval are decided: `thresholds/statistics.toml`."""

from typing import Annotated

from pydantic import Field

from umlip_gate.claims.bounds import Number
from umlip_gate.schema import Strict


class Statistics(Strict):
    """What an interval must be to decide.

    Attributes
    ----------
    level
        In how many samples of configurations, of all, an interval holds the truth.
    order_level
        The same of a difference that tells models apart, or a mean from zero; where several are
        judged at once, of all of them together.
    fewest_configurations
        From fewer independent groups of configurations nothing is decided: intervals hold less
        often than they say.
    rationale
        Why these, and what was measured.
    """

    level: Annotated[Number, Field(gt=0, lt=1)]
    order_level: Annotated[Number, Field(gt=0, lt=1)]
    fewest_configurations: Annotated[int, Field(strict=True, ge=2)]
    rationale: str
