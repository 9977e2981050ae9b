"""The elements of a dataset one by one: each of them, the highest, and those that stand out."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from ase.data import chemical_symbols
from pydantic import AfterValidator, Field

from umlip_gate.claims.assertions.base import EachModel, Name, different
from umlip_gate.claims.bounds import Bound, ClaimBound, Measured
from umlip_gate.claims.comparison import differences
from umlip_gate.claims.evidence import Context
from umlip_gate.claims.judge import judge_limit
from umlip_gate.claims.messages import format_difference, quantity_name
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.datasets.registry import Element
from umlip_gate.errors import MeasurementError

Elements = Annotated[tuple[Element, ...], AfterValidator(different)]


class _ByElement(EachModel, Measured):
    """Each of the models on each of the datasets, element by element.

    A configuration counts for the element that it consists of; alloys count for none.

    Attributes
    ----------
    groups
        Names of `thresholds/periodic_table.toml`: the elements that are meant, as far as the
        dataset has them.
    elements
        More of them, each of which the dataset must have. Without either, all that it has.
    exceptions
        Elements that are not meant.
    """

    groups: Annotated[tuple[Name, ...], AfterValidator(different)] = ()
    elements: Elements = ()
    exceptions: Elements = ()

    @property
    def named_groups(self) -> tuple[str, ...]:
        """The groups of the periodic table that the assertion names."""
        return self.groups

    def found(self, result: Result, context: Context) -> dict[str, Result]:
        """Return the model's result on each of the elements, at least one.

        Raises
        ------
        MeasurementError
            The dataset does not have the elements.
        """
        meant = {*context.elements(self.groups), *self.elements}
        if not self.groups and not self.elements:
            meant = set(chemical_symbols)
        found = {
            element: own
            for element, own in result.groups.items()
            if element in meant and element not in self.exceptions
        }
        missing = [element for element in self.elements if element not in found]
        if missing or not found:
            what = ", ".join(missing or self.groups) or "element"
            raise MeasurementError(f"{result.dataset} has no configurations of {what} alone")
        return found


class EachElement(_ByElement, Bound):
    """Every one of the elements keeps to the bound.

    The value is that of the element that is farthest outside, or least far inside.
    """

    kind: Literal["each-element"]

    def weigh(self, result: Result, context: Context) -> Verdict:
        """Judge the worst of the elements, and name all that are outside."""
        found = self.found(result, context)
        values = {element: own.value(self) for element, own in found.items()}
        decisive = max(values, key=lambda element: self._excess(values[element]))
        outside = [e for e, value in values.items() if not self.inside(value)]
        who = f"{result.model} on {result.dataset}, {decisive} of {len(found)} elements"
        rest = ", ".join(f"{element} {values[element]:.2f}" for element in outside)
        verdict = judge_limit(self, found[decisive], who, f"; outside: {rest}" if rest else "")
        return replace(verdict, dataset=result.dataset)

    def _excess(self, value: float) -> float:
        above = value - self.max if self.max is not None else -np.inf
        below = self.min - value if self.min is not None else -np.inf
        return max(above, below)


class ExtremeElement(_ByElement, ClaimBound):
    """The highest, or the lowest, value of the elements keeps to the bound."""

    kind: Literal["highest-element", "lowest-element"]

    def weigh(self, result: Result, context: Context) -> Verdict:
        """Judge the highest or the lowest of the elements."""
        found = self.found(result, context)
        end = self.kind.removesuffix("-element")
        extreme = (max if end == "highest" else min)(
            found, key=lambda element: found[element].value(self)
        )
        who = f"{result.model} on {result.dataset}, {extreme}, {end} of {len(found)} elements"
        return replace(judge_limit(self, found[extreme], who, ""), dataset=result.dataset)


class ElementsStandOut(_ByElement):
    """Some elements have higher values than every other one of the groups.

    Judged by the bootstrap: the differences between each of the others and each of these have
    intervals that hold together. It is inside where all of them lie below zero, outside where one
    lies above, and undecided otherwise. Elements have no rows in common, so they are drawn
    independently.

    Attributes
    ----------
    these
        The elements that stand out.
    """

    kind: Literal["elements-stand-out"]
    these: Annotated[Elements, Field(min_length=1)]

    def weigh(self, result: Result, context: Context) -> Verdict:
        """Judge the highest of the others against the lowest of these.

        Raises
        ------
        MeasurementError
            One of these is not in the dataset, or no other is.
        """
        found, statistics = self.found(result, context), context.statistics
        others = {element: own for element, own in found.items() if element not in self.these}
        missing = [element for element in self.these if element not in found]
        if missing or not others:
            what = f"no {', '.join(missing)}" if missing else "no other element of the groups"
            raise MeasurementError(f"{result.dataset} has {what}")
        pairs = [(own, found[element]) for element in self.these for own in others.values()]
        intervals = differences(pairs, self, statistics)
        outcome = Outcome.of_all([Outcome.of_difference(each) for each in intervals])
        rival = max(others, key=lambda element: others[element].value(self))
        lowest = min((found[element] for element in self.these), key=lambda own: own.value(self))
        value = others[rival].value(self) - lowest.value(self)
        interval = intervals[pairs.index((others[rival], lowest))]
        n = min(others[rival].error_set.n_groups, lowest.error_set.n_groups)
        listed = ", ".join(f"{e} {found[e].value(self):.2f}" for e in self.these)
        verdict = lowest.verdict(
            self,
            outcome,
            "<",
            0.0,
            f"{result.model} on {result.dataset} ({result.source}): {quantity_name(self)} of "
            f"{listed} claimed higher than of {len(others)} others, the highest of which is "
            f"{rival}, {others[rival].value(self):.2f}: {outcome}, difference "
            f"{format_difference(value, interval, self.unit, statistics, n)}",
        )
        return replace(verdict, dataset=result.dataset, value=value, interval=interval)
