"""A candidate beside the last release: what is worse is found, and what is equal is not."""

import re
import tomllib
from dataclasses import replace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from tests.selftest.builders.evidence import STATISTICS
from tests.selftest.builders.measured import measure
from tests.selftest.checkout import ROOT
from umlip_gate.claims.against import AgainstLimit, paired
from umlip_gate.claims.changes import CHANGES, DETAIL, compare
from umlip_gate.claims.comparison import together
from umlip_gate.claims.messages import format_value
from umlip_gate.claims.result import Result
from umlip_gate.claims.schema import Gate, GateLimit
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import InputError, MeasurementError
from umlip_gate.metrics.bootstrap import Resampling, interval, intervals
from umlip_gate.metrics.quantities import QUANTITIES
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


def test_a_verdict_carries_everything(first: Result, second: Result) -> None:
    for number, limits, unit, mode in (
        (FORCE, {"max_ratio": 1.05}, "1", "ratio"),
        (ENERGY, {"max_difference": 0.0}, "meV/atom", "difference"),
    ):
        own = limit(number, **limits)
        value, found = paired(second, first, own, STATISTICS, is_ratio=mode == "ratio")
        assert found is not None
        at = next(iter(limits.values()))
        shown = format_value(value, found, at, unit, STATISTICS.order_level)
        name = f"{number['quantity']} {number['convention']}"
        assert own.judge(second, first, STATISTICS) == Verdict(
            outcome=Outcome.FAILED,
            model="release-2",
            dataset="crystals",
            source="live",
            value=value,
            interval=found,
            relation="≤",
            limit=at,
            unit=unit,
            reason="release-2 (live) against release-1 (live) on crystals: "
            f"{name} {second.value(own):.4g} and {first.value(own):.4g} {number['unit']}: "
            f"{mode} {shown}, failed: the limit is ≤ {at:g}",
        )
    published = replace(first, source="published")
    assert own.judge(second, published, STATISTICS).source is None


def test_a_number_has_the_digits_that_tell_it_from_its_limit(first: Result, second: Result) -> None:
    number = limit(FORCE, max_ratio=1.0)
    value, found = paired(second, first, number, STATISTICS, is_ratio=True)
    near = round(value, 2)
    shown = format_value(value, found, near, "1", STATISTICS.order_level)
    assert shown != format_value(value, found, 1.0, "1", STATISTICS.order_level)
    verdict = limit(FORCE, max_ratio=near).judge(second, first, STATISTICS)
    assert f": ratio {shown}, inconclusive: " in verdict.reason


def test_the_highest_that_is_possible_at_the_limit_passes(first: Result) -> None:
    """Also where nothing is above it: an interval of which the upper end is the limit."""
    value, found = paired(
        measured("b", noised(release(dataset()), mev=0.3)),
        first,
        limit(ENERGY, max_difference=0.0),
        STATISTICS,
        is_ratio=False,
    )
    assert found is not None
    other = measured("b", noised(release(dataset()), mev=0.3))
    at_the_end = limit(ENERGY, max_difference=found[1])
    assert at_the_end.judge(other, first, STATISTICS).outcome is Outcome.PASSED
    below = limit(ENERGY, max_difference=float(np.nextafter(found[1], -1)))
    assert below.judge(other, first, STATISTICS).outcome is Outcome.INCONCLUSIVE
    at_the_start = limit(ENERGY, max_difference=found[0])
    assert at_the_start.judge(other, first, STATISTICS).outcome is Outcome.INCONCLUSIVE
    assert found[0] < value < found[1]


@pytest.mark.parametrize("n", [99, 100, N])
def test_the_interval_holds_at_the_level_of_differences(n: int) -> None:
    """Of enough groups of configurations."""
    right = release(dataset(n))
    one, other = measured("a", noised(right), n), measured("b", right, n)
    number = limit(ENERGY, max_difference=0.0)
    (own, others), design = together([one, other], number)
    expected = interval(own.minus(others), design, Resampling(STATISTICS.order_level))
    _, found = paired(one, other, number, STATISTICS, is_ratio=False)
    assert expected is not None
    assert found == (expected if n >= STATISTICS.fewest_configurations else None)


