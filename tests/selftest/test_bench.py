"""What judging may ask for: never the accuracy of random weights."""

from dataclasses import replace
from typing import ClassVar, cast

import pytest

from tests.selftest.made_evidence import cell
from umlip_gate.bench import Bench
from umlip_gate.faults import NotMeasured
from umlip_gate.laboratory import Laboratory, Measurement

pytestmark = pytest.mark.selftest


class OneModel:
    """A laboratory that has measured one model, with random weights."""

    pools: ClassVar[dict[str, object]] = {}

    def measure(self, *_: object) -> Measurement:
        return Measurement(replace(cell("a", 4.0), source="random"), {})


def test_random_weights_never_stand_for_accuracy() -> None:
    bench = Bench(cast("Laboratory", OneModel()))
    with pytest.raises(NotMeasured, match="a: random weights never stand for accuracy"):
        bench.cell("a", "W-g")
    assert bench.any_cell("a", "W-g").source == "random"
