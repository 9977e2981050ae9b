"""What judging may ask for: never the accuracy of random weights."""

from dataclasses import replace
from typing import ClassVar, cast

import pytest

from tests.selftest.builders.evidence import cell
from umlip_gate.errors import MeasurementError
from umlip_gate.evaluation.evaluator import Evaluator, Measurement
from umlip_gate.evaluation.recorder import Recorder

pytestmark = pytest.mark.selftest


class OneModel:
    """A laboratory that has measured one model, with random weights."""

    pools: ClassVar[dict[str, object]] = {}

    def measure(self, *_: object) -> Measurement:
        return Measurement(replace(cell("a", 4.0), source="random"), {})


def test_random_weights_never_stand_for_accuracy() -> None:
    bench = Recorder(cast("Evaluator", OneModel()))
    with pytest.raises(MeasurementError, match="a: random weights never stand for accuracy"):
        bench.cell("a", "W-g")
    assert bench.any_cell("a", "W-g").source == "random"
