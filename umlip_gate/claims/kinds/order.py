"""Models in an order: one better than another, the best few of all, a whole ranking."""

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from umlip_gate.claims.bounds import Measured
from umlip_gate.claims.evidence import Bench, Cell, Evidence, gather
from umlip_gate.claims.kinds.base import Ids, Kind, Some, Subject, different
from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.claims.words import ORDERED, broken_ones, name_of, over, shown, wanted
from umlip_gate.faults import NotMeasured, NotObtainable
from umlip_gate.metrics.bootstrap import ORDER_LEVEL, difference_interval, interval_of
from umlip_gate.metrics.errors import FloatArray
from umlip_gate.metrics.ranking import kendall

Tiers = list[list[Cell]]


class Order(Kind, Measured):
    """On each dataset every model of a tier has a lower value than every model of the next.

    `[["A"], ["B"]]` says that A is better than B, `[["A", "B", "C"]]` with `rest` that these are
    the best three, and tiers of one model each are a ranking.

    Judged by a paired bootstrap: configurations are drawn for all models together. A link
    between two tiers is the highest value of the first minus the lowest of the second; it is
    separated where its interval lies below zero, reversed where it lies above, tied where it
    holds zero. The interval of one link is at 97 %, by which at most one pair of equals in twenty
    is told apart; with k links each is at 1 - 0.03 / k (Bonferroni). The order is inside if every
    link is separated, outside if any is reversed, and undecided otherwise: a tie is neither the
    paper's order nor another.

    The value is the link itself where there is one, else Kendall's tau of the measured values
    against the order: over the pairs of models of different tiers, those in the claimed order
    minus those in the other, divided by all. Judged over the models at hand.

    Attributes
    ----------
    tiers
        The models, the lowest value first; within a tier nothing is said.
    rest
        Whether all further models of Table 1 are a last tier.
    datasets
        Registry ids, or pools.
    """

    kind: Literal["order"]
    tiers: Some[Ids]
    rest: Annotated[bool, Field(strict=True, validate_default=True)] = False
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

    def judge(self, subject: Subject, bench: Bench) -> Judgement:
        """Judge the order of the models at hand on the subject's dataset.

        Raises
        ------
        NotMeasured
            A model of the order could not be measured.
        NotObtainable
            Fewer than two tiers have a model at hand.
        """
        unnamed = [model for model in bench.compared if model not in self.named_models]
        models = [*self.named_models, *(unnamed if self.rest else ())]
        evidence = gather(bench, models, subject.dataset)
        ranked, broken = evidence.ranked(self)
        what = f"order by {name_of(self)} on {evidence.dataset}"
        if broken:
            raise NotMeasured(f"{what}: not decided without {broken_ones(broken)}")
        tiers = self._at_hand(ranked)
        if len(tiers) < 2:  # noqa: PLR2004 - an order is of two at least
            missing = [model for model in models if model not in ranked]
            raise NotObtainable(f"{what}: not decided without {wanted(missing, evidence)}")
        judgement = self._judged(tiers, evidence, over(ranked, evidence))
        return judgement.over(len(ranked), evidence.n_models)

    def _at_hand(self, ranked: dict[str, Cell]) -> Tiers:
        tiers = [[ranked[model] for model in tier if model in ranked] for tier in self.tiers]
        tiers.append([cell for model, cell in ranked.items() if model not in self.named_models])
        return [tier for tier in tiers if tier]

    def _judged(self, tiers: Tiers, evidence: Evidence, count: str) -> Judgement:
        links = [self._link(better, worse) for better, worse in pairwise(tiers)]
        intervals = [difference_interval(link[1:], len(links)) for link in links]
        findings = [Finding.of_difference(interval) for interval in intervals]
        finding = worst(findings)
        if len(links) == 1:
            value, interval = float(links[0][0]), interval_of(links[0][1:])
            relation, limit, unit = "<", 0.0, self.unit
            what = f"highest of {_names(tiers[0])} minus lowest of {_names(tiers[1])} " + shown(
                value, intervals[0], limit, unit, ORDER_LEVEL
            )
        else:
            taus = self._taus(tiers)
            value, interval = float(taus[0]), interval_of(taus[1:])
            relation, limit, unit = "=", 1.0, "1"
            what = "Kendall's tau against the claimed order " + shown(value, interval, limit, unit)
        sources = {cell.source for tier in tiers for cell in tier}
        return Judgement(
            finding=finding,
            model=None,
            dataset=evidence.dataset,
            source=sources.pop() if len(sources) == 1 else None,
            value=value,
            interval=interval,
            relation=relation,
            limit=limit,
            unit=unit,
            text=f"order by {name_of(self)} on {evidence.dataset}, {ORDERED[finding]}: {what}"
            f"; judged over {count}: " + self._chain(tiers, findings),
        )

    def _table(self, cells: list[Cell]) -> FloatArray:
        """Values and replicates, shape (n_models, 1 + n_resamples)."""
        return np.array([[cell.value(self), *cell.replicates(self)] for cell in cells])

    def _link(self, better: list[Cell], worse: list[Cell]) -> FloatArray:
        """Measured first, then every resample, shape (1 + n_resamples,)."""
        return np.asarray(self._table(better).max(axis=0) - self._table(worse).min(axis=0))

    def _taus(self, tiers: Tiers) -> FloatArray:
        """Measured first, then every resample, shape (1 + n_resamples,)."""
        order = [place for place, tier in enumerate(tiers) for _ in tier]
        table = self._table([cell for tier in tiers for cell in tier])
        return kendall(np.array(order, dtype=np.float64), table.T)

    def _chain(self, tiers: Tiers, findings: list[Finding]) -> str:
        """Write the models in the claimed order, with what was found of each link."""
        signs = {Finding.INSIDE: " < ", Finding.UNDECIDED: " ~ ", Finding.OUTSIDE: " > "}
        parts = [self._shown(tiers[0])]
        for finding, tier in zip(findings, tiers[1:], strict=True):
            parts += [signs[finding], self._shown(tier)]
        return "".join(parts)

    def _shown(self, tier: list[Cell]) -> str:
        models = ", ".join(f"{cell.model} {cell.value(self):.2f}" for cell in tier)
        return f"({models})" if len(tier) > 1 else models


def worst(findings: list[Finding]) -> Finding:
    """Give what holds of several things that must all be inside."""
    for finding in (Finding.OUTSIDE, Finding.UNDECIDED):
        if finding in findings:
            return finding
    return Finding.INSIDE


def _names(tier: list[Cell]) -> str:
    return ", ".join(cell.model for cell in tier)
