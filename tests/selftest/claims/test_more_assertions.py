"""Ratios, signs, what cannot be computed, and where positive energies come from."""

from dataclasses import replace

import numpy as np
import pytest

from tests.selftest.builders.evidence import ENERGY, SPREAD, FakeContext, result
from tests.selftest.reference.metrics import dataset
from umlip_gate.claims.assertions import Cannot, PositiveShare, Ratio, SignOf
from umlip_gate.claims.assertions.base import Subject
from umlip_gate.claims.result import Result
from umlip_gate.claims.verdict import Outcome
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError, Unavailable
from umlip_gate.metrics.error_set import ErrorSet
from umlip_gate.metrics.errors import errors_of
from umlip_gate.metrics.measurement import measure_errors
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

ALL, ONE = Subject(None, "W-g"), Subject("a", "W-g")


def ratio(group: str, against: str | None = None, at_most: float = 0.55) -> Ratio:
    entry = {"kind": "ratio", "name": "half", "datasets": ["W-g"], "at_most": at_most, **ENERGY}
    pair = {"group": list(group), "against": list(against) if against else None}
    return Ratio.model_validate({**entry, **pair})


def test_ratio_of_means_against_all_others() -> None:
    context = FakeContext([result(m, v) for m, v in zip("abcd", (2.0, 4.0, 5.0, 7.0), strict=True)])
    verdict = ratio("ab").judge(ALL, context)
    assert verdict.outcome is Outcome.PASSED
    assert (verdict.value, verdict.limit, verdict.unit) == (0.5, 0.55, "1")
    assert "worst over best 0.800, best over best 0.400" in verdict.reason
    assert "judged over 4 of 4 models" in verdict.reason
    assert ratio("ab", at_most=0.49).judge(ALL, context).outcome is Outcome.FAILED


def test_ratio_has_the_interval_of_pairs() -> None:
    context = FakeContext([result("a", 2.0), result("b", 4.0, spread=SPREAD + 1e-3 * SPREAD[::-1])])
    assert ratio("a", "b").judge(ALL, context).interval == pytest.approx((0.5, 0.5), abs=1e-4)
    apart = FakeContext([result("a", 2.0), result("b", 4.0, spread=SPREAD[::-1])])
    low, high = ratio("a", "b").judge(ALL, apart).interval or (0.0, 1.0)
    assert high - low > 0.02


def test_ratio_needs_every_model_that_is_named() -> None:
    results = [result("a", 2.0), result("c", 5.0)]
    with pytest.raises(Unavailable, match=r"b \(gated\)"):
        ratio("ab").judge(ALL, FakeContext(results, absent={"b": "gated"}))
    with pytest.raises(Unavailable):
        ratio("ac").judge(ALL, FakeContext(results))
    with pytest.raises(MeasurementError, match=r"d \(not measured: hung\)"):
        ratio("a").judge(ALL, FakeContext(results, errors={"d": "hung"}))
    partly = ratio("a").judge(ALL, FakeContext(results, absent={"d": "gated"}))
    assert "judged over 2 of 3 models" in partly.reason
    assert partly.details == {"n_models_judged": 2, "n_models_meant": 3}


def signed(errors_mev: list[float], energies_ev: list[float]) -> tuple[Result, Configurations]:
    """Errors of rows of one atom each."""
    n = len(errors_mev)
    made = dataset([1] * n, energies_ev, [[0.0, 0.0, 0.0]] * n)
    predicted = np.array(energies_ev) + np.array(errors_mev) / 1000
    errors = errors_of(made, Predictions(predicted, np.zeros((n, 3)), {}))
    return replace(result("a", 1.0), metrics=measure_errors(ErrorSet((errors,)))), made


def sign(claimed: str = "negative", energies: str = "positive") -> SignOf:
    offset = {"quantity": "energy_offset", "convention": "per_configuration", "unit": "meV/atom"}
    entry = {"kind": "sign", "name": "sign", "models": ["a"], "datasets": ["W-g"], **offset}
    return SignOf.model_validate({**entry, "sign": claimed, "energies": energies})


ERRORS = [*[-5.0, -6.0, -7.0] * 40, *[890.0, 900.0] * 60, 0.0]
ENERGIES = [*[1.0, 2.0, 3.0] * 40, *[-1.0] * 120, 0.0]


