"""What known models are known to give, `thresholds/reference/`.

A number that moved says that the model has changed, or our reading of it.
"""

import pytest

from fixtures.cases import reference_cases
from fixtures.plugin.suite import suite_of
from umlip_gate.claims.verdict import Judgement

pytestmark = pytest.mark.accuracy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", reference_cases(suite_of(metafunc.config)), ids=str)


def test_reference(judgement: Judgement) -> None:
    judgement.require()
