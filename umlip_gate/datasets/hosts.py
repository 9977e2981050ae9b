"""Which hosts cannot be reached: found out once, and final for the whole run.

The result is a file in the run's folder, so that every process of the run sees it.
"""

import queue
import socket
import threading
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from umlip_gate.atomic import replacing
from umlip_gate.errors import InputError, Unavailable

CONNECT_DEADLINE_S = 5.0
"""Look-up of the name and all its addresses together."""

HOW_TO_GO_ON = (
    "Mend the network, or set UMLIP_GATE_MIRROR to a folder laid out <host>/<path>, "
    "or bring the file yourself (a dataset's with --umlip-datasets, weights with "
    "--umlip-checkpoint)"
)


class _Endpoint(NamedTuple):
    """What a connection is made to."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "_Endpoint":
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its text may quote a part of a password
            raise InputError(
                "the address of a host or of the proxy is wrong: a proxy's is "
                "http://HOST:PORT, with a percent-encoded user and password if it needs them"
            ) from None
        standard = 443 if parts.scheme == "https" else 1080 if "socks" in parts.scheme else 80
        return cls(parts.hostname or "", port or standard)

    def record(self, run: Path) -> Path:
        return run / "unreachable-hosts" / f"{self.host}_{self.port}"


def require_reachable(url: str, asked: str, run: Path) -> None:
    """Try to connect to the host of an address, or to the proxy that stands before it.

    A host already found unreachable in this run is not tried again.

    Parameters
    ----------
    url
        The address, or one that it redirects to.
    asked
        The address that was asked for, as messages name it.
    run
        The run's folder.

    Raises
    ------
    Unavailable
        The connection was refused, the name is not known, or no connection came about within
        `CONNECT_DEADLINE_S`, now or earlier in this run.
    """
    host = _Endpoint.of(url)
    proxy = select_proxy(url, get_environ_proxies(url))
    door = _Endpoint.of(proxy if "://" in proxy else f"http://{proxy}") if proxy else host
    for endpoint in (host, door):
        record = endpoint.record(run)
        if record.exists():
            raise _fault(asked, endpoint, record.read_text(encoding="utf-8"))
    if trouble := _trouble_connecting(door):
        raise _declare(asked, door, f"the proxy: {trouble}" if proxy else trouble, run)


def declare_unreachable(url: str, asked: str, reason: str, run: Path) -> Unavailable:
    """Record that the host of an address cannot be reached; return the fault to raise."""
    return _declare(asked, _Endpoint.of(url), reason, run)


def _declare(asked: str, endpoint: _Endpoint, reason: str, run: Path) -> Unavailable:
    with replacing(endpoint.record(run)) as part:
        part.write_text(reason, encoding="utf-8")
    return _fault(asked, endpoint, reason)


def _fault(asked: str, endpoint: _Endpoint, reason: str) -> Unavailable:
    return Unavailable(
        f"{asked}: {endpoint.host}:{endpoint.port} cannot be reached ({reason}); it is not tried "
        f"again in this run. {HOW_TO_GO_ON}"
    )


def _trouble_connecting(endpoint: _Endpoint) -> str | None:
    """Return why no connection came about, or None if one did."""
    outcome: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    # A thread, because a name look-up has no time-out; a daemon, so that none outlives the run.
    threading.Thread(target=lambda: outcome.put(_connect(endpoint)), daemon=True).start()
    try:
        return outcome.get(timeout=CONNECT_DEADLINE_S)
    except queue.Empty:
        return f"no connection within {CONNECT_DEADLINE_S:g} s"


def _connect(endpoint: _Endpoint) -> str | None:
    try:
        addresses = socket.getaddrinfo(*endpoint, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return f"the name cannot be looked up: {error}"
    trouble = "the name has no address"
    for *_, address in addresses:
        try:
            # A share each: one address that swallows packets must not hide another that answers.
            share_s = CONNECT_DEADLINE_S / len(addresses)
            socket.create_connection((str(address[0]), endpoint.port), share_s).close()
        except OSError as error:
            trouble = f"{address[0]}: {error}"
        else:
            return None
    return trouble
