"""Messages arrive as they were sent, whatever their size, and a lost other side is noticed."""

import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from ase import Atoms

from tests.selftest.builders.crystals import structures
from umlip_gate.worker.channel import Channel
from umlip_gate.worker.packing import (
    pack_answers,
    pack_structures,
    unpack_answers,
    unpack_structures,
)

pytestmark = pytest.mark.selftest

Pair = tuple[Channel, Channel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ends = [Channel(end) for end in socket.socketpair()]
    yield ends[0], ends[1]
    for end in ends:
        end.close()


@pytest.mark.parametrize("size", [0, 1, 7, 1 << 22])
def test_a_message_arrives_as_it_was_sent(pair: Pair, size: int) -> None:
    said = {"a": [1, None, "ü"], "b": -1.25}
    content = np.random.default_rng(size).bytes(size)
    sender = threading.Thread(target=pair[0].send, args=(said, content, b"", b"end"))
    sender.start()
    assert pair[1].receive(60) == (said, [content, b"", b"end"])
    sender.join()


def test_a_message_that_does_not_come(pair: Pair) -> None:
    with pytest.raises(TimeoutError):
        pair[0].receive(0.05)


def test_an_end_that_was_closed(pair: Pair) -> None:
    pair[1].close()
    with pytest.raises(EOFError):
        pair[0].receive(60)


def test_what_was_sent_before_the_end_is_read(pair: Pair) -> None:
    """Though the process has ended, and its child holds the connection open."""
    pair[1].send(["lost", "why"])
    assert pair[0].receive(60, is_alive=lambda: False) == (["lost", "why"], [])
    with pytest.raises(EOFError):
        pair[0].receive(60, is_alive=lambda: False)


def test_structures_are_unpacked_as_they_were() -> None:
    sent = structures(6)
    sent[2].pbc = (True, False, True)
    sent[3].cell[:] = 0
    sent[3].pbc = False
    sent[4].info = {"charge": np.int64(-1), "spin": 2.0, "name": "x", "array": np.zeros(3)}
    found = unpack_structures(*pack_structures(sent))
    assert found == sent
    assert [atoms.info for atoms in found] == [{}] * 4 + [
        {"charge": -1, "spin": 2.0, "name": "x"},
        {},
    ]
    found[0].positions += 1
    found[0].cell[:] = 1


def test_answers_are_unpacked_as_they_were() -> None:
    forces = np.arange(6.0).tobytes()
    extras = {"stress": bytes(72), "energy_uncertainty": bytes(8)}
    answers = [
        ("error", "no"),
        ("ok", 0.1, forces, extras),
        ("fault", "out"),
        ("ok", -1e-300, b"", {}),
    ]
    assert unpack_answers(pack_answers(answers)) == answers
    assert unpack_answers(pack_answers(answers[:1])) == answers[:1]


def test_no_structure_is_no_structure() -> None:
    assert unpack_structures(*pack_structures([])) == []
    assert len(unpack_structures(*pack_structures([Atoms()]))[0]) == 0
