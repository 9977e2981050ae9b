"""The best of all models, by its value and by its name; and the worst of them."""

from abc import abstractmethod
from collections.abc import Sequence
from itertools import product
from typing import Literal

import numpy as np
from pydantic import field_validator

from umlip_gate.claims.assertions.base import Ids, Kind, Subject
from umlip_gate.claims.bounds import Bound, Measured, show_beside
from umlip_gate.claims.comparison import differences
from umlip_gate.claims.evidence import Cell, Evidence, Recorder, gather
from umlip_gate.claims.judge import judge_limit
from umlip_gate.claims.messages import (
    ORDERED,
    also,
    apart,
    broken_ones,
    lowest_of_others,
    measured,
    name_of,
    others,
    over,
    wanted,
)
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.bootstrap import Interval


class _Comparison(Kind, Measured):
    """All models on each of the datasets.

    Attributes
    ----------
    datasets
        Registry ids, or pools.
    """

    datasets: Ids

    def subjects(self) -> list[Subject]:
        """List the datasets."""
        return [Subject(None, dataset) for dataset in self.datasets]

    def judge(self, subject: Subject, bench: Recorder) -> Judgement:
        """Judge all models on the subject's dataset."""
        return self.weigh(gather(bench, bench.compared, subject.dataset))

    @abstractmethod
    def weigh(self, evidence: Evidence) -> Judgement:
        """Judge what was gathered of all models on one dataset."""


class BestOf(_Comparison, Bound):
    """On each dataset the lowest value of all models is at most `max`.

    It is inside as soon as one model is: further models could only lower the minimum.

    Attributes
    ----------
    decisive
        The models that the paper names as the best: only if all of them were measured can the
        assertion fail.
    """

    kind: Literal["best-of"]
    decisive: Ids

    @field_validator("min")
    @classmethod
    def _only_max(cls, minimum: float | None) -> float | None:
        if minimum is not None:
            raise ValueError("the best of several models has a max, no min")
        return minimum

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.decisive

    def weigh(self, evidence: Evidence) -> Judgement:
        """Judge the lowest value by the maximum.

        Raises
        ------
        MeasurementError
            No model is inside, and one that could not be measured might be.
        Unavailable
            No model is inside, and one that the paper names as the best is not at hand.
        """
        ranked, broken = evidence.ranked(self)
        best = next(iter(ranked.values()), None)
        inside = best is not None and self.inside(best.value(self))
        what = f"best {name_of(self)} on {evidence.dataset}"
        if broken and not inside:
            raise MeasurementError(f"{what}: not decided without {broken_ones(broken)}")
        missing = [model for model in self.decisive if model not in ranked]
        if best is None or (missing and not inside):
            raise Unavailable(f"{what}: not decided without {wanted(missing, evidence)}")
        who = f"{best.model}, best of {over(ranked, evidence)} on {evidence.dataset}"
        return judge_limit(self, best, who, others(self, list(ranked.values())))