def test_a_difference_may_be_negative_and_a_ratio_not(first: Result, second: Result) -> None:
    """By the interval: symmetric of a difference, and of a size that of its inverse square."""
    number = limit(ENERGY, max_difference=0.0)
    value, found = paired(second, first, number, STATISTICS, is_ratio=False)
    assert found is not None
    assert value - found[0] == pytest.approx(found[1] - value)
    value, found = paired(second, first, number, STATISTICS, is_ratio=True)
    assert found is not None
    assert value**-2 - found[1] ** -2 == pytest.approx(found[0] ** -2 - value**-2)


def test_a_sample_passes_nothing_whose_interval_is_in_doubt(first: Result) -> None:
    per_configuration = {**ENERGY, "convention": "per_configuration"}
    same = replace(first, model="the-same", metrics=replace(first.metrics))
    number = limit(per_configuration, max_difference=0.0)
    doubt = QUANTITIES["energy_rmse"].doubt_on_samples("per_configuration")
    assert doubt
    assert number.judge(same, first, STATISTICS).outcome is Outcome.PASSED
    metrics = MagicMock(wraps=first.metrics, n_whole=10 * N)
    for name in ("values", "intervals", "error_set", "n_failed", "how"):
        setattr(metrics, name, getattr(first.metrics, name))
    sample = replace(same, metrics=metrics)
    verdict = number.judge(sample, first, STATISTICS)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.endswith(f"the limit is ≤ 0; a sample cannot pass this limit: {doubt}")
    assert limit(ENERGY, max_difference=0.0).judge(sample, first, STATISTICS).outcome is (
        Outcome.PASSED
    )
    below = limit(per_configuration, max_difference=-1.0)
    assert below.judge(sample, first, STATISTICS).outcome is Outcome.FAILED


def test_few_configurations_decide_nothing() -> None:
    n = 60
    right = release(dataset(n))
    first, second = measured("a", right, n), measured("b", noised(right), n)
    verdict = limit(FORCE, max_ratio=1.05).judge(second, first, STATISTICS)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.endswith("≤ 1.05; 60 independent groups of configurations, 100 needed")
    assert verdict.interval is None
    assert verdict.value is not None
    same = limit(FORCE, max_ratio=1.0).judge(replace(first, model="c"), first, STATISTICS)
    assert same.outcome is Outcome.PASSED


def test_what_one_configuration_makes_says_nothing_of_the_others() -> None:
    n = 100
    right = release(dataset(n))
    energies = np.array(right.energies)
    energies[7] += N_ATOMS * 0.5
    first, second = measured("a", right, n), measured("b", replace(right, energies=energies), n)
    verdict = limit(ENERGY, max_ratio=1.05).judge(second, first, STATISTICS)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason.endswith(
        "≤ 1.05; too few configurations make the difference for an interval"
    )


def test_what_failed_or_has_no_ratio_is_not_paired(first: Result) -> None:
    energies = np.array(release(dataset()).energies)
    energies[3] = np.nan
    broken = measured("broken", replace(release(dataset()), energies=energies))
    for one, other in ((broken, first), (first, broken)):
        with pytest.raises(MeasurementError, match="failed"):
            limit(FORCE, max_ratio=1.05).judge(one, other, STATISTICS)
        with pytest.raises(
            MeasurementError,
            match=r"^broken on crystals: 1 configurations failed, so the two .* cannot be paired$",
        ):
            CHANGES.judge(one, other, STATISTICS)
    whole = dataset()
    perfect = measured("perfect", Predictions(whole.energies, whole.forces, {}))
    nothing = "^perfect on crystals: force_rmse component is 0, and there is no ratio to it; use "
    with pytest.raises(MeasurementError, match=f"{nothing}max_difference$"):
        limit(FORCE, max_ratio=1.05).judge(first, perfect, STATISTICS)
    fewer = measured("fewer", release(dataset(200)), 200)
    with pytest.raises(
        MeasurementError,
        match=r"^release-1 on crystals was measured on 400 configurations, fewer on 200: they "
        r"cannot be compared$",
    ):
        compare(first, fewer, STATISTICS)


