"""What steps cost, model against model: ratios, orders, lines, a GPU against a core, DFT."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from umlip_gate.claims.bounds import Number
from umlip_gate.claims.evidence import Bench
from umlip_gate.claims.kinds.base import Ids, Kind, Some, Subject
from umlip_gate.claims.kinds.order import worst
from umlip_gate.claims.verdict import Finding, Judgement
from umlip_gate.cost.evidence import Device, KnownCost, KnownCosts, geometric_mean, least_sure
from umlip_gate.faults import NotObtainable
from umlip_gate.metrics.ranking import kendall

SYSTEM = "bcc-W"
"""What stands in the place of a dataset."""

Positive = Annotated[Number, Field(gt=0)]


class CostKind(Kind):
    """An assertion on costs.

    Attributes
    ----------
    n_atoms
        The size that is compared.
    """

    about: ClassVar[Literal["accuracy", "cost"]] = "cost"

    n_atoms: Annotated[int, Field(gt=0)] = 125

    @property
    def named_datasets(self) -> tuple[str, ...]:
        """No dataset is named: a crystal stands in its place."""
        return ()

    def subjects(self) -> list[Subject]:
        """List the one system."""
        return [Subject(None, SYSTEM)]


class _Bounded(CostKind):
    """A number between two others.

    Attributes
    ----------
    min, max
        Both are inside; at least one of them is given.
    """

    min: Positive | None = None
    max: Positive | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The ends that are given, else zero and infinity."""
        return self.min or 0.0, self.max or float("inf")

    def judged(
        self, value: float, what: str, costs: list[KnownCost], model: str | None = None
    ) -> Judgement:
        """Hold a number against the ends."""
        low, high = self.ends
        finding = Finding.of(low <= value <= high)
        shown = f"{low:g} to {high:g}" if self.min and self.max else ""
        relation = "within" if self.min and self.max else "≥" if self.min else "≤"
        limit = (low, high) if self.min and self.max else self.min or self.max
        return Judgement(
            finding=finding,
            model=model,
            dataset=SYSTEM,
            source=least_sure(costs),
            value=value,
            interval=None,
            relation=relation,
            limit=limit,
            unit="1",
            text=f"{what}: {value:.3g}, {finding} {shown or f'{relation} {limit:g}'}",
        )


class CostRatio(_Bounded):
    """Each of the models costs so many times what another does.

    Attributes
    ----------
    device
        On a core or on a GPU.
    models
        Judged one by one.
    over
        The other; the geometric mean of several that are at hand.
    """

    kind: Literal["cost-ratio"]
    device: Device
    models: Ids
    over: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return (*self.models, *self.over)

    def subjects(self) -> list[Subject]:
        """List the models."""
        return [Subject(model, SYSTEM) for model in self.models]

    def judge(self, subject: Subject, bench: Bench) -> Judgement:
        """Judge one model's ratio."""
        costs = bench.costs(self.device)
        ours = costs.of(str(subject.model))
        others = costs.known(self.over, self.n_atoms)
        if not others:
            raise NotObtainable(
                f"what {' or '.join(self.over)} costs on {costs.machine} is unknown"
            )
        theirs_us = geometric_mean(other.at(self.n_atoms) for other in others.values())
        what = (
            f"{ours.model} over {', '.join(others)} on {costs.machine}, {self.n_atoms} atoms "
            f"({ours.at(self.n_atoms):.4g} and {theirs_us:.4g} µs per step and atom)"
        )
        return self.judged(
            ours.at(self.n_atoms) / theirs_us, what, [ours, *others.values()], ours.model
        )


class CostOrder(CostKind):
    """Groups of models from the fastest to the slowest.

    A group stands for the geometric mean of those of its models that are at hand, or, where every
    one is to be faster, for its slowest against the next group's fastest. Two groups that differ
    by less than `told_apart` are tied.

    Attributes
    ----------
    device
        On a core or on a GPU.
    groups
        The fastest first; `rest` adds every other model that was measured.
    every
        Whether every model of a group is faster than every one of the next.
    told_apart
        The least ratio of two costs that are not tied.
    """

    kind: Literal["cost-order"]
    device: Device
    groups: Some[Ids]
    rest: bool = False
    every: bool = False
    told_apart: Annotated[Number, Field(gt=1)]

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return tuple(model for group in self.groups for model in group)

    def judge(self, subject: Subject, bench: Bench) -> Judgement:  # noqa: ARG002 - there is one
        """Judge the order of the groups that have a model at hand."""
        costs = bench.costs(self.device)
        groups = [costs.known(group, self.n_atoms) for group in self.groups]
        if self.rest:
            others = [model for model in costs.asked if model not in self.named_models]
            groups.append(costs.known(others, self.n_atoms))
        here = [[cost.at(self.n_atoms) for cost in group.values()] for group in groups if group]
        names = [", ".join(group) for group in groups if group]
        if len(here) < 2 or (self.rest and not groups[0]):  # noqa: PLR2004 - an order is of two
            raise NotObtainable(f"costs on {costs.machine} are known of {names or 'no model'} only")
        findings = [self._link(faster, slower) for faster, slower in pairwise(here)]
        means = np.array([[geometric_mean(group) for group in here]])
        tau = float(kendall(np.arange(len(here), dtype=float), means)[0])
        signs = {Finding.INSIDE: " < ", Finding.UNDECIDED: " ~ ", Finding.OUTSIDE: " > "}
        chain = f"{names[0]} {means[0, 0]:.4g}"
        for finding, name, mean in zip(findings, names[1:], means[0, 1:], strict=True):
            chain += f"{signs[finding]}{name} {mean:.4g}"
        known = [cost for group in groups for cost in group.values()]
        return Judgement(
            finding=worst(findings),
            model=None,
            dataset=SYSTEM,
            source=least_sure(known),
            value=tau,
            interval=None,
            relation="=",
            limit=1.0,
            unit="1",
            text=f"Kendall's tau against the claimed order on {costs.machine}, over {len(here)} of "
            f"{len(groups)} groups: {tau:.2f}; µs/step/atom at {self.n_atoms} atoms: {chain}",
        )

    def _link(self, faster: list[float], slower: list[float]) -> Finding:
        if self.every:
            ratio = min(slower) / max(faster)
        else:
            ratio = geometric_mean(slower) / geometric_mean(faster)
        if ratio >= self.told_apart:
            return Finding.INSIDE
        return Finding.OUTSIDE if ratio <= 1 / self.told_apart else Finding.UNDECIDED


