"""What changes from one model to another on a dataset: every number, and the rows that move most.

The intervals of the differences hold together (`thresholds/statistics.toml`, `order_level`): of
two equal models all contain zero in as many of the samples, however many numbers are compared.
"""

from typing import Any

import numpy as np

from umlip_gate.claims.result import Result
from umlip_gate.claims.statistics import Statistics
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.bootstrap import Interval, Resampling, intervals
from umlip_gate.metrics.quantities import QUANTITIES

N_MOVED = 10
"""Rows that are listed of those that moved most."""

DETAIL = "changes"
"""Under which name a verdict's details have them."""

MOVED_BY = {"energy": "energy_error_mev_per_atom", "force": "force_rmse_mev_per_ang"}
"""What of a configuration's errors moves, by name in `Result.configurations`."""


def compare(result: Result, other: Result, statistics: Statistics) -> dict[str, Any]:
    """Return the paired differences of every number, as plain data.

    Returns
    -------
    dict
        `against`, `sources`, `n_configurations`, `n_groups`, `level`; `numbers`, a list of
        quantity, convention, unit, the two values, their difference and its interval, and whether
        the candidate is `better` or `worse` where a lower number is better and the interval
        excludes zero; and `moved`, the rows whose energy and force errors moved most.

    Raises
    ------
    MeasurementError
        Configurations failed in one of the two, or they were measured on different ones.
    """
    for each in (result, other):
        if each.metrics.n_failed:
            raise MeasurementError(
                f"{each.model} on {each.dataset}: {each.metrics.n_failed} configurations failed, "
                "so the two models cannot be paired"
            )
    basis, others = result.error_set, other.error_set
    if len(basis) != len(others):
        raise MeasurementError(
            f"{result.model} on {result.dataset} was measured on {len(basis)} configurations, "
            f"{other.model} on {len(others)}: they cannot be compared"
        )
    mine, theirs = basis.estimates(), others.estimates()
    known = [
        (quantity, convention)
        for quantity, convention in mine
        if result.metrics.values[quantity][convention] is not None
        and other.metrics.values[quantity][convention] is not None
    ]
    differences = [mine[key].minus(theirs[key]) for key in known]
    found: list[Interval | None] = [None] * len(known)
    if known and basis.n_groups >= statistics.fewest_configurations:
        resampling = Resampling(statistics.order_level)
        found = intervals(differences, basis.design, resampling, joint=True)
    return {
        "against": other.model,
        "sources": [result.source, other.source],
        "n_configurations": len(basis),
        "n_groups": basis.n_groups,
        "fewest_groups": statistics.fewest_configurations,
        "level": statistics.order_level,
        "numbers": [
            {
                "quantity": quantity,
                "convention": convention,
                "unit": QUANTITIES[quantity].unit,
                "candidate": mine[quantity, convention].value,
                "against": theirs[quantity, convention].value,
                "difference": difference.value,
                "interval": interval,
                "change": _change(quantity, interval),
            }
            for (quantity, convention), difference, interval in zip(
                known, differences, found, strict=True
            )
        ],
        "moved": {name: _moved(result, other, key) for name, key in MOVED_BY.items()},
    }


class Changes:
    """What the comparison itself is judged by: it has no limit, and must be measured."""

    def judge(self, result: Result, other: Result, statistics: Statistics) -> Verdict:
        """Return the verdict on a comparison that was measured: passed.

        Raises
        ------
        MeasurementError
            As `compare`.
        """
        changes = compare(result, other, statistics)
        told: dict[str, list[str]] = {"better": [], "worse": []}
        for number in changes["numbers"]:
            if number["change"]:
                told[number["change"]].append(f"{number['quantity']} {number['convention']}")
        parts = [f"{change} in {', '.join(names)}" for change, names in told.items() if names]
        n, fewest = changes["n_groups"], changes["fewest_groups"]
        undecided = f"not told apart: {n} independent groups of configurations, {fewest} needed"
        parts = parts or [undecided if n < fewest else "not told apart"]
        return Verdict(
            outcome=Outcome.PASSED,
            model=result.model,
            dataset=result.dataset,
            source=result.source if result.source == other.source else None,
            value=float(changes["n_configurations"]),
            unit="configurations",
            reason=f"{result.model} ({result.source}) against {other.model} ({other.source}) on "
            f"{result.dataset}: {'; '.join(parts)}",
            details={DETAIL: changes},
        )


CHANGES = Changes()


def _change(quantity: str, interval: Interval | None) -> str | None:
    """Return whether a lower number is told to be `better`, a higher one `worse`."""
    if interval is None or not quantity.endswith(("_rmse", "_mae")):
        return None
    outcome = Outcome.of_difference(interval)
    return {Outcome.PASSED: "better", Outcome.FAILED: "worse"}.get(outcome)


def _moved(result: Result, other: Result, key: str) -> list[dict[str, Any]]:
    """Return the rows whose errors differ most, the farthest first; none that stayed."""
    mine, theirs = result.configurations, other.configurations
    if not mine or None in mine[key] or None in theirs[key]:
        return []
    by = np.abs(np.array(mine[key]) - np.array(theirs[key]))
    order = np.argsort(-by, kind="stable")[:N_MOVED]
    return [
        {
            "row": mine["row"][i],
            "n_atoms": mine["n_atoms"][i],
            "candidate": mine[key][i],
            "against": theirs[key][i],
        }
        for i in order.tolist()
        if by[i]
    ]