def test_every_number_is_compared_and_the_rows_that_moved_are_listed(
    first: Result, second: Result
) -> None:
    changes = compare(second, first, STATISTICS)
    about = {key: value for key, value in changes.items() if key not in {"numbers", "moved"}}
    assert about == {
        "against": "release-1",
        "sources": ["live", "live"],
        "n_configurations": N,
        "n_groups": N,
        "fewest_groups": 100,
        "level": 0.97,
    }
    numbers = {(each["quantity"], each["convention"]): each for each in changes["numbers"]}
    assert numbers.keys() >= first.error_set.estimates().keys()
    force = numbers["force_rmse", "component"]
    assert force["change"] == "worse"
    assert force["unit"] == "meV/Å"
    assert force["candidate"] == pytest.approx(second.value(limit(FORCE, max_ratio=1.0)))
    assert force["against"] == pytest.approx(first.value(limit(FORCE, max_ratio=1.0)))
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


def better_forces() -> Result:
    """As release-2 in energies, and without an error of the forces."""
    whole = dataset()
    energies = noised(release(whole)).energies
    return measured("mixed", Predictions(energies, 0.999 * whole.forces, {}, provenance="live"))


def test_what_is_better_and_what_is_worse_is_named(first: Result) -> None:
    mixed = better_forces()
    changes = compare(mixed, first, STATISTICS)
    told: dict[str, list[str]] = {"better": [], "worse": []}
    for number in changes["numbers"]:
        low, high = number["interval"] or (-1, 1)
        error = number["quantity"] in {"energy_rmse", "energy_mae", "force_rmse", "force_mae"}
        change = "better" if error and high < 0 else "worse" if error and low > 0 else None
        assert number["change"] == change
        if change:
            told[change].append(f"{number['quantity']} {number['convention']}")
    assert told["better"] == [
        f"{quantity} {over}"
        for quantity in ("force_rmse", "force_mae")
        for over in ("component", "vector")
    ]
    assert "energy_rmse per_atom" in told["worse"]
    assert CHANGES.judge(mixed, replace(first, source="published"), STATISTICS) == Verdict(
        outcome=Outcome.PASSED,
        model="mixed",
        dataset="crystals",
        source=None,
        value=float(N),
        unit="configurations",
        reason="mixed (live) against release-1 (published) on crystals: better in "
        f"{', '.join(told['better'])}; worse in {', '.join(told['worse'])}",
        details={DETAIL: {**changes, "sources": ["live", "published"]}},
    )
    assert CHANGES.judge(mixed, first, STATISTICS).source == "live"


def test_all_intervals_of_changes_hold_together(first: Result, second: Result) -> None:
    changes = compare(second, first, STATISTICS)
    mine, theirs = second.error_set.estimates(), first.error_set.estimates()
    keys = [(number["quantity"], number["convention"]) for number in changes["numbers"]]
    expected = intervals(
        [mine[key].minus(theirs[key]) for key in keys],
        first.error_set.design,
        Resampling(0.97),
        joint=True,
    )
    assert [number["interval"] for number in changes["numbers"]] == expected


def test_of_few_configurations_there_are_values_and_no_intervals() -> None:
    for n, n_intervals in ((99, 0), (100, 1)):
        right = release(dataset(n))
        one, other = measured("a", noised(right), n), measured("b", right, n)
        changes = compare(one, other, STATISTICS)
        told = {number["interval"] is not None for number in changes["numbers"]}
        assert max(told) == n_intervals
        assert len(changes["numbers"]) > 10
    enough = measured("a", noised(release(dataset(100))), 100)
    reason = CHANGES.judge(enough, replace(enough, model="b"), STATISTICS).reason
    assert reason.endswith(": not told apart")
    few = measured("a", noised(release(dataset(99))), 99)
    reason = CHANGES.judge(few, replace(few, model="b"), STATISTICS).reason
    assert reason == (
        "a (live) against b (live) on crystals: not told apart: 99 independent groups of "
        "configurations, 100 needed"
    )


