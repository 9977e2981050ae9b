"""Laws of physics, `thresholds/physics/`: no reference data is needed; `pytest -m physics`."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.accuracy_checks import physics_checks
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = pytest.mark.physics


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    checks = physics_checks(run_configuration(metafunc.config))
    marked = [pytest.param(each, marks=[pytest.mark.slow] * each.is_slow) for each in checks]
    metafunc.parametrize("check", marked, ids=[str(each) for each in checks])


def test_law(verdict: Verdict) -> None:
    verdict.require()
