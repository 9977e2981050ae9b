"""Each of some models keeps to a bound."""

from typing import Literal

from umlip_gate.claims.assertions.base import EachModel
from umlip_gate.claims.bounds import ClaimBound
from umlip_gate.claims.evidence import Context
from umlip_gate.claims.judge import judge_limit
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Verdict


class Limit(EachModel, ClaimBound):
    """Each of the models keeps to the bound on each of the datasets.

    Judged by the value alone: on a full set of rows it is what was measured.
    """

    kind: Literal["limit"]

    def weigh(self, result: Result, context: Context) -> Verdict:  # noqa: ARG002 - the result is enough
        """Judge the model by the bound."""
        return judge_limit(self, result)
