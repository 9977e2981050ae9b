"""Transfers that never end, end too early, or ask to wait; and redirects that lead nowhere."""

import datetime as dt
import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.selftest.builders.http_server import Answer, Server, serving
from umlip_gate.datasets import download
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import Fault, InputError, Unavailable
from umlip_gate.notices import notices
from umlip_gate.settings import Settings

pytestmark = pytest.mark.selftest

BODY = b"energy forces " * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()
GOOD = Answer(BODY)
CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(download, "RETRY_DELAYS_S", (0.0, 0.0, 0.0))
    return Settings(cache=tmp_path / "cache", run=tmp_path / "run")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def kept(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.downloads.rglob("*") if path.is_file())


def chunks(*bodies: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies)


# -- slow and endless ------------------------------------------------------------------------


def test_a_body_that_crawls_is_ended(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PACE_WINDOW_S", 0.1)
    source = SourceFile(url=server.url("/W", Answer(BODY, drip_s=0.02)), sha256=SHA256)
    with pytest.raises(Unavailable, match=r"slower than 1000 bytes a second .* 4 of 4"):
        fetch(source, settings)
    assert server.requests == ["/W"] * 4
    assert kept(settings) == []


def test_a_body_that_comes_byte_by_byte_but_fast_enough_is_taken(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PACE_WINDOW_S", 0.01)
    monkeypatch.setattr(download, "LOWEST_PACE_BYTES_PER_S", 1.0)
    body = BODY[:50]
    source = SourceFile(url=server.url("/W", Answer(body, drip_s=0.002)))
    assert fetch(source, settings).read_bytes() == body
    assert server.requests == ["/W"]


@pytest.mark.parametrize(
    "answer",
    [Answer(BODY, sized=False, endless=True), Answer(BODY + b"more")],
    ids=["endless", "longer"],
)
def test_what_is_longer_than_registered_is_ended_there(
    server: Server, settings: Settings, answer: Answer
) -> None:
    source = SourceFile(url=server.url("/W", answer), sha256=SHA256, size=len(BODY))
    with pytest.raises(InputError, match=f"more than {len(BODY)} bytes are served"):
        fetch(source, settings)
    assert server.requests == ["/W"], "it is not taken again"
    assert kept(settings) == []


def test_an_endless_body_of_unknown_size_has_an_end(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MOST_BYTES", 10 * len(BODY))
    answer = Answer(chunks(BODY), sized=False, endless=True, headers=CHUNKED)
    with pytest.raises(InputError, match=f"more than {10 * len(BODY)} bytes are served"):
        fetch(SourceFile(url=server.url("/W", answer)), settings)
    assert server.requests == ["/W"]


# -- cut and empty first downloads -----------------------------------------------------------


def test_a_first_download_that_could_be_cut_is_not_recorded(
    server: Server, settings: Settings
) -> None:
    answer = Answer(BODY, sized=False)
    with pytest.raises(Unavailable, match="does not say how long the file is"):
        fetch(SourceFile(url=server.url("/W", answer)), settings)
    assert kept(settings) == []
    known = SourceFile(url=server.url("/V", answer), sha256=SHA256)
    assert fetch(known, settings).read_bytes() == BODY


@pytest.mark.parametrize(("ending", "is_whole"), [(b"0\r\n\r\n", True), (b"", False)])
def test_chunks_have_an_end(
    server: Server, settings: Settings, ending: bytes, *, is_whole: bool
) -> None:
    answer = Answer(chunks(BODY[:100], BODY[100:]) + ending, sized=False, headers=CHUNKED)
    source = SourceFile(url=server.url("/W", answer))
    if is_whole:
        assert fetch(source, settings).read_bytes() == BODY
    else:
        with pytest.raises(Unavailable, match="transfer was cut"):
            fetch(source, settings)
        assert kept(settings) == []


@pytest.mark.parametrize("mirrored", [False, True], ids=["network", "mirror"])
def test_an_empty_first_download_is_not_recorded(
    server: Server, settings: Settings, tmp_path: Path, *, mirrored: bool
) -> None:
    source = SourceFile(url=server.url("/W", Answer(b"")))
    if mirrored:
        settings = replace(settings, mirror=tmp_path / "mirror")
        path = tmp_path / "mirror" / server.host / "W"
        path.parent.mkdir(parents=True)
        path.touch()
    with pytest.raises(InputError, match="the file is empty"):
        fetch(source, settings)
    assert kept(settings) == []


def test_a_file_that_is_known_to_be_empty_is_taken(server: Server, settings: Settings) -> None:
    source = SourceFile(
        url=server.url("/W", Answer(b"")), sha256=hashlib.sha256(b"").hexdigest(), size=0
    )
    assert fetch(source, settings).read_bytes() == b""


# -- digests that are not registered ---------------------------------------------------------


def test_the_digest_of_a_first_download_is_shown_once(server: Server, settings: Settings) -> None:
    source = SourceFile(url=server.url("/W?token=secret", GOOD))
    fetch(source, settings)
    fetch(source, settings)
    (line,) = notices(settings.run)
    assert f"sha256 {SHA256} is recorded" in line
    assert "secret" not in line
    again = replace(settings, run=settings.run.with_name("again"))
    fetch(source, again)
    assert notices(again.run) == []


def test_a_registered_digest_is_nothing_to_mention(server: Server, settings: Settings) -> None:
    fetch(SourceFile(url=server.url("/W", GOOD), sha256=SHA256), settings)
    assert notices(settings.run) == []


def test_files_without_a_registered_digest_can_be_refused(
    server: Server, settings: Settings, tmp_path: Path
) -> None:
    strict = replace(settings, require_digests=True)
    url = server.url("/W", GOOD)
    with pytest.raises(Unavailable, match=r"no digest is registered.*--umlip-require-digests"):
        fetch(SourceFile(url=url), strict)
    assert server.requests == []
    fetch(SourceFile(url=url), settings)
    with pytest.raises(Unavailable, match="no digest is registered"):
        fetch(SourceFile(url=url), strict)  # although its first download is recorded
    assert fetch(SourceFile(url=url, sha256=SHA256), strict).read_bytes() == BODY
    brought = tmp_path / "mine.xyz"
    brought.write_bytes(BODY)
    assert fetch(SourceFile(path=brought), strict) == brought


# -- asked to wait ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_a_server_is_asked_again_when_it_says_so(
    server: Server, settings: Settings, slept: list[float], status: int
) -> None:
    wait = Answer(status=status, headers={"Retry-After": "7"})
    source = SourceFile(url=server.url("/W", wait, wait, GOOD), sha256=SHA256)
    assert fetch(source, settings).read_bytes() == BODY
    assert slept == [7.0, 7.0]


def test_a_date_to_ask_again_at_is_understood(
    server: Server, settings: Settings, slept: list[float]
) -> None:
    in_a_minute = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1), usegmt=True)
    dates = (in_a_minute, "Thu, 01 Jan 1970 00:00:00 GMT")
    waits = [Answer(status=429, headers={"Retry-After": date}) for date in dates]
    assert fetch(SourceFile(url=server.url("/W", *waits, GOOD)), settings).read_bytes() == BODY
    assert 0 < slept[0] <= 60
    assert slept[1] == 0