def without(result: Result, quantity: str, convention: str) -> Result:
    values = {name: dict(each) for name, each in result.metrics.values.items()}
    values[quantity][convention] = None
    return replace(result, metrics=replace(result.metrics, values=values))


def test_what_one_of_the_two_has_no_value_of_is_left_out(first: Result, second: Result) -> None:
    known = {
        (n["quantity"], n["convention"]) for n in compare(second, first, STATISTICS)["numbers"]
    }
    for one, other in (
        (without(second, "energy_rmse", "per_atom"), first),
        (second, without(first, "energy_rmse", "per_atom")),
    ):
        found = {
            (n["quantity"], n["convention"]) for n in compare(one, other, STATISTICS)["numbers"]
        }
        assert found == known - {("energy_rmse", "per_atom")}


def test_rows_that_moved_are_named_the_farthest_first(first: Result) -> None:
    right = release(dataset())
    energies = np.array(right.energies)
    for row, by in ((5, 0.5), (7, -2.0), (300, 1.0)):
        energies[row] += N_ATOMS * by
    other = measured("moved", replace(right, energies=energies))
    changes = compare(other, first, STATISTICS)
    assert changes["moved"]["force"] == []
    mine, theirs = other.configurations, first.configurations
    assert changes["moved"]["energy"] == [
        {
            "row": row,
            "n_atoms": N_ATOMS,
            "candidate": mine["energy_error_mev_per_atom"][row],
            "against": theirs["energy_error_mev_per_atom"][row],
        }
        for row in (7, 300, 5)
    ]


def test_of_rows_that_moved_alike_the_first_are_named(first: Result, second: Result) -> None:
    still = {**first.configurations, "energy_error_mev_per_atom": [0.0] * N}
    moved = {**first.configurations, "energy_error_mev_per_atom": [1.0, 2.0, -2.0, 1.0] * (N // 4)}
    found = changes_moved(
        replace_configurations(second, moved), replace_configurations(first, still)
    )
    assert [each["row"] for each in found["energy"]] == [1, 2, 5, 6, 9, 10, 13, 14, 17, 18]


def test_rows_of_pools_and_of_data_without_forces_are_not_named(
    first: Result, second: Result
) -> None:
    assert changes_moved(replace_configurations(second, {}), first) == {"energy": [], "force": []}
    for one, other in ((True, False), (False, True)):
        moved = changes_moved(forceless(second, one), forceless(first, other))
        assert len(moved["energy"]) == 10
        assert moved["force"] == []


def changes_moved(one: Result, other: Result) -> dict[str, Any]:
    moved: dict[str, Any] = compare(one, other, STATISTICS)["moved"]
    return moved


def replace_configurations(result: Result, columns: dict[str, Any]) -> Result:
    other = replace(result)
    vars(other)["configurations"] = columns  # what the cached property would hold
    return other


def forceless(result: Result, is_so: bool) -> Result:  # noqa: FBT001 - one of a pair
    columns = {**result.configurations}
    if is_so:
        columns["force_rmse_mev_per_ang"] = [None] * N
    return replace_configurations(result, columns)


def test_a_model_against_itself_has_not_moved(first: Result) -> None:
    same = replace(first, model="the-same")
    changes = compare(same, first, STATISTICS)
    assert {each["difference"] for each in changes["numbers"]} == {0.0}
    assert {each["change"] for each in changes["numbers"]} == {None}
    assert changes["moved"] == {"energy": [], "force": []}
    reason = CHANGES.judge(same, first, STATISTICS).reason
    assert reason == "the-same (live) against release-1 (live) on crystals: not told apart"


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
