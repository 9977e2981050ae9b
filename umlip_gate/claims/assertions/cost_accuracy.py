"""Where cost and accuracy meet: who is on the Pareto front, and whether cost buys accuracy."""

from abc import abstractmethod
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from umlip_gate.claims.assertions.base import Ids, Subject
from umlip_gate.claims.assertions.cost import AtOneSize
from umlip_gate.claims.bounds import Ends, Measured, Number
from umlip_gate.claims.evidence import Context
from umlip_gate.claims.messages import format_limit, format_value, quantity_name
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.cost.evidence import Device, KnownCost
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.ranking import spearman_interval
from umlip_gate.provenance import least_trusted
from umlip_gate.schema import RegistryId


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
    beside
        A dataset whose result stands beside the verdict, or beside why there is none.
    """

    device: Device
    dataset: str
    beside: RegistryId | None = None
    fewest_models: Annotated[int, Field(gt=2)]

    @property
    def named_datasets(self) -> tuple[str, ...]:
        """The datasets that errors are of."""
        return (self.dataset, self.beside) if self.beside else (self.dataset,)

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge by the dataset's errors, and add what those of the other one give.

        Raises
        ------
        Unavailable
            The dataset's are not available; the message has what the other one gives.
        """
        beside = self._beside(subject, context)
        try:
            verdict = self.judged(subject, context, self.dataset)
        except Unavailable as error:
            first, *more = str(error).splitlines()
            raise Unavailable("\n".join([f"{first}{beside}", *more])) from error
        return replace(verdict, reason=f"{verdict.reason}{beside}")

    @abstractmethod
    def judged(self, subject: Subject, context: Context, dataset: str) -> Verdict:
        """Judge by the errors on one dataset."""

    def _beside(self, subject: Subject, context: Context) -> str:
        if not self.beside:
            return ""
        try:
            found = self.judged(subject, context, self.beside).reason
        except (Unavailable, MeasurementError) as error:
            found = str(error).splitlines()[0]
        return f"; beside it, on {self.beside}: {found}"

    def gathered(self, context: Context, dataset: str) -> dict[str, tuple[KnownCost, float, float]]:
        """Return cost, µs per step and atom, and error of every model of Table 1 that has both.

        Raises
        ------
        Unavailable
            There are too few.
        """
        costs = context.costs(self.device)
        known = costs.known(context.compared, self.n_atoms)
        found = {}
        for model, cost in known.items():
            try:
                error = context.result(model, dataset).value(self)
            except Unavailable:
                continue
            found[model] = cost, cost.at(self.n_atoms), error
        if len(found) < self.fewest_models:
            raise Unavailable(
                f"cost on {costs.machine} and {quantity_name(self)} on {dataset} are both "
                f"known for {', '.join(found) or 'no model'}: at least {self.fewest_models} "
                "models are needed"
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

    def judged(self, subject: Subject, context: Context, dataset: str) -> Verdict:
        """Judge one model by how far it is behind the front."""
        model = str(subject.model)
        found = self.gathered(context, dataset)
        if model not in found:
            raise Unavailable(f"{model}: cost and {quantity_name(self)} are not both known here")
        cost, mine_us, my_error = found[model]
        behind = {
            other: max(mine_us / other_us, my_error / error)
            for other, (_, other_us, error) in found.items()
            if other_us < mine_us and error < my_error
        }
        most = max(behind, key=lambda other: behind[other], default=None)
        value = behind[most] if most else 1.0
        limit = self.far or 1.0
        outcome = Outcome.of(value >= limit if self.far else value <= limit)
        where = f"behind {most} by a factor of {value:.3g}" if most else "on the front"
        return Verdict(
            outcome=outcome,
            model=model,
            dataset=dataset,
            source=least_trusted(each.source for each, _, _ in found.values()),
            value=value,
            relation="≥" if self.far else "≤",
            limit=limit,
            unit="1",
            reason=f"{model} ({cost.source} cost): {where}, {mine_us:.4g} µs per step and atom, "
            f"{quantity_name(self)} {my_error:.4g} {self.unit}; of {len(found)} of "
            f"{len(context.compared)} models",
        ).over(len(found), len(context.compared))


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

    def judged(self, subject: Subject, context: Context, dataset: str) -> Verdict:  # noqa: ARG002 - there is one
        """Judge the correlation over the available models."""
        found = self.gathered(context, dataset)
        costs_us = [cost for _, cost, _ in found.values()]
        errors = [error for _, _, error in found.values()]
        correlation = spearman_interval(costs_us, errors)
        interval = correlation.interval
        outcome = Outcome.INCONCLUSIVE
        if interval is not None and not self.straddled_by(interval):
            outcome = Outcome.of(self.inside(interval[0]))
        return Verdict(
            outcome=outcome,
            dataset=dataset,
            source=least_trusted(each.source for each, _, _ in found.values()),
            value=correlation.value,
            interval=interval,
            relation=self.relation,
            limit=self.limit,
            unit="1",
            reason=f"Spearman of cost and {quantity_name(self)} over {len(found)} of "
            f"{len(context.compared)} models ({', '.join(found)}): "
            f"{format_value(correlation.value, interval, self.limit, '1')}, {outcome}: "
            f"the limit is {format_limit(self)}",
        ).over(len(found), len(context.compared))