@pytest.mark.parametrize("header", ["", "soon", "-1", "1e9"])
def test_a_wait_that_is_none_is_the_usual_one(
    server: Server,
    settings: Settings,
    slept: list[float],
    monkeypatch: pytest.MonkeyPatch,
    header: str,
) -> None:
    monkeypatch.setattr(download, "RETRY_DELAYS_S", (0.5,))
    wait = Answer(status=429, headers={"Retry-After": header} if header else {})
    assert fetch(SourceFile(url=server.url("/W", wait, GOOD)), settings).read_bytes() == BODY
    assert slept == [0.5]


def test_too_long_a_wait_is_final(server: Server, settings: Settings, slept: list[float]) -> None:
    wait = Answer(status=429, headers={"Retry-After": "3600"})
    with pytest.raises(Unavailable, match=r"answered 429 .* asks to wait 3600 s"):
        fetch(SourceFile(url=server.url("/W", wait)), settings)
    assert server.requests == ["/W"]
    assert slept == []


# -- redirects -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1/x",
        "http://127.0.0.1:port/x",
        "http://127.0.0.1:99999/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "data:text/plain,x",
    ],
)
def test_a_redirect_to_no_usable_address_is_told(
    server: Server, settings: Settings, location: str
) -> None:
    moved = Answer(status=302, headers={"Location": location})
    with pytest.raises(Unavailable, match=r"redirects to an address that cannot be used"):
        fetch(SourceFile(url=server.url("/W", moved)), settings)
    assert server.requests == ["/W"]


@pytest.mark.parametrize("location", ["/V", "V", "//{host}/V", "http://{host}/V"])
def test_a_redirect_to_a_usable_address_is_followed(
    server: Server, settings: Settings, location: str
) -> None:
    server.url("/V", GOOD)
    moved = Answer(status=302, headers={"Location": location.format(host=server.host)})
    assert fetch(SourceFile(url=server.url("/W", moved)), settings).read_bytes() == BODY


def test_redirects_in_a_circle_end(server: Server, settings: Settings) -> None:
    moved = Answer(status=302, headers={"Location": "/W?signature=secret"})
    server.url("/W?signature=secret", moved)
    with pytest.raises(Fault, match="TooManyRedirects") as caught:
        fetch(SourceFile(url=server.url("/W", moved)), settings)
    assert "secret" not in str(caught.value)
