"""What steps cost, model against model: ratios, orders, lines, a GPU against a core, DFT."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from umlip_gate.claims.assertions.base import Ids, Kind, Some, Subject
from umlip_gate.claims.bounds import Ends, Number
from umlip_gate.claims.evidence import Context
from umlip_gate.claims.messages import format_limit
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.cost.evidence import Device, KnownCost, KnownCosts, geometric_mean
from umlip_gate.errors import Unavailable
from umlip_gate.provenance import least_trusted

SYSTEM = "bcc-W"
"""What stands in the place of a dataset."""

Positive = Annotated[Number, Field(gt=0)]


def meant_by(context: Context, costs: KnownCosts, named: Iterable[str] = ()) -> set[str]:
    """Return the models that a claim about all models is about: Table 1's, and others timed."""
    return {*context.compared, *costs.asked, *named}


class CostKind(Kind):
    """An assertion on costs."""

    about: ClassVar[Literal["accuracy", "cost"]] = "cost"

    @property
    def named_datasets(self) -> tuple[str, ...]:
        """No dataset is named: a crystal stands in its place."""
        return ()

    def subjects(self) -> list[Subject]:
        """List the one system."""
        return [Subject(None, SYSTEM)]


class AtOneSize(CostKind):
    """An assertion on costs at one size.

    Attributes
    ----------
    n_atoms
        The size that is compared.
    """

    n_atoms: Annotated[int, Field(gt=0)]


class _EachModel(CostKind):
    """Each of the models, one by one.

    Attributes
    ----------
    models
        Registry ids.
    """

    models: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    def subjects(self) -> list[Subject]:
        """List the models."""
        return [Subject(model, SYSTEM) for model in self.models]


class _Bounded(CostKind, Ends):
    """A positive number between two others."""

    min: Positive | None = None
    max: Annotated[Positive | None, Field(validate_default=True)] = None

    def judged(
        self, value: float, what: str, costs: Iterable[KnownCost], model: str | None = None
    ) -> Verdict:
        """Compare a number with the ends."""
        outcome = Outcome.of(self.inside(value))
        return Verdict(
            outcome=outcome,
            model=model,
            dataset=SYSTEM,
            source=least_trusted(cost.source for cost in costs),
            value=value,
            relation=self.relation,
            limit=self.limit,
            unit="1",
            reason=f"{what}: {value:.3g}, {outcome}: the limit is {format_limit(self)}",
        )


class CostRatio(_EachModel, AtOneSize, _Bounded):
    """Each of the models costs so many times what another does.

    Attributes
    ----------
    device
        On a core or on a GPU.
    over
        The other; the geometric mean of several that are available.
    """

    kind: Literal["cost-ratio"]
    device: Device
    over: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return (*self.models, *self.over)

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge one model's ratio."""
        costs = context.costs(self.device)
        ours = costs.of(str(subject.model))
        others = costs.known(self.over, self.n_atoms)
        if not others:
            raise Unavailable(f"what {' or '.join(self.over)} costs on {costs.machine} is unknown")
        theirs_us = geometric_mean(other.at(self.n_atoms) for other in others.values())
        what = (
            f"{ours.model} over {', '.join(others)} on {costs.machine}, {self.n_atoms} atoms "
            f"({ours.at(self.n_atoms):.4g} and {theirs_us:.4g} µs per step and atom)"
        )
        ratio = ours.at(self.n_atoms) / theirs_us
        judged = self.judged(ratio, what, [ours, *others.values()], ours.model)
        return judged.over(1 + len(others), 1 + len(self.over))


class CostOrder(AtOneSize):
    """Some models are faster than others.

    Each side stands for the geometric mean of those of its models that are available, or, where
    every one is to be faster, for its slowest against the others' fastest. Two that differ by
    less than `told_apart` are tied.

    Attributes
    ----------
    device
        On a core or on a GPU.
    faster
        The models that are claimed to be faster.
    slower
        Than which; than every other model that is known, if none is named.
    every
        Whether each of the faster is faster than each of the others.
    told_apart
        The least ratio of two costs that are not tied.
    """

    kind: Literal["cost-order"]
    device: Device
    faster: Ids
    slower: Ids | None = None
    every: bool = False
    told_apart: Annotated[Number, Field(gt=1)]

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return (*self.faster, *(self.slower or ()))

    def judge(self, subject: Subject, context: Context) -> Verdict:  # noqa: ARG002 - there is one
        """Judge the ratio of the two sides, over those of their models that are available."""
        costs = context.costs(self.device)
        others = self.slower or [model for model in costs.asked if model not in self.faster]
        fast, slow = (costs.known(side, self.n_atoms) for side in (self.faster, others))
        if not fast or not slow:
            known = ", ".join([*fast, *slow]) or "no model"
            raise Unavailable(
                f"costs on {costs.machine} are known of {known} only, and of none of "
                f"{', '.join(others if fast else self.faster) or 'the others'}"
            )
        fast_us, slow_us = self._standing(fast, max), self._standing(slow, min)
        ratio = slow_us / fast_us
        outcome = self._outcome(ratio)
        tie = f", tied within a factor of {self.told_apart:g}"
        which = "the fastest of" if self.every else "the mean of"
        judged = Verdict(
            outcome=outcome,
            dataset=SYSTEM,
            source=least_trusted(cost.source for cost in [*fast.values(), *slow.values()]),
            value=ratio,
            relation=">",
            limit=1.0,
            unit="1",
            reason=f"{which} {', '.join(slow)} over {', '.join(fast)} on {costs.machine}, "
            f"{self.n_atoms} atoms ({slow_us:.4g} and {fast_us:.4g} µs per step and atom): "
            f"{ratio:.3g}, {outcome}: claimed > 1{tie if outcome is Outcome.INCONCLUSIVE else ''}",
        )
        meant = self.named_models if self.slower else meant_by(context, costs, self.faster)
        return judged.over(len(fast) + len(slow), len(meant))

    def _standing(self, side: Mapping[str, KnownCost], of_every: Callable[..., float]) -> float:
        """Return the cost that a side stands for."""
        costs_us = [cost.at(self.n_atoms) for cost in side.values()]
        return of_every(costs_us) if self.every else geometric_mean(costs_us)

    def _outcome(self, ratio: float) -> Outcome:
        if ratio >= self.told_apart:
            return Outcome.PASSED
        return Outcome.FAILED if ratio <= 1 / self.told_apart else Outcome.INCONCLUSIVE


