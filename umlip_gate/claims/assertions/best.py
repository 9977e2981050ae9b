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
from umlip_gate.claims.evidence import Context, Evidence, gather
from umlip_gate.claims.judge import judge_limit
from umlip_gate.claims.messages import (
    count_models,
    format_difference,
    format_others,
    format_result,
    join_conventions,
    list_broken,
    list_missing,
    lowest_by_convention,
    quantity_name,
)
from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Outcome, Verdict
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

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge all models on the subject's dataset."""
        return self.weigh(gather(context, context.compared, subject.dataset))

    @abstractmethod
    def weigh(self, evidence: Evidence) -> Verdict:
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

    def weigh(self, evidence: Evidence) -> Verdict:
        """Judge the lowest value by the maximum.

        Raises
        ------
        MeasurementError
            No model is inside, and one that could not be measured might be.
        Unavailable
            No model is inside, and one that the paper names as the best is not available here.
        """
        ranked, broken = evidence.ranked(self)
        best = next(iter(ranked.values()), None)
        inside = best is not None and self.inside(best.value(self))
        what = f"best {quantity_name(self)} on {evidence.dataset}"
        if broken and not inside:
            raise MeasurementError(f"{what}: not decided without {list_broken(broken)}")
        missing = [model for model in self.decisive if model not in ranked]
        if best is None or (missing and not inside):
            raise Unavailable(f"{what}: not decided without {list_missing(missing, evidence)}")
        who = f"{best.model}, best of {count_models(ranked, evidence)} on {evidence.dataset}"
        return judge_limit(self, best, who, format_others(self, list(ranked.values())))


class _Extreme(_Comparison):
    """On each dataset the model with the most extreme value of all belongs to the group.

    Judged by a paired bootstrap: configurations are drawn for all models together, and the
    differences between each of the group and each other model have intervals that hold together
    (`thresholds/statistics.toml`). It is inside where every other model is behind one of the group
    (separated), outside where every one of the group is behind another model (reversed), and
    undecided otherwise (tied).

    It is inside over the available models, and the text says how many they are; it is outside or
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

    def weigh(self, evidence: Evidence) -> Verdict:
        """Judge whose value is the most extreme.

        Raises
        ------
        MeasurementError
            A model that could not be measured might change the outcome.
        Unavailable
            Group or others have no model that is available; or the group is behind or tied, and not
            complete.
        """
        ranked, broken = evidence.ranked(self)
        results = list(ranked.values())[:: self.sign]
        ours = [result for result in results if result.model in self.group]
        theirs = [result for result in results if result.model not in self.group]
        extreme = "lowest" if self.sign == 1 else "highest"
        what = f"whose {quantity_name(self)} on {evidence.dataset} is {extreme}"
        outcome, difference = self._compared(ours, theirs, evidence.statistics)
        # A broken model of the side that leads could only lengthen the lead.
        doubt = {
            model: why
            for model, why in broken.items()
            if outcome is Outcome.INCONCLUSIVE
            or (model in self.group) != (outcome is Outcome.PASSED)
        }
        if doubt:
            raise MeasurementError(f"{what}: not decided without {list_broken(doubt)}")
        missing = [model for model in self.group if model not in ranked]
        if not ours or (missing and outcome is not Outcome.PASSED):
            raise Unavailable(f"{what}: not decided without {list_missing(missing, evidence)}")
        if not theirs:
            raise Unavailable(f"{what}: not decided without a model outside of the group")
        end = f"judged over {count_models(ranked, evidence)}" + self._elsewhere(ours, theirs)
        by = ours[0].value(self) - theirs[0].value(self)
        told = format_difference(
            by, difference, self.unit, evidence.statistics, ours[0].error_set.n_groups
        )
        text = f"{outcome}, difference {told}; {end}"
        return self._verdict(outcome, (ours[0], theirs[0]), text).over(
            len(ranked), evidence.n_models
        )

    def _compared(
        self, ours: Sequence[Result], theirs: Sequence[Result], statistics: Statistics
    ) -> tuple[Outcome, Interval | None]:
        """Return the outcome, and the interval of our extreme minus theirs."""
        if not ours or not theirs:
            return Outcome.INCONCLUSIVE, None
        found = differences(list(product(ours, theirs)), self, statistics)
        table = np.array([Outcome.of_difference(each, self.sign) for each in found])
        table = table.reshape(len(ours), len(theirs))
        outcome = Outcome.INCONCLUSIVE
        if (table == Outcome.PASSED).any(axis=0).all():
            outcome = Outcome.PASSED
        elif (table == Outcome.FAILED).any(axis=1).all():
            outcome = Outcome.FAILED
        return outcome, found[0]

    def _verdict(self, outcome: Outcome, extremes: tuple[Result, Result], end: str) -> Verdict:
        best, rival = extremes
        limit = rival.value(self)
        word, end_of = ("lower", "best") if self.sign == 1 else ("higher", "worst")
        return best.verdict(
            self,
            outcome,
            "<" if self.sign == 1 else ">",
            limit,
            f"{best.model} on {best.dataset} ({best.source}): {quantity_name(self)} "
            f"{format_result(self, best, limit)}, claimed {word} than the {end_of} outside of the "
            f"group, {rival.model} ({rival.source}) {show_beside(limit, best.value(self))}: {end}",
        )

    def _elsewhere(self, ours: Sequence[Result], theirs: Sequence[Result]) -> str:
        if self.sign != 1:
            return ""
        rivals = lowest_by_convention(self, theirs)
        return join_conventions(
            [
                f"{convention} {lowest:.2f} against {rivals[convention]:.2f}"
                for convention, lowest in lowest_by_convention(self, ours).items()
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
