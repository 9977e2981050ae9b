"""Whoever collects the suite asks for its working hooks."""

import pytest

from umlip_gate.plugin import start


def pytest_configure(config: pytest.Config) -> None:
    """Start them, if this folder was found without being named."""
    start(config)
