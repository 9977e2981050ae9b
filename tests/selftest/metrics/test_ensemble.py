import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.selftest.builders.measured import measure
from tests.selftest.reference import ensemble as slow_ensemble
from tests.selftest.reference.metrics import random_case
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.ensemble import (
    BINS,
    Deviations,
    calibration,
    correlations,
    deviations_of,
    error_deviation_plot,
    mean_of,
    with_uncertainty,
)
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

ENERGY_TOTAL = ("energy_deviation_spearman", "total")
ENERGY_PER_ATOM = ("energy_deviation_spearman", "per_atom")
FORCE = ("force_deviation_spearman", "vector")


def made_ensemble(n: int, seed: int, size: int = 4) -> tuple[Configurations, list[Predictions]]:
    """Members that err together, and apart, by an amount of each atom's own."""
    configurations, _ = random_case(n, seed)
    rng = np.random.default_rng(seed + 1)
    scale = rng.gamma(2.0, 0.05, size=(len(configurations.forces), 1))
    members = []
    for _ in range(size):
        forces = configurations.forces + scale * rng.normal(size=configurations.forces.shape)
        energies = configurations.energies + 0.01 * configurations.n_atoms * rng.normal(size=n)
        members.append(Predictions(energies, forces, {}))
    return configurations, members


def values(found: Deviations, n_resamples: int = 2) -> dict[tuple[str, str], float]:
    return {key: each.value for key, each in correlations(found, n_resamples=n_resamples).items()}


def deviations(configurations: Configurations, members: Sequence[Predictions]) -> Deviations:
    return deviations_of(configurations, members, mean_of(members))


@pytest.mark.parametrize("size", [2, 3, 6])
def test_deviations_agree_with_plain_python(size: int) -> None:
    case = made_ensemble(20, seed=size, size=size)
    found = deviations(*case)
    for row in range(20):
        expected = slow_ensemble.energies(*case, row)
        pair = found.energy_deviation[row], found.energy_error[row]
        assert pair == pytest.approx(expected, rel=1e-8)
    for atom in range(len(case[0].forces)):
        expected = slow_ensemble.forces(*case, atom)
        pair = found.force_deviation[atom], found.force_error[atom]
        assert pair == pytest.approx(expected, rel=1e-8)


def test_correlations_are_those_of_the_pairs() -> None:
    case = made_ensemble(40, seed=1)
    found = values(deviations(*case))
    rows = [slow_ensemble.energies(*case, row) for row in range(40)]
    atoms = [slow_ensemble.forces(*case, atom) for atom in range(len(case[0].forces))]
    per_atom = [(a / n, b / n) for (a, b), n in zip(rows, case[0].n_atoms.tolist(), strict=True)]
    assert found[ENERGY_TOTAL] == pytest.approx(slow_ensemble.spearman(rows), abs=1e-9)
    assert found[ENERGY_PER_ATOM] == pytest.approx(slow_ensemble.spearman(per_atom), abs=1e-9)
    assert found[FORCE] == pytest.approx(slow_ensemble.spearman(atoms), abs=1e-9)


def test_a_spread_that_knows_its_error_correlates_and_one_that_does_not_does_not() -> None:
    configurations, members = made_ensemble(150, seed=2)
    assert (values(deviations(configurations, members))[FORCE]) > 0.3
    rng = np.random.default_rng(3)
    base = configurations.forces + rng.standard_t(3, size=configurations.forces.shape)
    blind = [
        Predictions(configurations.energies, base + 0.01 * rng.normal(size=base.shape), {})
        for _ in members
    ]
    assert abs(values(deviations(configurations, blind))[FORCE]) < 0.15


def test_the_interval_draws_whole_configurations_and_covers_the_value() -> None:
    case = made_ensemble(60, seed=4)
    found = deviations(*case)
    intervals = correlations(found, n_resamples=60, seed=5)
    offsets = case[0].offsets
    drawn = np.random.default_rng(5).integers(60, size=(60, 60))
    loop = []
    for rows in drawn:
        atoms = np.concatenate([np.arange(offsets[row], offsets[row + 1]) for row in rows])
        pairs = zip(found.force_deviation[atoms], found.force_error[atoms], strict=True)
        loop.append(slow_ensemble.spearman(list(pairs)) or 0)
    expected = tuple(np.percentile(loop, [2.5, 97.5]))
    assert intervals[FORCE].interval == pytest.approx(expected, abs=1e-9)
    for each in intervals.values():
        assert each.interval is not None
        assert each.interval[0] < each.value < each.interval[1]