class CostLine(_Bounded):
    """Each model's cost of a step lies on a line in the number of atoms.

    Attributes
    ----------
    devices
        On a core, on a GPU, or both; judged on the first that the model is known on.
    models
        Judged one by one, by the root mean square relative residual.
    """

    kind: Literal["cost-line"]
    devices: Some[Device]
    models: Ids

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    def subjects(self) -> list[Subject]:
        """List the models."""
        return [Subject(model, SYSTEM) for model in self.models]

    def judge(self, subject: Subject, bench: Bench) -> Judgement:
        """Judge one model's residuals."""
        model = str(subject.model)
        costs = self._where(model, bench)
        cost = costs.of(model)
        sizes = ", ".join(map(str, sorted(cost.step_s)))
        what = f"{model} on {costs.machine}, residuals of a line through {sizes} atoms"
        return self.judged(cost.residual(), what, [cost], model)

    def _where(self, model: str, bench: Bench) -> KnownCosts:
        for device in self.devices:
            try:
                costs = bench.costs(device)
            except NotObtainable:
                continue
            if model in costs.models or model in costs.problems:
                return costs
        raise NotObtainable(f"what {model} costs is not known here")


class CostSpeedup(_Bounded):
    """The most that a GPU is faster than a core, over the models that are known on both."""

    kind: Literal["cost-speedup"]

    @property
    def named_models(self) -> tuple[str, ...]:
        """It names none."""
        return ()

    def judge(self, subject: Subject, bench: Bench) -> Judgement:  # noqa: ARG002 - there is one
        """Judge the largest ratio."""
        cores, gpus = bench.costs("cpu"), bench.costs("cuda")
        slow = cores.known(cores.asked, self.n_atoms)
        fast = gpus.known([model for model in gpus.asked if model in slow], self.n_atoms)
        if not fast:
            raise NotObtainable("no model's cost is known both on a core and on a GPU")
        ratios = {m: slow[m].at(self.n_atoms) / fast[m].at(self.n_atoms) for m in fast}
        most = max(ratios, key=lambda model: ratios[model])
        shown = ", ".join(f"{model} {ratio:.3g}" for model, ratio in ratios.items())
        what = f"a core of {cores.machine} over {gpus.machine}, {self.n_atoms} atoms; {shown}"
        return self.judged(ratios[most], what, [slow[most], fast[most]], most)


class CostSteps(_Bounded):
    """So many steps of the size were timed, of every model that was.

    Attributes
    ----------
    device
        On a core or on a GPU.
    """

    kind: Literal["cost-steps"]
    device: Device

    @property
    def named_models(self) -> tuple[str, ...]:
        """It names none."""
        return ()

    def judge(self, subject: Subject, bench: Bench) -> Judgement:  # noqa: ARG002 - there is one
        """Judge the fewest steps."""
        costs = bench.costs(self.device)
        known = costs.known(costs.asked, self.n_atoms)
        steps: Mapping[str, int] = {
            model: cost.steps[self.n_atoms]
            for model, cost in known.items()
            if self.n_atoms in cost.steps
        }
        if not steps:
            raise NotObtainable(f"no model was timed on a {self.device} device in this run")
        fewest = min(steps, key=lambda model: steps[model])
        what = f"steps timed at {self.n_atoms} atoms, the fewest of {len(steps)} models"
        return self.judged(float(steps[fewest]), what, [known[fewest]], fewest)


class CostOverDft(_Bounded):
    """So many times longer takes a step of DFT than of each model.

    Attributes
    ----------
    device
        On a core or on a GPU.
    models
        Judged one by one.
    dft_core_s_per_atom
        Core seconds of DFT per ionic step and atom of this system; without it nothing is judged.
    """

    kind: Literal["cost-over-dft"]
    device: Device
    models: Ids
    dft_core_s_per_atom: Positive | None = None

    @property
    def named_models(self) -> tuple[str, ...]:
        """The models that the assertion names."""
        return self.models

    def subjects(self) -> list[Subject]:
        """List the models."""
        return [Subject(model, SYSTEM) for model in self.models]

    def judge(self, subject: Subject, bench: Bench) -> Judgement:
        """Judge one model."""
        if self.dft_core_s_per_atom is None:
            raise NotObtainable(
                "the paper prints no time of DFT: write yours, as dft_core_s_per_atom = core "
                f"seconds per ionic step and atom of {self.n_atoms}-atom bcc W, into the assertion "
                f"{self.name!r} of thresholds/paper/fig7.toml"
            )
        costs = bench.costs(self.device)
        cost = costs.of(str(subject.model))
        ratio = 1e6 * self.dft_core_s_per_atom / cost.at(self.n_atoms)
        what = f"DFT over {cost.model} on {costs.machine}, {self.n_atoms} atoms"
        return self.judged(ratio, what, [cost], cost.model)
