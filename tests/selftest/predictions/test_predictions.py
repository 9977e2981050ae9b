import numpy as np
import pytest

from umlip_gate.errors import MeasurementError
from umlip_gate.predictions.predictions import Predictions

pytestmark = pytest.mark.selftest

NONE = np.zeros((2, 3))


def test_rows_fail_by_being_listed_or_not_finite() -> None:
    predictions = Predictions(
        np.array([1.0, np.nan, np.nan, np.inf, -2.0]), np.zeros((5, 3)), {1: "RuntimeError: no"}
    )
    assert predictions.failed.tolist() == [False, True, True, True, False]
    assert len(predictions) == 5


def test_nothing_can_be_written_afterwards() -> None:
    failures = {0: "boom"}
    predictions = Predictions(np.array([np.nan, 1.0]), NONE.copy(), failures)
    failures[1] = "late"
    assert predictions.failures == {0: "boom"}
    for array in (predictions.energies, predictions.forces, predictions.failed):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("energies", "forces", "failures", "message"),
    [
        (np.zeros((2, 1)), NONE, {}, r"energies have shape \(2, 1\)"),
        (np.zeros(2), np.zeros((3, 2)), {}, r"forces have shape \(3, 2\)"),
        (np.zeros(2), np.zeros(6), {}, r"forces have shape \(6,\)"),
        (np.zeros(2), NONE, {2: "boom"}, "names row 2, but the rows are 0 to 1"),
        (np.zeros(2), NONE, {-1: "boom"}, "names row -1"),
        (np.zeros(2), NONE, {1: "boom"}, r"row 1 is listed as failed \(boom\)"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    energies: np.ndarray, forces: np.ndarray, failures: dict[int, str], message: str
) -> None:
    with pytest.raises(MeasurementError, match=message):
        Predictions(energies, forces, failures)