class _Extreme(_Comparison):
    """On each dataset the model with the most extreme value of all belongs to the group.

    Judged by a paired bootstrap: configurations are drawn for all models together, and the
    differences between each of the group and each other model have intervals that hold together
    (`thresholds/statistics.toml`). It is inside where every other model is behind one of the group
    (separated), outside where every one of the group is behind another model (reversed), and
    undecided otherwise (tied).

    It is inside over the models at hand, and the text says how many they are; it is outside or
    tied only if the whole group was measured.

    Attributes
    ----------
    group
        The models of which one is the most extreme.
    """

    group: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.group

    @property
    @abstractmethod
    def sign(self) -> Literal[1, -1]:
        """1 where the extreme is the lowest value, -1 where it is the highest."""

    def weigh(self, evidence: Evidence) -> Judgement:
        """Judge whose value is the most extreme.

        Raises
        ------
        MeasurementError
            A model that could not be measured might change the outcome.
        Unavailable
            Group or others have no model at hand; or the group is behind or tied, and not
            complete.
        """
        ranked, broken = evidence.ranked(self)
        cells = list(ranked.values())[:: self.sign]
        ours = [cell for cell in cells if cell.model in self.group]
        theirs = [cell for cell in cells if cell.model not in self.group]
        extreme = "lowest" if self.sign == 1 else "highest"
        what = f"whose {name_of(self)} on {evidence.dataset} is {extreme}"
        finding, difference = self._compared(ours, theirs, evidence.statistics)
        # A broken model of the side that leads could only lengthen the lead.
        doubt = {
            model: why
            for model, why in broken.items()
            if finding is Finding.UNDECIDED or (model in self.group) != (finding is Finding.INSIDE)
        }
        if doubt:
            raise MeasurementError(f"{what}: not decided without {broken_ones(doubt)}")
        missing = [model for model in self.group if model not in ranked]
        if not ours or (missing and finding is not Finding.INSIDE):
            raise Unavailable(f"{what}: not decided without {wanted(missing, evidence)}")
        if not theirs:
            raise Unavailable(f"{what}: not decided without a model outside of the group")
        end = f"judged over {over(ranked, evidence)}" + self._elsewhere(ours, theirs)
        by = ours[0].value(self) - theirs[0].value(self)
        told = apart(by, difference, self.unit, evidence.statistics, ours[0].basis.n_groups)
        text = f"{ORDERED[finding]}, difference {told}; {end}"
        judgement = self._judgement(finding, (ours[0], theirs[0]), text)
        return judgement.over(len(ranked), evidence.n_models)

    def _compared(
        self, ours: Sequence[Cell], theirs: Sequence[Cell], statistics: Statistics
    ) -> tuple[Finding, Interval | None]:
        """Give the finding, and the interval of our extreme minus theirs."""
        if not ours or not theirs:
            return Finding.UNDECIDED, None
        found = differences(list(product(ours, theirs)), self, statistics)
        table = np.array([Finding.of_difference(each, self.sign) for each in found])
        table = table.reshape(len(ours), len(theirs))
        finding = Finding.UNDECIDED
        if (table == Finding.INSIDE).any(axis=0).all():
            finding = Finding.INSIDE
        elif (table == Finding.OUTSIDE).any(axis=1).all():
            finding = Finding.OUTSIDE
        return finding, found[0]

    def _judgement(self, finding: Finding, extremes: tuple[Cell, Cell], end: str) -> Judgement:
        best, rival = extremes
        value, limit = best.value(self), rival.value(self)
        word = "lower" if self.sign == 1 else "higher"
        return Judgement(
            finding=finding,
            model=best.model,
            dataset=best.dataset,
            source=best.source,
            value=value,
            interval=best.interval(self),
            relation="<" if self.sign == 1 else ">",
            limit=limit,
            unit=self.unit,
            text=f"{best.model} on {best.dataset} ({best.source}): {name_of(self)} "
            f"{measured(self, best, limit)}, claimed {word} than the "
            f"{'best' if self.sign == 1 else 'worst'} outside of the group, {rival.model} "
            f"({rival.source}) {show_beside(limit, value)}: {end}",
        )

    def _elsewhere(self, ours: Sequence[Cell], theirs: Sequence[Cell]) -> str:
        if self.sign != 1:
            return ""
        rivals = lowest_of_others(self, theirs)
        return also(
            [
                f"{convention} {lowest:.2f} against {rivals[convention]:.2f}"
                for convention, lowest in lowest_of_others(self, ours).items()
                if convention in rivals
            ]
        )


class BestIn(_Extreme):
    """The model with the lowest value belongs to the group."""

    kind: Literal["best-in"]

    @property
    def sign(self) -> Literal[1]:
        """The extreme is the lowest."""
        return 1


class WorstIn(_Extreme):
    """The model with the highest value belongs to the group."""

    kind: Literal["worst-in"]

    @property
    def sign(self) -> Literal[-1]:
        """The extreme is the highest."""
        return -1
