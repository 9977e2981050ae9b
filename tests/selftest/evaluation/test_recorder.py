"""What a check may ask for: never the accuracy of random weights."""

from dataclasses import replace
from typing import ClassVar, cast

import pytest

from tests.selftest.builders.evidence import result
from umlip_gate.claims.result import Result
from umlip_gate.errors import MeasurementError
from umlip_gate.evaluation.evaluator import Evaluator
from umlip_gate.evaluation.recorder import Recorder

pytestmark = pytest.mark.selftest


class OneModel:
    """An evaluator of one model, with random weights."""

    pools: ClassVar[dict[str, object]] = {}

    def evaluate(self, *_: object) -> Result:
        return replace(result("a", 4.0), source="random")


def test_random_weights_never_count_as_accuracy() -> None:
    recorder = Recorder(cast("Evaluator", OneModel()))
    with pytest.raises(MeasurementError, match="a: random weights never count as accuracy"):
        recorder.result("a", "W-g")
    assert recorder.any_result("a", "W-g").source == "random"