def test_sign_is_judged_over_its_rows_alone() -> None:
    verdict = sign().judge(ONE, FakeContext([signed(ERRORS, ENERGIES)[0]]))
    assert verdict.outcome is Outcome.PASSED
    assert verdict.value == pytest.approx(-6)
    assert "over 120 of 241 rows, those of positive energy" in verdict.reason
    context = FakeContext([signed(ERRORS, ENERGIES)[0]])
    assert sign("positive").judge(ONE, context).outcome is Outcome.FAILED
    assert sign("positive", "negative").judge(ONE, context).outcome is Outcome.PASSED


def test_a_mean_whose_interval_holds_zero_is_undecided() -> None:
    context = FakeContext([signed([-5.0, 4.0, -1.0, 3.0] * 30, [1.0] * 120)[0]])
    assert sign().judge(ONE, context).outcome is Outcome.INCONCLUSIVE
    assert sign("positive").judge(ONE, context).outcome is Outcome.INCONCLUSIVE


def test_a_sign_over_few_rows_is_undecided() -> None:
    verdict = sign().judge(ONE, FakeContext([signed([-5.0, -7.0] * 49, [1.0] * 98)[0]]))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert (
        "-6.00 meV/atom (98 independent groups of configurations, 100 needed), inconclusive"
        in verdict.reason
    )


def test_sign_without_such_rows_or_with_failed_ones_is_not_measured() -> None:
    with pytest.raises(MeasurementError, match="no rows of positive energy"):
        sign().judge(ONE, FakeContext([signed([1.0], [-1.0])[0]]))
    with pytest.raises(MeasurementError, match="1 of 2 configurations failed"):
        sign().judge(ONE, FakeContext([signed([-1.0, np.nan], [1.0, -1.0])[0]]))


def cannot() -> Cannot:
    entry = {"kind": "cannot", "name": "isolated", "models": ["a"], "datasets": ["W-g"]}
    return Cannot.model_validate({**entry, "error": "has no neighbour"})


def failing(*errors: str, unlisted: int = 0) -> FakeContext:
    failures = dict(enumerate(errors))
    return FakeContext([result("a", None, n_failed=len(errors) + unlisted, failures=failures)])


def test_what_fails_with_the_error_that_is_named_is_reproduced() -> None:
    verdict = cannot().judge(ONE, failing("ValueError: atom 3 has no neighbour within 6 Å"))
    assert verdict.outcome is Outcome.PASSED
    assert (verdict.value, verdict.unit) == (1, "configurations")


def test_what_can_be_computed_is_contradicted() -> None:
    assert cannot().judge(ONE, FakeContext([result("a", 4.0)])).outcome is Outcome.FAILED


@pytest.mark.parametrize("errors", [("MemoryError",), ("atom 3 has no neighbour", "MemoryError")])
def test_another_breakage_does_not_pass(errors: tuple[str, ...]) -> None:
    with pytest.raises(
        MeasurementError, match=r"1 configurations failed with another error .* MemoryError"
    ):
        cannot().judge(ONE, failing(*errors))


def test_a_failure_without_an_error_does_not_pass() -> None:
    with pytest.raises(
        MeasurementError, match=r"1 configurations failed with another error .* without an error"
    ):
        cannot().judge(ONE, failing("atom 3 has no neighbour", unlisted=1))


def test_where_positive_energies_come_from() -> None:
    datasets = {
        "Mg": signed([0.0] * 4, [1.0, 1.0, 1.0, -1.0])[1],
        "W-g": signed([0.0] * 2, [1.0, -1.0])[1],
    }
    share = PositiveShare.model_validate(
        {"kind": "positive-share", "name": "p", "datasets": ["both"], "of": "Mg", "at_least": 0.5}
    )

    class Pooled(FakeContext):
        def members(self, dataset: str) -> tuple[str, ...]:
            return ("Mg", "W-g") if dataset == "both" else (dataset,)

    verdict = share.judge(Subject(None, "both"), Pooled([], datasets=datasets))
    assert verdict.outcome is Outcome.PASSED
    assert verdict.value == 0.75
    assert verdict.reason.endswith("Mg 3, W-g 1")
    low = share.model_copy(update={"of": "W-g"}).judge(
        Subject(None, "both"), Pooled([], datasets=datasets)
    )
    assert low.outcome is Outcome.FAILED
    with pytest.raises(Unavailable, match=r"both: 1 of 2 datasets are not available here\nMg: nob"):
        share.judge(Subject(None, "both"), Pooled([], datasets={"W-g": datasets["W-g"]}))
    nothing = {name: signed([0.0], [-1.0])[1] for name in datasets}
    with pytest.raises(MeasurementError, match="no rows of positive energy"):
        share.judge(Subject(None, "both"), Pooled([], datasets=nothing))
