"""Where cost and accuracy meet: who is on the Pareto front, and whether cost buys accuracy."""

from typing import Annotated, Literal

from pydantic import Field

from umlip_gate.claims.assertions.base import Ids, Subject
from umlip_gate.claims.assertions.cost import AtOneSize
from umlip_gate.claims.bounds import Ends, Measured, Number
from umlip_gate.claims.evidence import Recorder
from umlip_gate.claims.messages import name_of, required, shown
from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.cost.evidence import Device, KnownCost, least_sure
from umlip_gate.errors import Unavailable
from umlip_gate.metrics.ranking import spearman_interval


class _Both(AtOneSize, Measured):
    """Cost on a device, and an error on a dataset, of the models that have both.

    Attributes
    ----------
    device
        On a core or on a GPU.
    dataset
        A registry id, or a pool.
    fewest_models
        Of fewer a front or a correlation says nothing.
    """

    device: Device
    dataset: str
    fewest_models: Annotated[int, Field(gt=2)]

    @property
    def named_datasets(self) -> tuple[str, ...]:
        """The dataset that errors are of."""
        return (self.dataset,)

    def gathered(self, bench: Recorder) -> dict[str, tuple[KnownCost, float, float]]:
        """Give cost, µs per step and atom, and error of every model of Table 1 that has both.

        Raises
        ------
        Unavailable
            There are too few.
        """
        costs = bench.costs(self.device)
        known = costs.known(bench.compared, self.n_atoms)
        found = {}
        for model, cost in known.items():
            try:
                error = bench.cell(model, self.dataset).value(self)
            except Unavailable:
                continue
            found[model] = cost, cost.at(self.n_atoms), error
        if len(found) < self.fewest_models:
            raise Unavailable(
                f"cost on {costs.machine} and {name_of(self)} on {self.dataset} are both known of "
                f"{', '.join(found) or 'no model'}: at least {self.fewest_models} models "
                "are needed"
            )
        return found


class ParetoFront(_Both):
    """No model is both faster and more accurate than each of these, or, of some, many are.

    Attributes
    ----------
    models
        Judged one by one.
    far
        If given, the claim is that a model is not on the front: another is faster and more
        accurate, and its cost or its error is smaller by at least this factor.
    """

    kind: Literal["pareto"]
    models: Ids
    far: Annotated[Number, Field(gt=1)] | None = None

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    def subjects(self) -> list[Subject]:
        """List the models."""
        return [Subject(model, self.dataset) for model in self.models]

    def judge(self, subject: Subject, bench: Recorder) -> Judgement:
        """Judge one model by how far it is behind the front."""
        model = str(subject.model)
        found = self.gathered(bench)
        if model not in found:
            raise Unavailable(f"{model}: cost and {name_of(self)} are not both known here")
        cost, mine_us, my_error = found[model]
        behind = {
            other: max(mine_us / other_us, my_error / error)
            for other, (_, other_us, error) in found.items()
            if other_us < mine_us and error < my_error
        }
        most = max(behind, key=lambda other: behind[other], default=None)
        value = behind[most] if most else 1.0
        limit = self.far or 1.0
        finding = Finding.of(value >= limit if self.far else value <= limit)
        where = f"behind {most} by a factor of {value:.3g}" if most else "on the front"
        return Judgement(
            finding=finding,
            model=model,
            dataset=self.dataset,
            source=least_sure([each for each, _, _ in found.values()]),
            value=value,
            interval=None,
            relation="≥" if self.far else "≤",
            limit=limit,
            unit="1",
            text=f"{model} ({cost.source} cost): {where}, {mine_us:.4g} µs per step and atom, "
            f"{name_of(self)} {my_error:.4g} {self.unit}; of {len(found)} of "
            f"{len(bench.compared)} models",
        ).over(len(found), len(bench.compared))


class CostCorrelation(_Both, Ends):
    """The costlier a model, the smaller its error: Spearman's coefficient, by its whole interval.

    The interval is that of a bootstrap over the models.
    """

    kind: Literal["cost-correlation"]

    @property
    def named_models(self) -> tuple[str, ...]:
        """It names none."""
        return ()

    def subjects(self) -> list[Subject]:
        """List the one dataset."""
        return [Subject(None, self.dataset)]

    def judge(self, subject: Subject, bench: Recorder) -> Judgement:  # noqa: ARG002 - there is one
        """Judge the correlation over the models at hand."""
        found = self.gathered(bench)
        costs_us = [cost for _, cost, _ in found.values()]
        errors = [error for _, _, error in found.values()]
        correlation = spearman_interval(costs_us, errors)
        interval = correlation.interval
        finding = Finding.UNDECIDED
        if interval is not None and not self.straddled_by(interval):
            finding = Finding.of(self.inside(interval[0]))
        return Judgement(
            finding=finding,
            model=None,
            dataset=self.dataset,
            source=least_sure([each for each, _, _ in found.values()]),
            value=correlation.value,
            interval=interval,
            relation=self.relation,
            limit=self.limit,
            unit="1",
            text=f"Spearman of cost and {name_of(self)} over {len(found)} of "
            f"{len(bench.compared)} models ({', '.join(found)}): "
            f"{shown(correlation.value, interval, self.limit, '1')}, {finding} {required(self)}",
        ).over(len(found), len(bench.compared))
