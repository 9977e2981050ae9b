"""A candidate beside the last release: what is worse is found, and what is equal is not."""

import re
import tomllib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.selftest.builders.evidence import STATISTICS
from tests.selftest.builders.measured import measure
from tests.selftest.checkout import ROOT
from umlip_gate.claims.against import AgainstLimit
from umlip_gate.claims.changes import CHANGES, DETAIL, compare
from umlip_gate.claims.result import Result
from umlip_gate.claims.schema import Gate, GateLimit
from umlip_gate.claims.verdict import Outcome
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import InputError, MeasurementError
from umlip_gate.predictions.predictions import Predictions
from umlip_gate.schema import validate

pytestmark = pytest.mark.selftest

N, N_ATOMS = 400, 16
FORCE = {"quantity": "force_rmse", "convention": "component", "unit": "meV/Å"}
ENERGY = {"quantity": "energy_rmse", "convention": "per_atom", "unit": "meV/atom"}


def dataset(n: int = N) -> Configurations:
    rng = np.random.default_rng(0)
    return Configurations(
        n_atoms=np.full(n, N_ATOMS),
        numbers=np.full(n * N_ATOMS, 74),
        positions=np.zeros((n * N_ATOMS, 3)),
        cells=np.tile(np.eye(3), (n, 1, 1)),
        pbc=np.ones((n, 3), dtype=bool),
        energies=N_ATOMS * rng.normal(-12, 0.2, n),
        forces=rng.normal(0, 1, (n * N_ATOMS, 3)),
        groups=np.arange(n),
    )


def release(configurations: Configurations) -> Predictions:
    """Errors of 4 meV/atom and 70 meV/Å, and soft by 3 %, as universal models are."""
    rng = np.random.default_rng(1)
    n = len(configurations)
    energies = configurations.energies + N_ATOMS * rng.normal(0, 4e-3, n)
    forces = 0.97 * configurations.forces + rng.normal(0, 0.07, configurations.forces.shape)
    return Predictions(energies, forces, {}, provenance="live")


def noised(right: Predictions, *, scale: float = 0.97, mev: float = 3.0) -> Predictions:
    noise = np.random.default_rng(2).normal(0, mev * 1e-3, len(right))
    return replace(right, energies=right.energies + N_ATOMS * noise, forces=scale * right.forces)


def measured(model: str, predictions: Predictions, n: int = N) -> Result:
    return Result(model, "crystals", "live", measure(dataset(n), predictions))


def limit(number: dict[str, str], **limits: float) -> AgainstLimit:
    return AgainstLimit.model_validate(
        {
            "name": "no-worse",
            "dataset": "crystals",
            "relative_to": "against",
            "rationale": "a self-test's",
            **number,
            **limits,
        }
    )


@pytest.fixture(scope="module")
def first() -> Result:
    return measured("release-1", release(dataset()))


@pytest.fixture(scope="module")
def second() -> Result:
    return measured("release-2", noised(release(dataset())))


@pytest.mark.parametrize("number", [FORCE, ENERGY])
@pytest.mark.parametrize("limits", [{"max_ratio": 1.05}, {"max_difference": 0.0}])
def test_a_worse_release_is_found_worse(
    first: Result, second: Result, number: dict[str, str], limits: dict[str, float]
) -> None:
    verdict = limit(number, **limits).judge(second, first, STATISTICS)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.interval is not None
    assert verdict.interval[0] > next(iter(limits.values()))
    assert "release-2 (live) against release-1 (live) on crystals" in verdict.reason
    assert limit(number, **limits).judge(first, second, STATISTICS).outcome is Outcome.PASSED


@pytest.mark.parametrize("number", [FORCE, ENERGY])
@pytest.mark.parametrize("limits", [{"max_ratio": 1.0}, {"max_difference": 0.0}])
def test_against_itself_nothing_is_worse(
    first: Result, number: dict[str, str], limits: dict[str, float]
) -> None:
    same = replace(first, model="the-same")
    verdict = limit(number, **limits).judge(same, first, STATISTICS)
    assert verdict.outcome is Outcome.PASSED
    assert verdict.interval == (verdict.value, verdict.value)
    better = limit(number, max_difference=-0.1).judge(same, first, STATISTICS)
    assert better.outcome is Outcome.FAILED


def test_what_the_interval_leaves_open_is_inconclusive(first: Result) -> None:
    other = measured("another", noised(release(dataset()), scale=1.0, mev=0.3))
    verdict = limit(ENERGY, max_difference=0.0).judge(other, first, STATISTICS)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert limit(ENERGY, max_ratio=1.05).judge(other, first, STATISTICS).outcome is Outcome.PASSED


def test_the_values_and_interval_of_a_ratio_are_those_of_the_definition(
    first: Result, second: Result
) -> None:
    verdict = limit(FORCE, max_ratio=1.05).judge(second, first, STATISTICS)
    found = [np.sqrt(r.errors.force_squared.sum() / (3 * N * N_ATOMS)) for r in (second, first)]
    assert verdict.value == pytest.approx(found[0] / found[1])
    ratios = []
    rng = np.random.default_rng(3)
    for _ in range(2000):
        drawn = rng.integers(N, size=N)
        sums = [r.errors.force_squared[drawn].sum() for r in (second, first)]
        ratios.append(np.sqrt(sums[0] / sums[1]))
    low, high = np.quantile(ratios, [0.015, 0.985])
    assert verdict.interval == pytest.approx((low, high), abs=0.1 * (high - low))


