import importlib.util

import numpy as np
import pytest
from ase.build import bulk, molecule

from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.descriptors.soap import Soap, environments
from umlip_gate.errors import MeasurementError
from umlip_gate.metrics.coverage import Environments, coverage, principal_components

pytestmark = pytest.mark.selftest

needs_dscribe = pytest.mark.skipif(
    importlib.util.find_spec("dscribe") is None, reason="`tox run -e descriptors` runs this"
)


def cloud(n: int, spread: float, seed: int, per_configuration: int = 5) -> Environments:
    rng = np.random.default_rng(seed)
    return Environments(spread * rng.normal(size=(n, 4)), *[np.arange(n) // per_configuration] * 2)


def slow_coverage(of: Environments, by: Environments, quantile: float) -> float:
    def nearest(point: np.ndarray, others: list[np.ndarray]) -> float:
        return min(float(np.linalg.norm(point - other)) for other in others)

    reaches = [
        nearest(
            point,
            [o for o, c in zip(by.descriptors, by.configuration, strict=True) if c != own],
        )
        for point, own in zip(by.descriptors, by.configuration, strict=True)
    ]
    reach = np.quantile(reaches, quantile)
    hits = [nearest(point, list(by.descriptors)) <= reach for point in of.descriptors]
    return sum(hits) / len(hits)


@pytest.mark.parametrize("quantile", [0.0, 0.5, 0.95, 1.0])
def test_coverage_agrees_with_a_plain_loop(quantile: float) -> None:
    of, by = cloud(40, 1.0, seed=1), cloud(60, 0.7, seed=2)
    found = coverage(of, by, quantile, n_resamples=50)
    assert found.value == pytest.approx(slow_coverage(of, by, quantile))
    assert found.interval[0] <= found.value <= found.interval[1]


def test_the_wider_set_covers_the_narrower_and_not_the_other_way_round() -> None:
    narrow, wide = cloud(300, 0.5, seed=3), cloud(300, 2.0, seed=4)
    assert coverage(narrow, wide, 0.95, n_resamples=10).value > 0.95
    assert coverage(wide, narrow, 0.95, n_resamples=10).value < 0.3


def test_a_set_covers_itself_and_its_copies() -> None:
    own = cloud(50, 1.0, seed=5)
    assert coverage(own, own, 0.5, n_resamples=10).value == 1


def test_atoms_of_one_configuration_are_no_evidence_of_how_dense_a_set_is() -> None:
    rng = np.random.default_rng(6)
    centres = rng.normal(size=(20, 4))
    # each configuration is one environment five times: within it all distances vanish
    by = Environments(np.repeat(centres, 5, axis=0), *[np.arange(100) // 5] * 2)
    assert coverage(by, by, 0.5, n_resamples=10).reach > 0.1


def test_the_interval_draws_whole_configurations() -> None:
    by = cloud(60, 1.0, seed=7)
    near, far = by.descriptors[:5], by.descriptors[:5] + 100
    # two configurations of five atoms, one of them covered: 0, 1/2 or 1 in a resample
    of = Environments(np.concatenate([near, far]), *[np.repeat([8, 3], 5)] * 2)
    found = coverage(of, by, 0.9, n_resamples=500)
    assert found.value == 0.5
    assert found.interval == (0.0, 1.0)


def test_environments_of_one_configuration_cannot_cover() -> None:
    with pytest.raises(MeasurementError, match="at least two configurations"):
        coverage(cloud(10, 1, seed=8), cloud(5, 1, seed=9), 0.9)


def test_principal_components_are_those_of_the_sets_together() -> None:
    rng = np.random.default_rng(10)
    sets = [rng.normal(size=(n, 6)) * [9, 4, 1, 1, 1, 1] for n in (30, 50)]
    found = np.concatenate(principal_components(sets))
    together = np.concatenate(sets) - np.concatenate(sets).mean(axis=0)
    _, _, rows = np.linalg.svd(together, full_matrices=False)
    np.testing.assert_allclose(np.abs(found), np.abs(together @ rows[:2].T), atol=1e-9)
    assert found[:, 0].var() > found[:, 1].var()


SOAP = Soap(r_cut_ang=5.0, n_max=4, l_max=3, sigma_ang=0.5, n_environments=40, seed=1)


def rattled(n: int, amplitude: float) -> Configurations:
    rows = []
    for seed in range(n):
        atoms = bulk("W", cubic=True).repeat(2)
        atoms.rattle(amplitude, seed=seed)
        rows.append(Row(atoms, 0.0, np.zeros((len(atoms), 3))))
    return Configurations.from_rows(rows)


@needs_dscribe
def test_soap_of_real_structures_is_invariant_and_seeded() -> None:
    configurations = rattled(4, 0.1)
    found = environments(configurations, SOAP, [74])
    assert found.descriptors.shape[0] == 40
    np.testing.assert_allclose(np.linalg.norm(found.descriptors, axis=1), 1)
    again = environments(configurations, SOAP, [74])
    np.testing.assert_array_equal(found.descriptors, again.descriptors)
    turned = [configurations.atoms(i) for i in range(4)]
    for atoms in turned:
        atoms.rotate(33, (1, 2, 3), rotate_cell=True)
    rows = [Row(atoms, 0.0, np.zeros((len(atoms), 3))) for atoms in turned]
    other = environments(Configurations.from_rows(rows), SOAP, [74])
    np.testing.assert_allclose(other.descriptors, found.descriptors, atol=1e-6)


@needs_dscribe
def test_strongly_rattled_cells_cover_weakly_rattled_ones() -> None:
    weak, strong = (environments(rattled(8, a), SOAP, [74]) for a in (0.02, 0.2))
    assert coverage(weak, strong, 0.95).value > coverage(strong, weak, 0.95).value


@needs_dscribe
def test_an_environment_that_cannot_be_computed_is_an_error() -> None:
    atoms = molecule("H2O")
    rows = [Row(atoms, 0.0, np.zeros((3, 3)))] * 2
    with pytest.raises(MeasurementError, match=r"SOAP: .* ended with 1"):
        environments(Configurations.from_rows(rows), SOAP, [74])
