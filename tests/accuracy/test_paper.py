"""The claims of the paper, `thresholds/paper/`, one item per assertion, model and dataset."""

import pytest

from umlip_gate.claims.verdict import Verdict
from umlip_gate.plugin.accuracy_checks import claim_checks
from umlip_gate.plugin.run_configuration import run_configuration

pytestmark = pytest.mark.accuracy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("check", claim_checks(run_configuration(metafunc.config)), ids=str)


def test_claim(verdict: Verdict) -> None:
    verdict.require()
