"""The markers of the suite's tests."""

import pytest

from umlip_gate.plugin import MARKERS as FOLDERS
from umlip_gate.plugin import SUITE

JUDGING = tuple((SUITE / name).resolve() for name in FOLDERS)
ARE_NO_ERRORS = pytest.mark.filterwarnings("default", "ignore::DeprecationWarning")

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


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep a project's own filters of warnings to its own tests.

    With `filterwarnings = error` whatever a dependency deprecates would be an error, and no model
    would get a verdict.
    """
    if any(folder in item.path.resolve().parents for folder in JUDGING):
        item.add_marker(ARE_NO_ERRORS)
