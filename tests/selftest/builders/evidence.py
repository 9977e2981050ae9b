"""Measurements and assertions as a judging test wants them, without any model."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from umlip_gate.claims.assertions import BestIn, BestOf, Limit, Order, WorstIn
from umlip_gate.claims.evidence import Evidence
from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.cost.evidence import Device, KnownCosts
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.bootstrap import Resampling
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import Errors, FloatArray, no_stresses
from umlip_gate.metrics.measurement import Metrics
from umlip_gate.metrics.quantities import QUANTITIES

ENERGY = {"quantity": "energy_rmse", "convention": "per_atom", "unit": "meV/atom"}

GROUPS = {"5": ["Nb", "Ta"], "6": ["Cr", "Mo", "W"]}

N = 1026

SPREAD = np.linspace(-0.9, 0.9, N)
"""How the squared errors of the configurations differ from their mean, as fractions of it: for
every model alike, if nothing else is said."""

STATISTICS = Statistics(
    level=0.95, order_level=0.97, fewest_configurations=100, rationale="a self-test's"
)


def result(
    model: str,
    value: float | None,
    *,
    n_failed: int = 0,
    failures: Mapping[int, str] | None = None,
    spread: FloatArray | None = None,
    **others: float,
) -> Result:
    """An energy RMSE, and nothing else that was measured."""
    values: dict[str, dict[str, float | None]] = {
        name: dict.fromkeys(quantity.conventions) for name, quantity in QUANTITIES.items()
    }
    values["energy_rmse"] |= {"per_atom": value, **others}
    values["failed_configurations"]["count"] = n_failed
    intervals: dict[str, dict[str, tuple[float, float] | None]] = {
        name: dict.fromkeys(quantity.conventions) for name, quantity in QUANTITIES.items()
    }
    if value is not None:
        intervals["energy_rmse"]["per_atom"] = (value - 0.5, value + 0.25)
    metrics = Metrics(
        n_configurations=N,
        n_failed=n_failed,
        values=values,
        intervals=intervals,
        survivors=None,
        how=Resampling(),
        error_set=ErrorSet(
            (errors_of_rmse(value or math.nan, SPREAD if spread is None else spread),)
        ),
    )
    return Result(model, "W-g", "published", metrics, failures=failures or {})


def errors_of_rmse(rmse: float, spread: FloatArray) -> Errors:
    """Errors of configurations of one atom each, whose squares are so far from their mean.

    Energies and force components have the same.
    """
    one, zero = np.ones(len(spread)), np.zeros(len(spread))
    energy = rmse * np.sqrt(1 + spread - spread.mean())
    own = np.arange(len(spread))
    return Errors(
        n_atoms=one,
        energy=energy,
        force_squared=3 * energy**2,
        force_absolute=one,
        force_norm=one,
        force_along=zero,
        reference_energy=zero,
        reference_force_squared=one,
        fractions=one[:, np.newaxis],
        groups=own,
        n_forces=one,
        **no_stresses(len(spread)),
    )


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
    **spreads: FloatArray,
) -> Evidence:
    results = [result(model, value, spread=spreads.get(model)) for model, value in values.items()]
    return Evidence("W-g", STATISTICS, results, errors or {}, absent or {})


class FakeContext:
    """A context with the results that it was given."""

    statistics = STATISTICS

    def __init__(
        self,
        results: Sequence[Result],
        *,
        errors: Mapping[str, str] | None = None,
        absent: Mapping[str, str] | None = None,
        datasets: Mapping[str, Configurations] | None = None,
        costs: Mapping[str, KnownCosts] | None = None,
    ) -> None:
        self.known_costs = costs or {}
        self.results = {(result.model, result.dataset): result for result in results}
        self.errors = errors or {}
        self.absent = absent or {}
        self.datasets = datasets or {}
        names = [*(result.model for result in results), *self.errors, *self.absent]
        self.compared = sorted(set(names))

    def costs(self, device: Device) -> KnownCosts:
        if device not in self.known_costs:
            raise Unavailable(f"nothing is known of a {device} device")
        return self.known_costs[device]

    def members(self, dataset: str) -> tuple[str, ...]:
        return (dataset,)

    def elements(self, groups: Sequence[str]) -> list[str]:
        return [symbol for group in groups for symbol in GROUPS[group]]

    def configurations(self, dataset: str) -> Configurations:
        if dataset in self.datasets:
            return self.datasets[dataset]
        if dataset in {name for _, name in self.results}:
            return Configurations.from_rows([])
        raise Unavailable(f"{dataset}: nobody has it")

    def result(self, model: str, dataset: str) -> Result:
        if model in self.errors:
            raise MeasurementError(self.errors[model])
        if (model, dataset) not in self.results:
            raise Unavailable(self.absent.get(model, "not available here"))
        return self.results[model, dataset]