class CostLine(_EachModel, _Bounded):
    """Each model's cost of a step lies on a line in the number of atoms.

    Judged by the root mean square relative residual.

    Attributes
    ----------
    devices
        On a core, on a GPU, or both; judged on the first that the model is known on.
    fewest_sizes
        With fewer it is not decided: a line bends to few points.
    """

    kind: Literal["cost-line"]
    devices: Some[Device]
    fewest_sizes: Annotated[int, Field(gt=2)]

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge one model's residuals."""
        model = str(subject.model)
        costs = self._where(model, context)
        cost = costs.of(model)
        sizes = ", ".join(map(str, sorted(cost.step_s)))
        what = f"{model} on {costs.machine}, residuals of a line through {sizes} atoms"
        judged = self.judged(cost.residual(), what, [cost], model)
        if len(cost.step_s) >= self.fewest_sizes:
            return judged
        text = f"{what}: {judged.value:.3g}, not decided by fewer than {self.fewest_sizes} sizes"
        return replace(judged, outcome=Outcome.INCONCLUSIVE, reason=text)

    def _where(self, model: str, context: Context) -> KnownCosts:
        for device in self.devices:
            try:
                costs = context.costs(device)
            except Unavailable:
                continue
            if model in costs.models or model in costs.problems:
                return costs
        raise Unavailable(f"what {model} costs is not known here")


class CostSpeedup(AtOneSize, _Bounded):
    """The most that a GPU is faster than a core, over the models that are known on both."""

    kind: Literal["cost-speedup"]

    @property
    def named_models(self) -> tuple[str, ...]:
        """It names none."""
        return ()

    def judge(self, subject: Subject, context: Context) -> Verdict:  # noqa: ARG002 - there is one
        """Judge the largest ratio."""
        cores, gpus = context.costs("cpu"), context.costs("cuda")
        slow = cores.known(cores.asked, self.n_atoms)
        fast = gpus.known([model for model in gpus.asked if model in slow], self.n_atoms)
        if not fast:
            raise Unavailable("no model's cost is known both on a core and on a GPU")
        ratios = {m: slow[m].at(self.n_atoms) / fast[m].at(self.n_atoms) for m in fast}
        most = max(ratios, key=lambda model: ratios[model])
        shown = ", ".join(f"{model} {ratio:.3g}" for model, ratio in ratios.items())
        what = f"a core of {cores.machine} over {gpus.machine}, {self.n_atoms} atoms; {shown}"
        judged = self.judged(ratios[most], what, [slow[most], fast[most]], most)
        return judged.over(len(ratios), len(meant_by(context, cores, gpus.asked)))


class CostOverDft(_EachModel, AtOneSize, _Bounded):
    """So many times longer takes a step of DFT than of each model.

    Attributes
    ----------
    device
        On a core or on a GPU.
    dft_core_s_per_atom
        Core seconds of DFT per ionic step and atom of this system; without it nothing is judged.
    """

    kind: Literal["cost-over-dft"]
    device: Device
    dft_core_s_per_atom: Positive | None = None

    def judge(self, subject: Subject, context: Context) -> Verdict:
        """Judge one model."""
        if self.dft_core_s_per_atom is None:
            raise Unavailable(
                "the paper prints no time of DFT: write yours, as dft_core_s_per_atom = core "
                f"seconds per ionic step and atom of {self.n_atoms}-atom bcc W, into the assertion "
                f"{self.name!r} of thresholds/paper/fig7.toml"
            )
        costs = context.costs(self.device)
        cost = costs.of(str(subject.model))
        ratio = 1e6 * self.dft_core_s_per_atom / cost.at(self.n_atoms)
        what = f"DFT over {cost.model} on {costs.machine}, {self.n_atoms} atoms"
        return self.judged(ratio, what, [cost], cost.model)
