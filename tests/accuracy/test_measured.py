"""Every selected model is measured on every selected dataset, `thresholds/every-model.toml`."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.accuracy_checks import measured_checks
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = pytest.mark.accuracy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("check", measured_checks(run_configuration(metafunc.config)), ids=str)


def test_every_configuration(verdict: Verdict) -> None:
    verdict.require()
