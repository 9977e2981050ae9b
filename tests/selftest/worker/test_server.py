"""A worker's answers to a batch that fails."""

import weakref
from collections.abc import Sequence

import numpy as np
import pytest
from ase import Atoms

from tests.selftest.builders.crystals import structures
from umlip_gate.worker.potential import ANSWERS, EnergyForces
from umlip_gate.worker.server import Asked, _evaluate

pytestmark = pytest.mark.selftest


class Tensor:
    """Something large."""


class Small:
    """A device with room for the tensors of `room` structures; what is alive takes room."""

    cutoff_ang: float | None = None
    elements: frozenset[int] | None = None
    n_parameters: int | None = None

    def __init__(self, room: int) -> None:
        self.room = room
        self.alive: weakref.WeakSet[Tensor] = weakref.WeakSet()
        self.batches: list[int] = []

    def evaluate(self, batch: Sequence[Atoms]) -> list[EnergyForces]:
        self.batches.append(len(batch))
        tensors = []
        for _ in batch:
            if len(self.alive) == self.room:
                raise MemoryError("out of memory")
            tensors.append(Tensor())
            self.alive.add(tensors[-1])
        return [EnergyForces(float(len(atoms)), np.zeros((len(atoms), 3))) for atoms in batch]


def test_out_of_memory_halves_the_batch_with_all_memory_free_again() -> None:
    device = Small(room=3)
    crystals = structures(8)
    answers = _evaluate(device, Asked(ANSWERS), crystals)
    assert [answer[:2] for answer in answers] == [("ok", len(atoms)) for atoms in crystals]
    assert device.batches == [8, 4, 2, 2, 4, 2, 2]


def test_what_does_not_fit_alone_is_a_fault() -> None:
    answers = _evaluate(Small(room=0), Asked(ANSWERS), structures(2))
    assert answers == [("fault", "MemoryError: out of memory")] * 2


class TooFew(Small):
    def evaluate(self, batch: Sequence[Atoms]) -> list[EnergyForces]:
        return super().evaluate(batch)[1:]


def test_an_answer_too_few_is_an_error() -> None:
    answers = _evaluate(TooFew(room=99), Asked(ANSWERS), structures(2))
    assert answers == [("error", "ValueError: 0 answers for 1 structures")] * 2
