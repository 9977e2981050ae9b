"""The claims of the paper, `thresholds/paper/`, one assertion in one cell each."""

import pytest

from fixtures.cases import claim_cases
from fixtures.plugin.suite import suite_of
from umlip_gate.claims.verdict import Judgement

pytestmark = pytest.mark.accuracy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", claim_cases(suite_of(metafunc.config)), ids=str)


def test_claim(judgement: Judgement) -> None:
    judgement.require()
