"""The kinds of assertion that a claim of the paper can make, one module each.

A kind is a subclass of `kinds.base.Kind`: the keys of its table in `thresholds/paper/`, the
subjects that it is judged on one by one, and how it is judged by what the context gives. A new
kind is a module here and a line in `Assertion`.
"""

from umlip_gate.claims.assertions.best import BestIn, BestOf, WorstIn
from umlip_gate.claims.assertions.cannot import Cannot
from umlip_gate.claims.assertions.cost import (
    CostLine,
    CostOrder,
    CostOverDft,
    CostRatio,
    CostSpeedup,
)
from umlip_gate.claims.assertions.cost_accuracy import CostCorrelation, ParetoFront
from umlip_gate.claims.assertions.count import Counts
from umlip_gate.claims.assertions.covers import CoversMore
from umlip_gate.claims.assertions.element import EachElement, ElementsStandOut, ExtremeElement
from umlip_gate.claims.assertions.ensemble import ErrorsAboveDeviation, HigherOn
from umlip_gate.claims.assertions.limit import Limit
from umlip_gate.claims.assertions.order import Order
from umlip_gate.claims.assertions.ratio import Ratio
from umlip_gate.claims.assertions.share import PositiveShare
from umlip_gate.claims.assertions.sign import SignOf

Assertion = (
    Limit
    | BestOf
    | BestIn
    | WorstIn
    | Order
    | Ratio
    | SignOf
    | EachElement
    | ExtremeElement
    | ElementsStandOut
    | PositiveShare
    | Cannot
    | CoversMore
    | Counts
    | ErrorsAboveDeviation
    | HigherOn
    | CostRatio
    | CostOrder
    | CostLine
    | CostSpeedup
    | CostOverDft
    | CostCorrelation
    | ParetoFront
)

__all__ = [
    "Assertion",
    "BestIn",
    "BestOf",
    "Cannot",
    "CostCorrelation",
    "CostLine",
    "CostOrder",
    "CostOverDft",
    "CostRatio",
    "CostSpeedup",
    "Counts",
    "CoversMore",
    "EachElement",
    "ElementsStandOut",
    "ErrorsAboveDeviation",
    "ExtremeElement",
    "HigherOn",
    "Limit",
    "Order",
    "ParetoFront",
    "PositiveShare",
    "Ratio",
    "SignOf",
    "WorstIn",
]
