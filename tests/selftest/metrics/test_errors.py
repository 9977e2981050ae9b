"""Errors configuration by configuration: joined, in blocks, as columns, and why a row failed."""

from dataclasses import fields, replace

import numpy as np
import pytest

from tests.selftest.reference.metrics import dataset, random_case
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.metrics import errors as module
from umlip_gate.metrics.errors import Errors, columns_of, errors_of, failures_of
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest


def in_groups(groups: list[int], seed: int) -> Errors:
    if not groups:
        return in_groups([0], seed).select(np.array([False]))
    return replace(errors_of(*random_case(len(groups), seed)), groups=np.array(groups))


def test_no_group_reaches_from_one_dataset_into_another() -> None:
    parts = [[0, 0, 1], [], [0, 0], [2, 0, 1]]
    joined = Errors.joined([in_groups(part, seed) for seed, part in enumerate(parts)])
    assert joined.groups.tolist() == [0, 0, 1, 2, 2, 5, 3, 4]


def test_blocks_have_as_many_atoms_as_fit_and_one_configuration_at_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ATOMS_AT_ONCE", 4)
    n_atoms = [2, 2, 2, 1, 9, 1]
    reference = dataset(n_atoms, [0.0] * 6, [[0.0] * 3] * sum(n_atoms))
    blocks = [(block.start, block.stop) for block in module._blocks(reference)]
    assert blocks == [(0, 2), (2, 4), (4, 5), (5, 6)]


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(50, seed=1)
    whole = errors_of(*case)
    monkeypatch.setattr(module, "ATOMS_AT_ONCE", 7)
    in_blocks = errors_of(*case)
    for field in fields(Errors):
        np.testing.assert_allclose(
            getattr(in_blocks, field.name), getattr(whole, field.name), rtol=1e-13
        )


def test_a_row_whose_error_is_no_number_says_what_was_predicted() -> None:
    """Its largest force component alone, and the reason of a row that has one stays."""
    forces = [[200.0, 0, 0], [0, -20.0, 3.0], [0.5, 0, 0], [300.0, 0, 0]]
    reference = dataset([1, 2, 1], [-5.0, -12.5, -5.0], forces)
    predicted = np.array(forces)
    predicted[2, 0] = -1e200
    predicted[3] = np.nan
    predictions = Predictions(np.array([-5.0, -12.25, np.nan]), predicted, {2: "RuntimeError: no"})
    errors = errors_of(reference, predictions)
    assert failures_of(reference, predictions, errors) == {
        1: "energy -12.25 eV (reference -12.5 eV), largest force component 1e+200 eV/\u00c5 "
        "(reference 20 eV/\u00c5): no error can be computed from these numbers",
        2: "RuntimeError: no",
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("absurd", [1e307, 1e200, np.inf])
def test_absurd_predictions_give_no_warning(absurd: float) -> None:
    reference, predictions = two_rows()
    forces = predictions.forces.copy()
    forces[1, 1] = absurd
    errors = errors_of(reference, Predictions(np.array([absurd, -12.0]), forces, {}))
    assert errors.finite.tolist() == [False, False]


@pytest.mark.filterwarnings("error")
def test_what_is_infinite_in_both_directions_gives_no_warning() -> None:
    reference = dataset([2], [-1.0], [[0, 4.0, 0], [0, 4.0, 0]])
    forces = np.array([[0, np.inf, 0], [0, -np.inf, 0]])
    assert not errors_of(reference, Predictions(np.array([-1.0]), forces, {})).finite.any()


def two_rows() -> tuple[Configurations, Predictions]:
    reference = dataset([1, 2], [-5.0, -12.0], [[3.0, 0, 0], [0, 4.0, 0], [0, 0, 0]])
    forces = reference.forces.copy()
    forces[0] += [0.3, 0, 0]
    forces[2] += [0, 0, 0.6]
    return reference, Predictions(np.array([-4.75, -12.5]), forces, {})


def test_columns_by_hand() -> None:
    columns = columns_of(errors_of(*two_rows()), np.array([7, 11]))
    assert columns == {
        "row": [7, 11],
        "n_atoms": [1, 2],
        "reference_energy_ev_per_atom": [-5.0, -6.0],
        "energy_error_mev_per_atom": [250.0, -250.0],
        "reference_force_ev_per_ang": [1.73205, 1.63299],
        "force_rmse_mev_per_ang": [173.205, 244.949],
    }
    assert [type(n) for n in columns["n_atoms"]] == [int, int]


def test_of_a_row_that_failed_nothing_is_in_the_columns() -> None:
    reference, predictions = two_rows()
    predictions = Predictions(np.array([-4.75, np.nan]), predictions.forces, {})
    columns = columns_of(errors_of(reference, predictions), np.array([0, 1]))
    assert {name: values[1] for name, values in columns.items()} == {
        "row": 1,
        "n_atoms": 2,
        "reference_energy_ev_per_atom": None,
        "energy_error_mev_per_atom": None,
        "reference_force_ev_per_ang": None,
        "force_rmse_mev_per_ang": None,
    }
    assert columns["energy_error_mev_per_atom"][0] == 250.0


def test_of_a_dataset_without_forces_there_are_no_columns_of_them() -> None:
    reference, predictions = two_rows()
    errors = errors_of(replace(reference, forces=np.full((3, 3), np.nan)), predictions)
    with np.errstate(all="raise"):
        columns = columns_of(errors, np.array([0, 1]))
    assert columns["energy_error_mev_per_atom"] == [250.0, -250.0]
    assert columns["reference_force_ev_per_ang"] == [None, None]
    assert columns["force_rmse_mev_per_ang"] == [None, None]
