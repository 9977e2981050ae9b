"""Measurements and assertions as a judging test wants them, without any model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from umlip_gate.claims.evidence import Cell, Evidence
from umlip_gate.claims.kinds import BestIn, BestOf, Limit, Order, WorstIn
from umlip_gate.cost.evidence import Device, KnownCosts
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.faults import NotMeasured, NotObtainable
from umlip_gate.metrics.errors import Errors, FloatArray
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.metrics.quantities import QUANTITIES

ENERGY = {"quantity": "energy_rmse", "convention": "per_atom", "unit": "meV/atom"}

GROUPS = {"5": ["Nb", "Ta"], "6": ["Cr", "Mo", "W"]}

SPREAD = np.linspace(-0.5, 0.25, 101)
"""What the resamples add to a value, to that of every model alike."""


def cell(
    model: str,
    value: float | None,
    *,
    n_failed: int = 0,
    failures: Mapping[int, str] | None = None,
    replicates: FloatArray | None = None,
    **others: float,
) -> Cell:
    """An energy RMSE, and nothing else that was measured."""
    values: dict[str, dict[str, float | None]] = {
        name: dict.fromkeys(quantity.conventions) for name, quantity in QUANTITIES.items()
    }
    values["energy_rmse"] |= {"per_atom": value, **others}
    values["failed_configurations"]["count"] = n_failed
    intervals: dict[str, dict[str, tuple[float, float] | None]] = {
        name: dict.fromkeys(quantity.conventions) for name, quantity in QUANTITIES.items()
    }
    replicated = {}
    if value is not None:
        intervals["energy_rmse"]["per_atom"] = (value - 0.5, value + 0.25)
        drawn = value + SPREAD if replicates is None else replicates
        replicated["energy_rmse", "per_atom"] = drawn
    metrics = Metrics(
        n_configurations=1026,
        n_failed=n_failed,
        values=values,
        intervals=intervals,
        survivors=None,
        n_resamples=len(SPREAD),
        seed=0,
        replicates=replicated,
    )
    none = np.zeros(0)
    errors = Errors(none, none, none, none, none, none, none, none, np.zeros((0, 1)))
    return Cell(model, "W-g", "published", metrics, errors, failures or {})


def limit(**ends: Any) -> Limit:  # noqa: ANN401 - any TOML value
    entry = {"kind": "limit", "name": "energy", "models": ["a"], "datasets": ["W-g"]}
    return Limit.model_validate({**entry, **ENERGY, **ends})


def best_of(decisive: str = "ab", maximum: float = 5.0) -> BestOf:
    entry = {"kind": "best-of", "name": "energy", "datasets": ["W-g"], "max": maximum}
    return BestOf.model_validate({**entry, **ENERGY, "decisive": list(decisive)})


def best_in(group: str = "ab") -> BestIn:
    entry = {"kind": "best-in", "name": "energy", "datasets": ["W-g"], "group": list(group)}
    return BestIn.model_validate({**entry, **ENERGY})


def worst_in(group: str = "ab") -> WorstIn:
    entry = {"kind": "worst-in", "name": "energy", "datasets": ["W-g"], "group": list(group)}
    return WorstIn.model_validate({**entry, **ENERGY})


def order(*tiers: str, rest: bool = False) -> Order:
    entry = {"kind": "order", "name": "energy", "datasets": ["W-g"], "rest": rest}
    return Order.model_validate({**entry, **ENERGY, "tiers": [list(tier) for tier in tiers]})


def evidence(
    values: Mapping[str, float | None],
    errors: Mapping[str, str] | None = None,
    absent: Mapping[str, str] | None = None,
    **replicates: FloatArray,
) -> Evidence:
    cells = [
        cell(model, value, replicates=replicates.get(model)) for model, value in values.items()
    ]
    return Evidence("W-g", cells, errors or {}, absent or {})


class MadeBench:
    """A bench with the cells that it was given."""

    def __init__(
        self,
        cells: Sequence[Cell],
        *,
        errors: Mapping[str, str] | None = None,
        absent: Mapping[str, str] | None = None,
        datasets: Mapping[str, Configurations] | None = None,
        costs: Mapping[str, KnownCosts] | None = None,
    ) -> None:
        self.known_costs = costs or {}
        self.cells = {(cell.model, cell.dataset): cell for cell in cells}
        self.errors = errors or {}
        self.absent = absent or {}
        self.datasets = datasets or {}
        names = [*(cell.model for cell in cells), *self.errors, *self.absent]
        self.compared = sorted(set(names))

    def costs(self, device: Device) -> KnownCosts:
        if device not in self.known_costs:
            raise NotObtainable(f"nothing is known of a {device} device")
        return self.known_costs[device]

    def members(self, dataset: str) -> tuple[str, ...]:
        return (dataset,)

    def elements(self, groups: Sequence[str]) -> list[str]:
        return [symbol for group in groups for symbol in GROUPS[group]]

    def configurations(self, dataset: str) -> Configurations:
        if dataset in self.datasets:
            return self.datasets[dataset]
        if dataset in {name for _, name in self.cells}:
            return Configurations.from_rows([])
        raise NotObtainable(f"{dataset}: nobody has it")

    def cell(self, model: str, dataset: str) -> Cell:
        if model in self.errors:
            raise NotMeasured(self.errors[model])
        if (model, dataset) not in self.cells:
            raise NotObtainable(self.absent.get(model, "not at hand"))
        return self.cells[model, dataset]