def test_few_configurations_decide_nothing() -> None:
    n = 60
    right = release(dataset(n))
    first, second = measured("a", right, n), measured("b", noised(right), n)
    verdict = limit(FORCE, max_ratio=1.05).judge(second, first, STATISTICS)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "60 independent groups of configurations, 100 needed" in verdict.reason
    assert verdict.value is not None
    same = limit(FORCE, max_ratio=1.0).judge(replace(first, model="c"), first, STATISTICS)
    assert same.outcome is Outcome.PASSED


def test_what_failed_or_has_no_ratio_is_not_paired(first: Result) -> None:
    energies = np.array(release(dataset()).energies)
    energies[3] = np.nan
    broken = measured("broken", replace(release(dataset()), energies=energies))
    for one, other in ((broken, first), (first, broken)):
        with pytest.raises(MeasurementError, match="failed"):
            limit(FORCE, max_ratio=1.05).judge(one, other, STATISTICS)
        with pytest.raises(MeasurementError, match="broken on crystals: 1 configurations failed"):
            CHANGES.judge(one, other, STATISTICS)
    whole = dataset()
    perfect = measured("perfect", Predictions(whole.energies, whole.forces, {}))
    with pytest.raises(MeasurementError, match="no ratio to it; use max_difference"):
        limit(FORCE, max_ratio=1.05).judge(first, perfect, STATISTICS)
    fewer = measured("fewer", release(dataset(200)), 200)
    with pytest.raises(MeasurementError, match="cannot be compared"):
        compare(first, fewer, STATISTICS)


def test_every_number_is_compared_and_the_rows_that_moved_are_listed(
    first: Result, second: Result
) -> None:
    changes = compare(second, first, STATISTICS)
    numbers = {(each["quantity"], each["convention"]): each for each in changes["numbers"]}
    assert numbers.keys() >= first.error_set.estimates().keys()
    force = numbers["force_rmse", "component"]
    assert force["change"] == "worse"
    assert force["difference"] == pytest.approx(force["candidate"] - force["against"])
    assert force["interval"][0] > 0
    assert numbers["force_slope", "component"]["change"] is None
    moved = changes["moved"]["energy"]
    by = np.abs(second.errors.energy - first.errors.energy)
    assert [each["row"] for each in moved] == np.argsort(-by)[:10].tolist()
    for each in moved:
        assert each["against"] == pytest.approx(first.errors.energy[each["row"]], rel=1e-5)
    verdict = CHANGES.judge(second, first, STATISTICS)
    assert verdict.outcome is Outcome.PASSED
    assert "worse in" in verdict.reason
    assert verdict.details[DETAIL] == changes


def test_a_model_against_itself_has_not_moved(first: Result) -> None:
    same = replace(first, model="the-same")
    changes = compare(same, first, STATISTICS)
    assert {each["difference"] for each in changes["numbers"]} == {0.0}
    assert {each["change"] for each in changes["numbers"]} == {None}
    assert changes["moved"] == {"energy": [], "force": []}
    assert "not told apart" in CHANGES.judge(same, first, STATISTICS).reason


TABLE: dict[str, Any] = {"name": "no-worse", "dataset": "W-g", "rationale": "why", **FORCE}


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"relative_to": "against"}, "has max_ratio or max_difference"),
        ({"relative_to": "against", "max_ratio": 1.1, "max_difference": 1}, "max_ratio or max_d"),
        ({"relative_to": "against", "max": 5}, "unknown key"),
        ({"relative_to": "baseline", "max_ratio": 1.1}, "'against'"),
        ({"max_ratio": 1.1}, "max_ratio"),
        (
            {
                "relative_to": "against",
                "max_ratio": 1.1,
                "quantity": "energy_offset",
                "convention": "per_atom",
                "unit": "meV/atom",
            },
            "may be negative",
        ),
        (
            {
                "relative_to": "against",
                "max_difference": 0.0,
                "quantity": "failed_configurations",
                "convention": "count",
                "unit": "configurations",
            },
            "cannot be paired",
        ),
    ],
)
def test_a_wrong_limit_is_one_error(more: dict[str, Any], text: str) -> None:
    gate = {"name": "g", "description": "d", "required": ["W-g"], "limit": [{**TABLE, **more}]}
    with pytest.raises(InputError) as caught:
        validate(Gate, gate, "gate.toml")
    assert text in str(caught.value)
    assert str(caught.value).startswith("gate.toml: limit")


def test_a_gate_has_limits_of_both_kinds() -> None:
    both = [{**TABLE, "max": 5.0}, {**TABLE, "relative_to": "against", "max_ratio": 1.05}]
    gate = validate(
        Gate, {"name": "g", "description": "d", "required": ["W-g"], "limit": both}, "gate.toml"
    )
    assert [type(limit) for limit in gate.limits] == [GateLimit, AgainstLimit]


def test_the_example_of_the_docs_is_a_gate() -> None:
    page = (ROOT / "docs" / "against-the-last-release.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    gate = validate(Gate, {"name": "ours", **tomllib.loads(example)}, "our-gate.toml")
    limits = [limit.limit for limit in gate.limits if isinstance(limit, AgainstLimit)]
    assert limits == [1.05, -0.5]
