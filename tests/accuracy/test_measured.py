"""Every selected model is measured on every selected dataset, `thresholds/cell.toml`."""

import pytest

from fixtures.cases import cell_cases
from fixtures.plugin.suite import suite_of
from umlip_gate.claims.verdict import Judgement

pytestmark = pytest.mark.accuracy


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("case", cell_cases(suite_of(metafunc.config)), ids=str)


def test_every_configuration(judgement: Judgement) -> None:
    judgement.require()
