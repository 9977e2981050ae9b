"""Models in an order: one better than another, the best few of all, a whole ranking."""

from itertools import pairwise, product
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from umlip_gate.claims.assertions.base import Ids, Kind, Some, Subject, different
from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.comparison import differences, resampled
from umlip_gate.claims.evidence import Context, Evidence, gather
from umlip_gate.claims.messages import (
    count_models,
    format_difference,
    format_value,
    list_broken,
    list_missing,
    quantity_name,
)
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.bootstrap import Interval, percentiles
from umlip_gate.metrics.ranking import kendall

Tiers = list[list[Result]]


class Order(Kind, Measured):
    """On each dataset every model of a tier has a lower value than every model of the next.

    `[["A"], ["B"]]` says that A is better than B, `[["A", "B", "C"]]` with `rest` that these are
    the best three, and tiers of one model each are a ranking.

    Judged by a paired bootstrap: configurations are drawn for all models together. The differences
    between each model of a tier and each of the next have intervals that hold together
    (`thresholds/statistics.toml`). A link between two tiers is separated where all of its intervals
    lie below zero, reversed where one lies above, and tied otherwise. The order is inside if every
    link is separated, outside if any is reversed, and undecided otherwise: a tie is neither the
    paper's order nor another.

    The value is the highest of the first tier minus the lowest of the second where there are two,
    else Kendall's tau of the measured values against the order: over the pairs of models of
    different tiers, those in the claimed order minus those in the other, divided by all. Judged
    over the available models.

    Attributes
    ----------
    tiers
        The models, the lowest value first; within a tier nothing is said.
    or_tied
        Whether a tie is enough: the order passes if no link is reversed.
    rest
        Whether all further models of Table 1 are a last tier.
    datasets
        Registry ids, or pools.
    """

    kind: Literal["order"]
    tiers: Some[Ids]
    rest: Annotated[bool, Field(strict=True, validate_default=True)] = False
    or_tied: Annotated[bool, Field(strict=True)] = False
    datasets: Ids

    @field_validator("tiers")
    @classmethod
    def _once(cls, tiers: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        different(tuple(model for tier in tiers for model in tier))
        return tiers

    @field_validator("rest")
    @classmethod
    def _two_tiers(cls, rest: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        if not rest and len(info.data.get("tiers", "..")) == 1:
            raise ValueError("an order needs two tiers, or the rest as the second")
        return rest

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return tuple(model for tier in self.tiers for model in tier)

    def subjects(self) -> list[Subject]:
        """List the datasets."""
        return [Subject(None, dataset) for dataset in self.datasets]

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge the order of the available models on the subject's dataset.

        Raises
        ------
        MeasurementError
            A model of the order could not be measured.
        Unavailable
            Fewer than two tiers have a model that is available.
        """
        unnamed = [model for model in context.compared if model not in self.named_models]
        models = [*self.named_models, *(unnamed if self.rest else ())]
        evidence = gather(context, models, subject.dataset)
        ranked, broken = evidence.ranked(self)
        what = f"order by {quantity_name(self)} on {evidence.dataset}"
        if broken:
            raise MeasurementError(f"{what}: not decided without {list_broken(broken)}")
        tiers = self._at_hand(ranked)
        if len(tiers) < 2:  # noqa: PLR2004 - an order is of two at least
            missing = [model for model in models if model not in ranked]
            raise Unavailable(f"{what}: not decided without {list_missing(missing, evidence)}")
        verdict = self._judged(tiers, evidence, count_models(ranked, evidence))
        return verdict.over(len(ranked), evidence.n_models)

    def _at_hand(self, ranked: dict[str, Result]) -> Tiers:
        tiers = [
            [result for model, result in ranked.items() if model in tier] for tier in self.tiers
        ]
        tiers.append([result for model, result in ranked.items() if model not in self.named_models])
        return [tier for tier in tiers if tier]

    def _judged(self, tiers: Tiers, evidence: Evidence, count: str) -> Verdict:
        links = [list(product(better, worse)) for better, worse in pairwise(tiers)]
        pairs = [pair for link in links for pair in link]
        found = iter(differences(pairs, self, evidence.statistics))
        intervals = [[next(found) for _ in link] for link in links]
        outcomes = [
            Outcome.of_all([Outcome.of_difference(each) for each in link]) for link in intervals
        ]
        if len(links) == 1:
            highest, lowest = tiers[0][-1], tiers[1][0]
            value = highest.value(self) - lowest.value(self)
            interval = intervals[0][links[0].index((highest, lowest))]
            relation, limit, unit = "<", 0.0, self.unit
            told = format_difference(
                value, interval, unit, evidence.statistics, highest.error_set.n_groups
            )
            what = f"highest of {_names(tiers[0])} minus lowest of {_names(tiers[1])} {told}"
        else:
            value, interval = self._tau(tiers, evidence.statistics.level)
            relation, limit, unit = "=", 1.0, "1"
            told = format_value(value, interval, limit, unit, evidence.statistics.level)
            what = f"Kendall's tau against the claimed order {told}"
        sources = {result.source for tier in tiers for result in tier}
        outcome = Outcome.of_all(outcomes)
        if self.or_tied and outcome is Outcome.INCONCLUSIVE and _told(intervals):
            outcome = Outcome.PASSED
        return Verdict(
            outcome=outcome,
            dataset=evidence.dataset,
            source=sources.pop() if len(sources) == 1 else None,
            value=value,
            interval=interval,
            relation=relation,
            limit=limit,
            unit=unit,
            reason=f"order by {quantity_name(self)} on {evidence.dataset}, {outcome}: {what}"
            f"; judged over {count}: " + self._chain(tiers, outcomes),
        )

    def _tau(self, tiers: Tiers, level: float) -> tuple[float, Interval | None]:
        order = np.array([place for place, tier in enumerate(tiers) for _ in tier], dtype=float)
        results = [result for tier in tiers for result in tier]
        (value,) = kendall(order, np.array([[result.value(self) for result in results]]))
        return float(value), percentiles(kendall(order, resampled(results, self)), level)

    def _chain(self, tiers: Tiers, outcomes: list[Outcome]) -> str:
        """Write the models in the claimed order, with what was found of each link."""
        signs = {Outcome.PASSED: " < ", Outcome.INCONCLUSIVE: " ~ ", Outcome.FAILED: " > "}
        parts = [self._shown(tiers[0])]
        for outcome, tier in zip(outcomes, tiers[1:], strict=True):
            parts += [signs[outcome], self._shown(tier)]
        return "".join(parts)

    def _shown(self, tier: list[Result]) -> str:
        models = ", ".join(f"{result.model} {result.value(self):.2f}" for result in tier)
        return f"({models})" if len(tier) > 1 else models


def _told(intervals: list[list[Interval | None]]) -> bool:
    return all(each is not None for link in intervals for each in link)


def _names(tier: list[Result]) -> str:
    return ", ".join(result.model for result in tier)