def test_the_order_of_rows_and_of_members_does_not_matter() -> None:
    configurations, members = made_ensemble(30, seed=6)
    rows = np.random.default_rng(7).permutation(30)
    offsets = configurations.offsets
    atoms = np.concatenate([np.arange(offsets[row], offsets[row + 1]) for row in rows])
    shuffled = [Predictions(m.energies[rows], m.forces[atoms], {}) for m in members[::-1]]
    expected = values(deviations(configurations, members))
    found = values(deviations(configurations.select(rows), shuffled))
    assert found == pytest.approx(expected, abs=1e-9)


def test_members_that_agree_have_no_correlation() -> None:
    configurations, predictions = random_case(10, seed=8)
    found = deviations(configurations, [predictions, predictions])
    assert np.isnan(list(values(found).values())).all()
    metrics = with_uncertainty(measure(configurations, predictions), found, n_resamples=3)
    assert metrics.values["force_deviation_spearman"] == {"vector": None}
    assert metrics.intervals["force_deviation_spearman"] == {"vector": None}
    assert calibration(found)["force"]["1"] == 1  # every error exceeds no spread at all
    assert error_deviation_plot(found)["force_mev_per_ang"]["counts"] == []


def test_calibration_and_plot_count_every_pair() -> None:
    configurations, members = made_ensemble(50, seed=9)
    found = deviations(configurations, members)
    shares = calibration(found)
    for k in (1, 2, 3, 5):
        above = [e > k * d for d, e in zip(found.force_deviation, found.force_error, strict=True)]
        assert shares["force"][str(k)] == pytest.approx(sum(above) / len(above))
    plot = error_deviation_plot(found)
    assert json.loads(json.dumps(plot, allow_nan=False)) == plot
    counts = plot["force_mev_per_ang"]["counts"]
    assert sum(count for *_, count in counts) == len(configurations.forces)
    assert len(counts) <= BINS**2
    edges = plot["force_mev_per_ang"]["deviation_edges"]
    assert edges[0] == pytest.approx(found.force_deviation.min())
    assert edges[-1] == pytest.approx(found.force_deviation.max())


def test_a_row_that_failed_in_one_member_has_failed() -> None:
    _, members = made_ensemble(5, seed=10)
    energies = members[1].energies.copy()
    energies[3] = np.nan
    members[1] = Predictions(energies, members[1].forces, {3: "RuntimeError: no"})
    mean = mean_of(members)
    assert mean.failures == {3: "RuntimeError: no"}
    assert mean.failed.tolist() == [False, False, False, True, False]


def test_pooled_deviations_are_those_of_one_large_dataset() -> None:
    parts = [deviations(*made_ensemble(n, seed=n)) for n in (8, 12)]
    pooled = Deviations.pooled(parts)
    assert len(pooled.n_atoms) == 20
    pairs = zip(pooled.force_deviation, pooled.force_error, strict=True)
    expected = slow_ensemble.spearman(list(pairs))
    assert values(pooled)[FORCE] == pytest.approx(expected, abs=1e-9)


def test_groups_are_drawn_whole_and_never_reach_into_another_dataset() -> None:
    configurations, members = made_ensemble(30, seed=13)
    alone = deviations(configurations, members)
    paired = replace(alone, groups=np.arange(30) // 2)
    (low, high), (lower, higher) = (
        correlations(each, n_resamples=100)[FORCE].interval or (0.0, 0.0)
        for each in (alone, paired)
    )
    assert (low, high) != (lower, higher)
    assert values(alone) == values(paired)
    pooled = Deviations.pooled([paired, paired])
    assert pooled.groups.tolist() == [*(np.arange(30) // 2), *(15 + np.arange(30) // 2)]


def test_an_ensemble_is_measured_like_a_model_by_its_mean() -> None:
    configurations, members = made_ensemble(30, seed=11)
    of_mean = measure(configurations, mean_of(members))
    spread = deviations(configurations, members)
    metrics = with_uncertainty(of_mean, spread, n_resamples=20)
    assert metrics.values["energy_rmse"] == of_mean.values["energy_rmse"]
    assert of_mean.values["force_deviation_spearman"] == {"vector": None}
    found = values(spread)
    assert metrics.values["energy_deviation_spearman"] == {
        "total": found[ENERGY_TOTAL],
        "per_atom": found[ENERGY_PER_ATOM],
    }
    record = json.loads(json.dumps(metrics.to_json(), allow_nan=False))
    assert record["uncertainty"].keys() == {
        "share_of_errors_above_multiples_of_the_deviation",
        "error_deviation_plot",
    }
    low, high = record["intervals"]["force_deviation_spearman"]["vector"]
    assert low < record["force_deviation_spearman"]["vector"] < high


def test_one_member_is_no_ensemble() -> None:
    with pytest.raises(MeasurementError, match="an ensemble of 1 has no deviation"):
        mean_of([random_case(3, seed=0)[1]])


def test_members_of_other_configurations_are_refused() -> None:
    with pytest.raises(MeasurementError, match="different configurations"):
        mean_of([random_case(3, seed=0)[1], random_case(4, seed=0)[1]])
