"""Messages between the suite and a worker: plain values as JSON, arrays as bytes, no pickles."""

import json
import queue
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

LENGTH = struct.Struct("<Q")
LOOK_EVERY_S = 1.0
"""How often a waiting suite looks whether the worker lives: a child of a dead worker may hold its
end of the connection open."""

Message = tuple[Any, list[bytes]]
"""What is said, and the arrays that belong to it."""


class Channel:
    """One end of a connection.

    Parameters
    ----------
    connection
        A connected stream socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, said: Any, *arrays: bytes, limit_s: float | None = None) -> None:  # noqa: ANN401 - plain data
        """Send plain values and arrays.

        Parameters
        ----------
        said
            Numbers, texts, lists and dictionaries.
        arrays
            Bytes; the receiver knows what they mean.
        limit_s
            How long the other side may take to accept them, s.

        Raises
        ------
        TimeoutError, OSError
            It did not accept them in time, or is gone.
        """
        head = json.dumps([said, [len(array) for array in arrays]]).encode()
        self._connection.settimeout(limit_s)
        self._connection.sendall(b"".join([LENGTH.pack(len(head)), head, *arrays]))

    def receive(
        self, limit_s: float | None = None, is_alive: Callable[[], bool] = lambda: True
    ) -> Message:
        """Return the next message.

        Parameters
        ----------
        limit_s
            How long it may take to arrive, s; None for any time.
        is_alive
            Whether the other side still runs.

        Raises
        ------
        TimeoutError
            It did not arrive in time.
        EOFError, OSError
            The other side is gone.
        """
        end_s = None if limit_s is None else time.monotonic() + limit_s
        (length,) = LENGTH.unpack(self._read(LENGTH.size, end_s, is_alive))
        said, lengths = json.loads(self._read(length, end_s, is_alive))
        return said, [self._read(length, end_s, is_alive) for length in lengths]

    def _read(self, length: int, end_s: float | None, is_alive: Callable[[], bool]) -> bytes:
        content = bytearray(length)
        rest = memoryview(content)
        while rest:
            self._wait(end_s, is_alive)
            count = self._connection.recv_into(rest)
            if not count:
                raise EOFError
            rest = rest[count:]
        return bytes(content)

    def _wait(self, end_s: float | None, is_alive: Callable[[], bool]) -> None:
        """Wait until there is something to read."""
        seen_alive = True
        while True:
            rest_s = LOOK_EVERY_S if end_s is None else min(LOOK_EVERY_S, end_s - time.monotonic())
            if select.select([self._connection], [], [], max(0.0, rest_s))[0]:
                return
            if end_s is not None and time.monotonic() >= end_s:
                raise TimeoutError
            if not seen_alive:  # what it sent before it ended has been read
                raise EOFError
            seen_alive = is_alive()

    def messages(self, ended: Callable[[], None]) -> Iterator[Message]:
        """Yield messages, which a thread of its own reads ahead.

        Parameters
        ----------
        ended
            Is called in that thread when the other side is gone, whatever this one is doing.
        """
        inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()

        def read() -> None:
            try:
                while True:
                    inbox.put(self.receive())
            except (EOFError, OSError):
                ended()

        threading.Thread(target=read, daemon=True).start()
        while True:
            yield inbox.get()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
