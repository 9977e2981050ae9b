"""What known models are known to give, `thresholds/reference/`.

A number that moved says that the model has changed, or our reading of it.
"""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.accuracy_checks import reference_checks
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = pytest.mark.accuracy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("check", reference_checks(run_configuration(metafunc.config)), ids=str)


def test_reference(verdict: Verdict) -> None:
    verdict.require()
