from typing import Any

import pytest

from umlip_gate.report.costs import SHORT_COLUMNS, cost_table, narrow_cost_table

pytestmark = pytest.mark.selftest


def cost(model: str) -> dict[str, Any]:
    return {
        "model": model,
        "device": "nvidia-h200",
        "dtype": "float32",
        "weights": "random",
        "costs": [
            {
                "n_atoms": 1024,
                "us_per_step_per_atom": 87.1234,
                "ns_per_day": 0.968,
                "neighbours": 64,
            }
        ],
        "fit": {
            "intercept_s": 0.012,
            "slope_s": 8.7e-5,
            "rms_residual": 0.01,
            "bytes_per_atom": 2**20,
        },
        "ended": None,
    }


def test_a_narrow_table_has_all_short_columns_where_they_fit() -> None:
    head, line = narrow_cost_table([cost("CHGNet_0.3.0")], 1024)
    assert head.split("  ")[0] == "model"
    assert all(column in head for column in SHORT_COLUMNS)
    assert line.split() == [
        "CHGNet_0.3.0",
        "nvidia-h200",
        "float32",
        "87.12",
        "0.968",
        "87",
        "1.00",
        "1024",
    ]


def test_a_long_name_has_the_last_columns_give_way() -> None:
    name = "Orb-v3-conservative-inf-omat-" + 20 * "x"
    head, line = narrow_cost_table([cost(name)], 1024)
    assert len(head) <= 100
    assert len(line) <= 100
    assert line.split()[:4] == [name, "nvidia-h200", "float32", "87.12"]
    assert "largest" not in head
    assert len(cost_table([cost(name)], 1024)[0]) > 100
