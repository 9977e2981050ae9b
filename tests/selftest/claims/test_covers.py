"""Which of two datasets covers more of the other, judged without dscribe."""

from typing import Any

import numpy as np
import pytest

from tests.selftest.reference.metrics import random_case
from umlip_gate.claims.assertions import CoversMore
from umlip_gate.claims.verdict import Outcome, Verdict
from umlip_gate.datasets.configurations import Configurations
from umlip_gate.descriptors import comparison
from umlip_gate.descriptors.soap import Soap
from umlip_gate.errors import Unavailable
from umlip_gate.metrics.coverage import Environments

pytestmark = pytest.mark.selftest

SOAP = {
    "r_cut_ang": 5.0,
    "n_max": 2,
    "l_max": 2,
    "sigma_ang": 0.5,
    "n_environments": 3000,
    "seed": 1,
}


class FakeRecorder:
    """Two datasets that differ in their number of rows alone."""

    compared = ()

    def __init__(self, **rows: int) -> None:
        self.rows = rows

    def members(self, dataset: str) -> tuple[str, ...]:
        return (dataset,)

    def configurations(self, dataset: str) -> Configurations:
        if dataset not in self.rows:
            raise Unavailable(f"{dataset}: nobody has it")
        return random_case(self.rows[dataset], seed=1)[0]


def judged(monkeypatch: pytest.MonkeyPatch, spreads: dict[int, float], **changes: Any) -> Verdict:  # noqa: ANN401 - any TOML value
    """Judge with environments that spread as far as the number of rows says."""

    def made(configurations: Configurations, *_: object) -> Environments:
        n = len(configurations)
        points = spreads[n] * np.random.default_rng(n).normal(size=(10 * n, 3))
        return Environments(points, *[np.arange(10 * n) // 10] * 2)

    monkeypatch.setattr(comparison, "environments", made)
    entry = {"kind": "covers-more", "name": "more", "larger": "big", "smaller": "small"}
    kind = CoversMore.model_validate({**entry, "quantile": 0.95, "soap": SOAP, **changes})
    (subject,) = kind.subjects()
    assert subject.dataset == kind.smaller
    context: Any = FakeRecorder(big=40, small=50)
    return kind.judge(subject, context)


def test_the_wider_dataset_covers_more(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = judged(monkeypatch, {40: 3.0, 50: 0.5})
    assert verdict.outcome is Outcome.PASSED
    assert verdict.value is not None
    assert verdict.interval is not None
    assert verdict.value > 0.5
    assert verdict.interval[0] < verdict.value < verdict.interval[1]
    assert verdict.details["n_environments"] == {"first": 400, "second": 500}
    assert len(verdict.details["principal_components"]["first"]) == 400


def test_as_many_environments_are_drawn_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (random_case(n, seed=1)[0] for n in (4, 9))
    fewest, most = sorted((len(one.numbers), len(other.numbers)))
    drawn = []

    def made(configurations: Configurations, soap: Soap, _: list[int]) -> Environments:
        n = min(soap.n_environments, len(configurations.numbers))
        drawn.append(n)
        points = np.random.default_rng(n).normal(size=(n, 3))
        return Environments(points, *[np.arange(n) % 2] * 2)

    monkeypatch.setattr(comparison, "environments", made)
    assert fewest < most
    for n_environments in (fewest - 1, fewest + 1, most + 1):
        soap = Soap.model_validate({**SOAP, "n_environments": n_environments})
        for first, second in ((one, other), (other, one)):
            comparison.compare(first, second, soap, 0.95)
    assert drawn == [fewest - 1] * 4 + [fewest] * 8


def test_the_narrower_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, {40: 0.5, 50: 3.0}).outcome is Outcome.FAILED


def test_two_of_a_kind_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, {40: 1.0, 50: 1.0}).outcome is Outcome.INCONCLUSIVE


def test_a_dataset_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="elsewhere: nobody has it"):
        judged(monkeypatch, {40: 1.0, 50: 1.0}, smaller="elsewhere")


def test_the_scatter_plot_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "POINTS", 100)
    points = judged(monkeypatch, {40: 1.0, 50: 1.0}).details["principal_components"]
    assert [len(points[name]) for name in ("first", "second")] == [100, 100]
