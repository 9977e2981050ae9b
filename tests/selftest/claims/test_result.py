"""A result's numbers, why it has none, and what it says as plain data."""

import json
from dataclasses import replace

import pytest

from tests.selftest.builders.evidence import limit, result
from umlip_gate.claims.bounds import Measured
from umlip_gate.errors import MeasurementError, Unavailable

pytestmark = pytest.mark.selftest

LINE = {"n": 3, "rmse": 1.5}
PICTURES = {"worst": [{"row": 7}]}


def test_all_that_was_measured_is_plain_data() -> None:
    plain = result("a", 5.0)
    pooled = replace(result("a", 6.0).metrics, error_set=None)
    record = replace(
        plain,
        failures={7: "late"},
        groups={"W": result("a", 4.0)},
        otherwise={"equal": pooled},
        identity={"weights": "abc"},
        energy_windows=[LINE],
        illustrations=PICTURES,
    ).to_json()
    json.dumps(record["failures"])
    expected = {
        "model": "a",
        "dataset": "W-g",
        "source": "published",
        "other_functional": None,
        **plain.metrics.to_json(),
        "energy_windows": [LINE],
        "groups": {"W": result("a", 4.0).metrics.to_json()},
        "pooled_otherwise": {"equal": pooled.to_json()},
        "failures": {"7": "late"},
        "identity": {"weights": "abc"},
        "configurations": plain.configurations,
        "illustrations": PICTURES,
    }
    assert {key: record[key] for key in expected} == expected
    assert len(record["configurations"]["row"]) == len(plain.error_set)


def test_what_does_not_compare_is_told() -> None:
    number = limit(max=5)
    other = replace(result("a", 5.0), other_functional="predicts r2SCAN, and W-g is PBE")
    with pytest.raises(Unavailable) as caught:
        other.value(number)
    assert str(caught.value) == (
        "a on W-g: energy_rmse per_atom does not compare: it predicts r2SCAN, and W-g is PBE. "
        "Energies compare with the elements' references removed only (…_composition_removed)"
    )


@pytest.mark.parametrize(
    ("n_failed", "why"),
    [
        (0, "it is not defined for these predictions"),
        (2, "2 of 1026 configurations failed"),
    ],
)
def test_what_has_no_value_says_why(n_failed: int, why: str) -> None:
    with pytest.raises(MeasurementError) as caught:
        result("a", None, n_failed=n_failed).value(limit(max=5))
    assert str(caught.value) == f"a on W-g: energy_rmse per_atom has no value: {why}"


def test_what_is_no_function_of_single_configurations_has_no_influence() -> None:
    count = Measured.model_validate(
        {"quantity": "failed_configurations", "convention": "count", "unit": "configurations"}
    )
    with pytest.raises(MeasurementError) as caught:
        result("a", 5.0).influence(count)
    assert str(caught.value) == "a on W-g: failed_configurations count cannot be compared"
