"""The gate that a candidate must pass, `thresholds/gates/`; collected with `--candidate`."""

import pytest

from fixtures.cases import gate_cases
from fixtures.plugin.suite import suite_of
from umlip_gate.claims.verdict import Judgement

pytestmark = pytest.mark.accuracy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", gate_cases(suite_of(metafunc.config)), ids=str)


def test_limit(judgement: Judgement) -> None:
    judgement.require()
