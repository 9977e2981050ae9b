"""The markers of the suite's tests."""

import pytest

MARKERS = {
    "accuracy": "judges a model's energies and forces against DFT",
    "physics": "judges a model against laws that need no reference data",
    "cost": "measures what an MD step costs",
    "slow": "takes more than a minute",
    "network": "asks a public address",
}


def pytest_configure(config: pytest.Config) -> None:
    """Register them, whatever the project's own ini file says."""
    for name, text in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
