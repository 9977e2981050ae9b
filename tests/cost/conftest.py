"""What of this folder is there: nothing without pytest-benchmark, and in a checkout all."""

from importlib.util import find_spec

import pytest

from umlip_gate.settings import checkout

BENCHMARKS = find_spec("pytest_benchmark") is not None
OF_THE_CHECKOUT = ["test_evaluation.py", "test_worker.py"]
"""Tests of the suite's own speed, against scripts of `benchmarks/`."""

collect_ignore = [] if checkout() else OF_THE_CHECKOUT
collect_ignore_glob = [] if BENCHMARKS else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not BENCHMARKS:
        terminalreporter.write_line(
            "no test of costs is here: they need pytest-benchmark (pip install umlip-gate[cost])"
        )
