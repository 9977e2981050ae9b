"""Claims about an ensemble's spread, and about the number of rows."""

from dataclasses import replace

import numpy as np
import pytest

from tests.selftest.builders.evidence import FakeContext, result
from tests.selftest.reference.metrics import dataset
from umlip_gate.claims.assertions import Counts, ErrorsAboveDeviation, HigherOn
from umlip_gate.claims.assertions.base import Subject
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.bootstrap import Interval
from umlip_gate.metrics.ensemble import Deviations

pytestmark = pytest.mark.selftest


def ensemble(energy_error: list[float], force_error: list[float]) -> Result:
    n = len(energy_error)
    deviations = Deviations(
        n_atoms=np.ones(n, dtype=np.int64),
        groups=np.arange(n),
        energy_deviation=np.ones(n),
        energy_error=np.array(energy_error),
        force_deviation=np.ones(n),
        force_error=np.array(force_error),
    )
    return replace(result("six", 1.0), deviations=deviations)


def above(of: str, made: Result) -> Verdict:
    entry = {"kind": "errors-above-deviation", "name": "share", "models": ["six"]}
    assertion = ErrorsAboveDeviation.model_validate(
        {**entry, "datasets": ["W-g"], "of": of, "at_most": 0.5}
    )
    return assertion.judge(Subject("six", "W-g"), FakeContext([made]))


def test_half_of_the_errors_may_exceed_the_deviation() -> None:
    made = ensemble([0.5, 0.5, 2.0, 2.0], [0.5, 2.0, 2.0, 2.0])
    found = above("energy", made)
    assert (found.outcome, found.value) == (Outcome.PASSED, 0.5)
    found = above("force", made)
    assert (found.outcome, found.value) == (Outcome.FAILED, 0.75)
    assert "75.0% of the force errors exceed" in found.reason


def test_a_single_model_has_no_deviation() -> None:
    with pytest.raises(MeasurementError, match="no deviations between members"):
        above("force", result("six", 1.0))


class TwoSets(FakeContext):
    def configurations(self, dataset: str) -> Configurations:  # noqa: ARG002 - both are there
        return Configurations.from_rows([])

    def result(self, model: str, dataset: str) -> Result:
        found = super().result(model, "W-g")
        value, interval = {"more": (0.9, (0.85, 0.95)), "fewer": self.fewer}[dataset]
        key, convention = "energy_deviation_spearman", "per_atom"
        metrics = replace(
            found.metrics,
            values={**found.metrics.values, key: {convention: value}},
            intervals={**found.metrics.intervals, key: {convention: interval}},
        )
        return replace(found, dataset=dataset, metrics=metrics)

    fewer: tuple[float, Interval | None] = (0.5, (0.4, 0.6))


@pytest.mark.parametrize(
    ("fewer", "outcome"),
    [
        ((0.5, (0.4, 0.6)), Outcome.PASSED),
        ((0.84, (0.8, 0.88)), Outcome.INCONCLUSIVE),
        ((0.98, (0.97, 0.99)), Outcome.FAILED),
        ((0.5, None), Outcome.INCONCLUSIVE),
    ],
)
def test_higher_on_one_dataset_by_intervals_that_are_apart(
    fewer: tuple[float, Interval | None], outcome: Outcome
) -> None:
    assertion = HigherOn.model_validate(
        {
            "kind": "higher-on",
            "name": "mg",
            "models": ["six"],
            "higher": "more",
            "lower": "fewer",
            "quantity": "energy_deviation_spearman",
            "convention": "per_atom",
            "unit": "1",
        }
    )
    context = TwoSets([result("six", 1.0)])
    context.fewer = fewer
    (subject,) = assertion.subjects()
    verdict = assertion.judge(subject, context)
    assert (verdict.outcome, verdict.value, verdict.limit) == (outcome, 0.9, fewer[0])


@pytest.mark.parametrize(
    ("n", "n_atoms", "outcome"),
    [(3, 9, Outcome.PASSED), (4, 9, Outcome.FAILED), (3, 8, Outcome.FAILED)],
)
def test_rows_and_atoms_are_counted(n: int, n_atoms: int, outcome: Outcome) -> None:
    assertion = Counts.model_validate(
        {
            "kind": "counts",
            "name": "rows",
            "datasets": ["W-g"],
            "n_configurations": n,
            "n_atoms": n_atoms,
        }
    )
    rows = dataset([2, 3, 4], [0.0] * 3, [[0.0] * 3] * 9)
    context = FakeContext([], datasets={"W-g": rows})
    verdict = assertion.judge(Subject(None, "W-g"), context)
    assert (verdict.outcome, verdict.value) == (outcome, 3.0)
    assert "3 configurations of 9 atoms" in verdict.reason
    with pytest.raises(Unavailable):
        assertion.judge(Subject(None, "W-s"), context)
