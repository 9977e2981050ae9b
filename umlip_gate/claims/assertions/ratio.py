"""How many times the value of some models is that of others."""

from typing import Literal

from umlip_gate.claims.assertions.base import Ids, Kind, Subject
from umlip_gate.claims.bounds import Measured, Number
from umlip_gate.claims.comparison import together
from umlip_gate.claims.evidence import Context, Evidence, gather
from umlip_gate.claims.messages import count_models, list_broken, list_missing, quantity_name
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
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
        Those in the denominator; all others of Table 1 that are available, if none are named.
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

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge the ratio on the subject's dataset.

        Raises
        ------
        MeasurementError
            A model could not be measured.
        Unavailable
            A model that is named is not available here, or there is none to compare with.
        """
        against = self.against or [m for m in context.compared if m not in self.group]
        evidence = gather(context, [*self.group, *against], subject.dataset)
        ranked, broken = evidence.ranked(self)
        what = f"ratio of {quantity_name(self)} on {evidence.dataset}"
        if broken:
            raise MeasurementError(f"{what}: not decided without {list_broken(broken)}")
        missing = [model for model in self.named_models if model not in ranked]
        theirs = [ranked[model] for model in against if model in ranked]
        if missing or not theirs:
            raise Unavailable(f"{what}: not decided without {list_missing(missing, evidence)}")
        ours = [ranked[model] for model in self.group]
        verdict = self._judged(ours, theirs, evidence, count_models(ranked, evidence))
        return verdict.over(len(ranked), evidence.n_models)

    def _judged(
        self, ours: list[Result], theirs: list[Result], evidence: Evidence, count: str
    ) -> Verdict:
        estimates, design = together([*ours, *theirs], self)
        mine, other = estimates[: len(ours)], estimates[len(ours) :]
        ratio, level = mean_of(mine).over(mean_of(other)), evidence.statistics.level
        interval = bootstrap.interval(ratio, design, Resampling(level), never_negative=True)
        outcome = Outcome.of(ratio.value <= self.at_most)
        sources = {result.source for result in (*ours, *theirs)}
        values = [[estimate.value for estimate in side] for side in (mine, other)]
        beside = {
            "worst over best": max(values[0]) / min(values[1]),
            "best over best": min(values[0]) / min(values[1]),
        }
        return Verdict(
            outcome=outcome,
            dataset=evidence.dataset,
            source=sources.pop() if len(sources) == 1 else None,
            value=ratio.value,
            interval=interval,
            relation="≤",
            limit=self.at_most,
            unit="1",
            reason=f"mean {quantity_name(self)} on {evidence.dataset} of "
            f"{', '.join(result.model for result in ours)} over that of {len(theirs)} others: "
            f"{ratio.value:.3f}{_ends(interval, level)}, {outcome}: the limit is "
            f"≤ {self.at_most:g}; judged over {count}; "
            + ", ".join(f"{name} {number:.3f}" for name, number in beside.items()),
        )


def _ends(interval: Interval | None, level: float) -> str:
    return f" ({100 * level:g} %: {interval[0]:.3f} to {interval[1]:.3f})" if interval else ""
