"""No test of this folder is there without pytest-benchmark."""

from importlib.util import find_spec

import pytest

BENCHMARKS = find_spec("pytest_benchmark") is not None
collect_ignore_glob = [] if BENCHMARKS else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not BENCHMARKS:
        terminalreporter.write_line(
            "no test of costs is here: they need pytest-benchmark (pip install umlip-gate[cost])"
        )
