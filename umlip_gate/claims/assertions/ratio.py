"""How many times the value of some models is that of others."""

from typing import Literal

from umlip_gate.claims.assertions.base import Ids, Kind, Subject
from umlip_gate.claims.bounds import Measured, Number
from umlip_gate.claims.comparison import together
from umlip_gate.claims.evidence import Cell, Evidence, Recorder, gather
from umlip_gate.claims.messages import broken_ones, name_of, over, wanted
from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics import bootstrap
from umlip_gate.metrics.bootstrap import Interval, Resampling
from umlip_gate.metrics.estimates import mean_of


class Ratio(Kind, Measured):
    """On each dataset the mean value of some models, over that of others, is at most `at_most`.

    Judged by the value, as every limit on a full set of rows is; the interval is that of a
    paired bootstrap. The ratios of the worst and of the best models stand beside it.

    Attributes
    ----------
    group
        The models in the numerator.
    against
        Those in the denominator; all others of Table 1 that are at hand, if none are named.
    datasets
        Registry ids, or pools.
    at_most
        The highest ratio at which the claim holds.
    """

    kind: Literal["ratio"]
    group: Ids
    against: Ids | None = None
    datasets: Ids
    at_most: Number

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return (*self.group, *(self.against or ()))

    def subjects(self) -> list[Subject]:
        """List the datasets."""
        return [Subject(None, dataset) for dataset in self.datasets]

    def judge(self, subject: Subject, bench: Recorder) -> Judgement:
        """Judge the ratio on the subject's dataset.

        Raises
        ------
        MeasurementError
            A model could not be measured.
        Unavailable
            A model that is named is not at hand, or there is none to compare with.
        """
        against = self.against or [m for m in bench.compared if m not in self.group]
        evidence = gather(bench, [*self.group, *against], subject.dataset)
        ranked, broken = evidence.ranked(self)
        what = f"ratio of {name_of(self)} on {evidence.dataset}"
        if broken:
            raise MeasurementError(f"{what}: not decided without {broken_ones(broken)}")
        missing = [model for model in self.named_models if model not in ranked]
        theirs = [ranked[model] for model in against if model in ranked]
        if missing or not theirs:
            raise Unavailable(f"{what}: not decided without {wanted(missing, evidence)}")
        ours = [ranked[model] for model in self.group]
        judgement = self._judged(ours, theirs, evidence, over(ranked, evidence))
        return judgement.over(len(ranked), evidence.n_models)

    def _judged(
        self, ours: list[Cell], theirs: list[Cell], evidence: Evidence, count: str
    ) -> Judgement:
        estimates, design = together([*ours, *theirs], self)
        mine, other = estimates[: len(ours)], estimates[len(ours) :]
        ratio, level = mean_of(mine).over(mean_of(other)), evidence.statistics.level
        interval = bootstrap.interval(ratio, design, Resampling(level), never_negative=True)
        finding = Finding.of(ratio.value <= self.at_most)
        sources = {cell.source for cell in (*ours, *theirs)}
        values = [[estimate.value for estimate in side] for side in (mine, other)]
        beside = {
            "worst over best": max(values[0]) / min(values[1]),
            "best over best": min(values[0]) / min(values[1]),
        }
        return Judgement(
            finding=finding,
            model=None,
            dataset=evidence.dataset,
            source=sources.pop() if len(sources) == 1 else None,
            value=ratio.value,
            interval=interval,
            relation="≤",
            limit=self.at_most,
            unit="1",
            text=f"mean {name_of(self)} on {evidence.dataset} of "
            f"{', '.join(cell.model for cell in ours)} over that of {len(theirs)} others: "
            f"{ratio.value:.3f}{_ends(interval, level)}, {finding} the limit "
            f"≤ {self.at_most:g}; judged over {count}; "
            + ", ".join(f"{name} {number:.3f}" for name, number in beside.items()),
        )


def _ends(interval: Interval | None, level: float) -> str:
    return f" ({100 * level:g} %: {interval[0]:.3f} to {interval[1]:.3f})" if interval else ""
