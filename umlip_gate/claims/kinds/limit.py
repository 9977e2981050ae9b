"""Each of some models keeps to a bound."""

from typing import Literal

from umlip_gate.claims.bounds import Bound
from umlip_gate.claims.evidence import Bench, require
from umlip_gate.claims.judge import judge_limit
from umlip_gate.claims.kinds.base import Ids, Kind, Subject
from umlip_gate.claims.verdict import Judgement


class Limit(Kind, Bound):
    """Each of the models keeps to the bound on each of the datasets.

    Judged by the value alone: on a full set of rows it is what was measured.

    Attributes
    ----------
    models, datasets
        Registry ids.
    """

    kind: Literal["limit"]
    models: Ids
    datasets: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    def subjects(self) -> list[Subject]:
        """List every model on every dataset."""
        return [Subject(model, dataset) for model in self.models for dataset in self.datasets]

    def judge(self, subject: Subject, bench: Bench) -> Judgement:
        """Judge the subject's model by the bound."""
        assert subject.model is not None  # noqa: S101 - as listed by `subjects`
        require(bench, subject.dataset)
        return judge_limit(self, bench.cell(subject.model, subject.dataset))
