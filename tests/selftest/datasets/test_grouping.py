import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from tests.selftest.builders.datasets import forces_of, made_rows
from tests.selftest.reference.metrics import dataset, random_case
from umlip_gate.datasets.configurations import Configurations, Row
from umlip_gate.datasets.distribution import distribution
from umlip_gate.datasets.grouping import systems
from umlip_gate.metrics.errors import errors_of
from umlip_gate.metrics.windows import N_WINDOWS, energy_windows
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest


def test_a_system_is_named_by_its_elements_alone() -> None:
    formulas = ["W", "W3", "MoW", "W2Mo", "TaWMoNb", "H"]
    rows = [Row(Atoms(f), -1.0, np.zeros((len(Atoms(f)), 3))) for f in formulas]
    names = systems(Configurations.from_rows(rows)).tolist()
    assert names == ["W", "W", "MoW", "MoW", "MoNbTaW", "H"]


def test_systems_agree_with_the_symbols_of_each_configuration() -> None:
    rows = made_rows(40)
    expected = ["".join(sorted(set(row.atoms.symbols))) for row in rows]
    assert systems(Configurations.from_rows(rows)).tolist() == expected


def test_distribution_counts_everything_once() -> None:
    rows = made_rows(40)
    found = distribution(Configurations.from_rows(rows))
    assert (found["n_configurations"], found["n_atoms"]) == (40, sum(len(r.atoms) for r in rows))
    assert sum(found["systems"].values()) == 40
    assert sum(found["energy_ev_per_atom"]["counts"]) == 40
    assert sum(found["force_norm_ev_per_ang"]["counts"]) == found["n_atoms"]
    per_atom = [row.energy_ev / len(row.atoms) for row in rows]
    assert found["energy_ev_per_atom"]["least"] == pytest.approx(min(per_atom))
    assert found["energy_ev_per_atom"]["edges"][-1] == pytest.approx(max(per_atom))
    longest = max(float(np.linalg.norm(forces_of(row), axis=1).max()) for row in rows)
    assert found["force_norm_ev_per_ang"]["greatest"] == pytest.approx(longest)
    assert found["n_positive_energies"] == sum(energy > 0 for energy in per_atom)


def test_windows_hold_every_configuration_once_by_ascending_energy() -> None:
    errors = errors_of(*random_case(47, seed=1))
    windows = energy_windows(errors)
    assert len(windows) == N_WINDOWS
    assert sum(window["n_configurations"] for window in windows) == 47
    least = [window["least_ev_per_atom"] for window in windows]
    assert least == sorted(least)
    total = sum(w["mean_error_mev_per_atom"] * w["n_configurations"] for w in windows)
    assert total / 47 == pytest.approx(errors.energy.mean())
    squared = sum(w["rmse_mev_per_atom"] ** 2 * w["n_configurations"] for w in windows)
    assert squared / 47 == pytest.approx((errors.energy**2).mean())


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-9, 9)), min_size=1, max_size=35))
def test_windows_agree_with_plain_python(rows: list[tuple[int, int]]) -> None:
    reference = dataset([1] * len(rows), [float(e) for e, _ in rows], [[0.0, 0.0, 0.0]] * len(rows))
    predicted = np.array([energy + error / 1000 for energy, error in rows])
    predictions = Predictions(predicted, np.zeros((len(rows), 3)), {})
    ordered = sorted(rows, key=lambda row: row[0])
    sizes = [len(rows) // N_WINDOWS + (k < len(rows) % N_WINDOWS) for k in range(N_WINDOWS)]
    first = 0
    for window in energy_windows(errors_of(reference, predictions)):
        own = ordered[first : first + sizes[0]]
        first += sizes.pop(0)
        assert window["n_configurations"] == len(own)
        assert window["least_ev_per_atom"] == pytest.approx(own[0][0])
        assert window["greatest_ev_per_atom"] == pytest.approx(own[-1][0])
        mean = sum(error for _, error in own) / len(own)
        assert window["mean_error_mev_per_atom"] == pytest.approx(mean, abs=1e-9)
        squared = sum(error**2 for _, error in own) / len(own)
        assert window["rmse_mev_per_atom"] == pytest.approx(squared**0.5, abs=1e-9)


def test_what_failed_is_counted_and_in_no_number() -> None:
    errors = errors_of(*random_case(20, seed=2))
    lowest = int(errors.reference_energy.argmin())
    errors.energy[lowest] = np.nan
    first, *others = energy_windows(errors)
    assert (first["n_configurations"], first["n_failed"]) == (2, 1)
    assert np.isfinite(first["mean_error_mev_per_atom"])
    assert not any(window["n_failed"] for window in others)


def test_fewer_configurations_than_windows() -> None:
    assert len(energy_windows(errors_of(*random_case(3, seed=3)))) == 3
