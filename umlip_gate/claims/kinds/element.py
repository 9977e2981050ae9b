"""The elements of a dataset one by one: each of them, the highest, and those that stand out."""

from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
from ase.data import chemical_symbols
from pydantic import AfterValidator, Field

from umlip_gate.claims.bounds import Bound, Measured
from umlip_gate.claims.evidence import Bench, Cell
from umlip_gate.claims.judge import judge_limit
from umlip_gate.claims.kinds.base import Ids, Kind, Name, Subject, different
from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.claims.words import ORDERED, name_of, shown
from umlip_gate.datasets.registry import Element
from umlip_gate.faults import NotMeasured
from umlip_gate.metrics.bootstrap import ORDER_LEVEL, difference_interval, interval_of

Elements = Annotated[tuple[Element, ...], AfterValidator(different)]


class _ByElement(Kind, Measured):
    """Each of the models on each of the datasets, element by element.

    A configuration counts for the element that it consists of; alloys count for none.

    Attributes
    ----------
    models, datasets
        Registry ids.
    groups
        Names of `thresholds/periodic_table.toml`: the elements that are meant, as far as the
        dataset has them.
    elements
        More of them, each of which the dataset must have. Without either, all that it has.
    exceptions
        Elements that are not meant.
    """

    models: Ids
    datasets: Ids
    groups: Annotated[tuple[Name, ...], AfterValidator(different)] = ()
    elements: Elements = ()
    exceptions: Elements = ()

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    @property
    def named_groups(self) -> tuple[str, ...]:
        """The groups of the periodic table that the assertion names."""
        return self.groups

    def subjects(self) -> list[Subject]:
        """List every model on every dataset."""
        return [Subject(model, dataset) for model in self.models for dataset in self.datasets]

    def judge(self, subject: Subject, bench: Bench) -> Judgement:
        """Judge the subject's model element by element.

        Raises
        ------
        NotMeasured
            The dataset does not have the elements, or one of them has no value.
        """
        assert subject.model is not None  # noqa: S101 - as listed by `subjects`
        cell = bench.cell(subject.model, subject.dataset)
        meant = {*bench.elements(self.groups), *self.elements}
        if not self.groups and not self.elements:
            meant = set(chemical_symbols)
        found = {
            element: own
            for element, own in cell.groups.items()
            if element in meant and element not in self.exceptions
        }
        missing = [element for element in self.elements if element not in found]
        if missing or not found:
            what = ", ".join(missing or self.groups) or "element"
            raise NotMeasured(f"{subject.dataset} has no configurations of {what} alone")
        return self.weigh(cell, found)

    @abstractmethod
    def weigh(self, cell: Cell, found: dict[str, Cell]) -> Judgement:
        """Judge a model by its elements, at least one."""


class EachElement(_ByElement, Bound):
    """Every one of the elements keeps to the bound.

    The value is that of the element that is farthest outside, or least far inside.
    """

    kind: Literal["each-element"]

    def weigh(self, cell: Cell, found: dict[str, Cell]) -> Judgement:
        """Judge the worst of the elements, and name all that are outside."""
        values = {element: own.value(self) for element, own in found.items()}
        decisive = max(values, key=lambda element: self._excess(values[element]))
        outside = [e for e, value in values.items() if not self.inside(value)]
        who = f"{cell.model} on {cell.dataset}, {decisive} of {len(found)} elements"
        rest = ", ".join(f"{element} {values[element]:.2f}" for element in outside)
        return judge_limit(self, found[decisive], who, f"; outside: {rest}" if outside else "").of(
            cell.dataset
        )

    def _excess(self, value: float) -> float:
        above = value - self.max if self.max is not None else -np.inf
        below = self.min - value if self.min is not None else -np.inf
        return max(above, below)


class HighestElement(_ByElement, Bound):
    """The highest value of the elements keeps to the bound."""

    kind: Literal["highest-element"]

    def weigh(self, cell: Cell, found: dict[str, Cell]) -> Judgement:
        """Judge the highest of the elements."""
        highest = max(found, key=lambda element: found[element].value(self))
        who = f"{cell.model} on {cell.dataset}, {highest}, highest of {len(found)} elements"
        return judge_limit(self, found[highest], who, "").of(cell.dataset)


class ElementsStandOut(_ByElement):
    """Some elements have higher values than every other one of the groups.

    Judged by the bootstrap: the highest value of the others minus the lowest of these is
    inside where its 97 % interval lies below zero, outside where it lies above, and undecided
    where it holds zero. Elements have no rows in common, so they are drawn independently.

    Attributes
    ----------
    these
        The elements that stand out.
    """

    kind: Literal["elements-stand-out"]
    these: Annotated[Elements, Field(min_length=1)]

    def weigh(self, cell: Cell, found: dict[str, Cell]) -> Judgement:
        """Judge the highest of the others against the lowest of these.

        Raises
        ------
        NotMeasured
            One of these is not in the dataset, or no other is.
        """
        others = {element: own for element, own in found.items() if element not in self.these}
        missing = [element for element in self.these if element not in found]
        if missing or not others:
            what = f"no {', '.join(missing)}" if missing else "no other element of the groups"
            raise NotMeasured(f"{cell.dataset} has {what}")
        these = [found[element] for element in self.these]
        highest = np.max([own.replicates(self) for own in others.values()], axis=0)
        lowest = np.min([own.replicates(self) for own in these], axis=0)
        difference = difference_interval(highest - lowest)
        finding = Finding.of_difference(difference)
        rival = max(others, key=lambda element: others[element].value(self))
        value = others[rival].value(self) - min(own.value(self) for own in these)
        listed = ", ".join(f"{e} {found[e].value(self):.2f}" for e in self.these)
        return Judgement(
            finding=finding,
            model=cell.model,
            dataset=cell.dataset,
            source=cell.source,
            value=value,
            interval=interval_of(highest - lowest),
            relation="<",
            limit=0.0,
            unit=self.unit,
            text=f"{cell.model} on {cell.dataset} ({cell.source}): {name_of(self)} of {listed} "
            f"claimed higher than of {len(others)} others, of which {rival} has the highest, "
            f"{others[rival].value(self):.2f}: {ORDERED[finding]}, difference "
            f"{shown(value, difference, 0.0, self.unit, ORDER_LEVEL)}",
        )
