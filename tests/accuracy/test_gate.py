"""The gate that a candidate must pass, `thresholds/gates/`; collected with `--umlip-candidate`."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.accuracy_checks import gate_checks
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = pytest.mark.accuracy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("check", gate_checks(run_configuration(metafunc.config)), ids=str)


def test_limit(verdict: Verdict) -> None:
    verdict.require()
