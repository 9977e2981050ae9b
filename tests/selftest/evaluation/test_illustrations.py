"""What a report shows of single configurations: the right ones, and every force counted."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.selftest.reference.metrics import random_case
from umlip_gate.evaluation.illustrations import (
    N_STRUCTURES,
    force_parity,
    illustrations_of,
    worst_first,
)
from umlip_gate.metrics.errors import columns_of, errors_of
from umlip_gate.report.drawings import worst_first as worst_of_columns

pytestmark = pytest.mark.selftest

N = 20


def test_every_force_component_is_counted() -> None:
    reference, predictions = random_case(N, seed=3)
    parity = force_parity(reference, predictions)
    assert parity is not None
    assert sum(number for _, _, number in parity["counts"]) == reference.forces.size
    assert (parity["n_components"], parity["n_failed"]) == (reference.forces.size, 0)
    i, j, _ = max(parity["counts"], key=lambda each: each[2])
    edges = np.array(parity["edges_ev_per_ang"])
    inside = [
        (values.ravel() >= edges[k] - 1e-6) & (values.ravel() <= edges[k + 1] + 1e-6)
        for k, values in ((i, reference.forces), (j, predictions.forces))
    ]
    assert np.logical_and(*inside).any()


def test_the_failed_come_first_then_the_worst_and_the_page_agrees() -> None:
    reference, predictions = random_case(N, seed=4)
    forces = predictions.forces.copy()
    forces[reference.offsets[7]] = np.nan
    forces[reference.offsets[5]] += 50.0
    predictions = replace(predictions, forces=forces)
    errors = errors_of(reference, predictions)
    rows = np.arange(100, 100 + N)
    worst = worst_first(errors)
    assert worst[:2].tolist() == [7, 5]
    assert worst_of_columns(columns_of(errors, rows)) == worst.tolist()
    shown = illustrations_of(reference, predictions, errors, rows)
    assert len(shown["structures"]) == N_STRUCTURES
    failed, second, _ = shown["structures"]
    assert (failed["row"], failed["predicted_forces_ev_per_ang"]) == (107, None)
    atoms = slice(reference.offsets[5], reference.offsets[6])
    np.testing.assert_allclose(second["positions_ang"], reference.positions[atoms], atol=1e-4)
    np.testing.assert_allclose(second["predicted_forces_ev_per_ang"], forces[atoms], atol=1e-4)
    assert shown["force_parity"]["n_failed"] == 3
    json.dumps(shown, allow_nan=False)


def test_energies_without_forces_have_no_parity_of_forces() -> None:
    reference, predictions = random_case(N, seed=5)
    without = replace(reference, forces=np.full_like(reference.forces, np.nan))
    assert force_parity(without, predictions) is None
    errors = errors_of(without, predictions)
    assert worst_first(errors)[0] == np.abs(errors.energy).argmax()
