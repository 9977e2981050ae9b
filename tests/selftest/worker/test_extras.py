"""What a calculator states of its errors, by name and by shape."""

from typing import Any

import numpy as np
import pytest

from umlip_gate.worker.extras import stated_uncertainty

pytestmark = pytest.mark.selftest


@pytest.mark.parametrize(
    ("results", "keys", "expected"),
    [
        ({}, {}, {}),
        ({"energy_uncertainty": 0.5}, {}, {"energy_uncertainty": [0.5]}),
        ({"force_uncertainty": [1, 2, 3]}, {}, {"force_uncertainty": [1, 2, 3]}),
        ({"force_uncertainty": [1, 2]}, {}, {}),
        ({"energy_uncertainty": -0.5}, {}, {}),
        ({"energy_uncertainty": np.nan}, {}, {}),
        ({"energy_uncertainty": "low"}, {}, {}),
        ({"uncertainty": 0.5}, {}, {"energy_uncertainty": [0.5]}),
        ({"uncertainty": np.array([0.5])}, {}, {"energy_uncertainty": [0.5]}),
        ({"uncertainty": [1, 2, 3]}, {}, {"force_uncertainty": [1, 2, 3]}),
        (
            {"uncertainty": 0.5, "gamma": [1, 2, 3]},
            {"forces": "gamma"},
            {"force_uncertainty": [1, 2, 3]},
        ),
        ({"std": [[0.5]]}, {"energy": "std"}, {"energy_uncertainty": [0.5]}),
    ],
)
def test_an_uncertainty_is_read_by_its_name_and_shape(
    results: dict[str, Any], keys: dict[str, str], expected: dict[str, list[float]]
) -> None:
    found = stated_uncertainty(results, 3, keys)
    assert {name: array.tolist() for name, array in found.items()} == expected


def test_of_one_atom_a_plain_number_is_of_the_configuration() -> None:
    assert set(stated_uncertainty({"uncertainty": 0.5}, 1, {})) == {"energy_uncertainty"}
    assert set(stated_uncertainty({"uncertainty": [0.5]}, 1, {})) == {"force_uncertainty"}


@pytest.mark.parametrize(
    "value", [[1, 2], [1, 2, np.inf], [1, 2, -3], "many", [[1, 2, 3], [1, 2, 3]]]
)
def test_a_named_one_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(
        ValueError, match=r"gamma, which uncertainty\.forces names, is not one number"
    ):
        stated_uncertainty({"gamma": value}, 3, {"forces": "gamma"})
