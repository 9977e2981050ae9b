"""Files come whole and verified, once; and where they do not come, it is said why."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from tests.selftest.builders.http_server import WAIT_LIMIT_S, Answer, Server, serving
from tests.selftest.checkout import ROOT
from umlip_gate.datasets import download, hosts
from umlip_gate.datasets.digests import digest_of_tree, git_blob_sha1_of, sha256_of
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import InputError, Unavailable
from umlip_gate.settings import Settings

pytestmark = pytest.mark.selftest

BODY = b"energy forces " * 20_000
SHA256 = hashlib.sha256(BODY).hexdigest()
OTHER = b"something else"
OTHER_SHA256 = hashlib.sha256(OTHER).hexdigest()
GIT_BLOB_SHA1, OTHER_GIT_BLOB_SHA1 = (
    hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
    for body in (BODY, OTHER)
)
PAGE = b"\n<!DOCTYPE html><title>Log in</title>"
GOOD = Answer(BODY)
UNAVAILABLE = Answer(status=503)
CUT = Answer(BODY, cut_after=len(BODY) // 2)
HALF_HELD = len(BODY) // 2

CHILD = """
import sys
from pathlib import Path
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import Fault
from umlip_gate.settings import Settings
url, sha256, cache, run = sys.argv[1:]
print("ready", flush=True)
try:
    print(fetch(SourceFile(url=url, sha256=sha256 or None), Settings(Path(cache), Path(run))))
except Fault as fault:
    print(f"{type(fault).__name__}: {fault}")
"""


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


def child(url: str, settings: Settings, sha256: str = SHA256) -> "subprocess.Popen[str]":
    """Another process that fetches; its first line says that it is about to."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, url, sha256, str(settings.cache), str(settings.run)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def ready(process: "subprocess.Popen[str]") -> bool:
    return process.stdout is not None and process.stdout.readline() == "ready\n"


def kept(settings: Settings) -> list[str]:
    """Every file below downloads, hidden ones too."""
    files = (path for path in settings.downloads.rglob("*") if path.is_file())
    return sorted(path.name for path in files)


# -- once and verified -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "known",
    [{"sha256": SHA256}, {"git_blob_sha1": GIT_BLOB_SHA1}, {"sha256": SHA256, "size": len(BODY)}],
    ids=["sha256", "git-blob", "sha256+size"],
)
def test_a_file_is_asked_for_once(
    server: Server, settings: Settings, known: dict[str, object]
) -> None:
    source = SourceFile.model_validate({"url": server.url("/a/W.gzip", GOOD), **known})
    path = fetch(source, settings)
    assert path == settings.downloads / server.host / "a" / "W.gzip"
    assert path.read_bytes() == BODY
    assert fetch(source, settings) == path
    assert server.requests == ["/a/W.gzip"]
    assert kept(settings) == ["W.gzip"]


@pytest.mark.parametrize("mirrored", [False, True], ids=["cache", "mirror"])
@pytest.mark.parametrize("address", ["/Pure W/W%2B1.gzip", "/Pure%20W/W%2B1.gzip"])
def test_spaces_encoded_or_not_name_the_same_file(
    server: Server, settings: Settings, tmp_path: Path, address: str, *, mirrored: bool
) -> None:
    server.url("/Pure%20W/W%2B1.gzip", GOOD)
    source = SourceFile(url=f"http://{server.host}{address}", sha256=SHA256)
    if mirrored:
        settings = replace(settings, mirror=tmp_path / "mirror")
        put(tmp_path / "mirror" / server.host / "Pure W" / "W+1.gzip", BODY)
    path = fetch(source, settings)
    assert path == settings.downloads / server.host / "Pure W" / "W+1.gzip"
    assert path.read_bytes() == BODY
    assert server.requests == ([] if mirrored else ["/Pure%20W/W%2B1.gzip"])


def test_queries_are_different_files(server: Server, settings: Settings) -> None:
    one = SourceFile(url=server.url("/get?id=1", GOOD))
    two = SourceFile(url=server.url("/get?id=2", Answer(OTHER)))
    assert fetch(one, settings).read_bytes() == BODY
    assert fetch(two, settings).read_bytes() == OTHER


@pytest.mark.parametrize(
    "path",
    [
        *("/../x", "/a/../../x", "/a/%2e%2e/x", "/a%2F..%2F..%2Fx", "/a%5C..%5Cx", "/x?a=/../../y"),
        *("/a/./x", "/", "", "/a/", "/a%00b"),
    ],
)
def test_an_address_never_leads_out_of_its_folder(settings: Settings, path: str) -> None:
    with pytest.raises(InputError, match="does not name a file on a host"):
        fetch(SourceFile(url=f"http://127.0.0.1:9{path}"), settings)


@pytest.mark.parametrize("host", ["..", ".", "user@.."])
def test_a_host_never_leads_out_of_its_folder(settings: Settings, host: str) -> None:
    with pytest.raises(InputError, match="does not name a file on a host"):
        fetch(SourceFile(url=f"http://{host}/x"), settings)


@pytest.mark.parametrize("url", ["http://[::1/x", "http://127.0.0.1:http/x"])
def test_a_malformed_address_is_a_mistake(settings: Settings, url: str) -> None:
    with pytest.raises(InputError, match=r"not an address|address of a host .* is wrong"):
        fetch(SourceFile(url=url), settings)


def test_a_cache_that_cannot_be_written_is_named(server: Server, settings: Settings) -> None:
    put(settings.cache, b"a file where the folder should be")
    with pytest.raises(InputError, match="UMLIP_GATE_CACHE") as caught:
        fetch(SourceFile(url=server.url("/x", GOOD)), settings)
    assert str(settings.cache) in str(caught.value)


def test_a_progress_bar_is_for_terminals(
    server: Server,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fetch(SourceFile(url=server.url("/a", GOOD)), settings)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fetch(SourceFile(url=server.url("/b", GOOD)), settings)
    assert "100%" in capsys.readouterr().err


# -- wrong bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "expected", "got"),
    [
        ({"sha256": SHA256}, SHA256, OTHER_SHA256),
        ({"git_blob_sha1": GIT_BLOB_SHA1}, GIT_BLOB_SHA1, OTHER_GIT_BLOB_SHA1),
        ({"size": len(BODY)}, str(len(BODY)), str(len(OTHER))),
    ],
    ids=["sha256", "git-blob", "size"],
)
def test_wrong_bytes_are_not_kept(
    server: Server, settings: Settings, known: dict[str, object], expected: str, got: str
) -> None:
    source = SourceFile.model_validate({"url": server.url("/W", Answer(OTHER)), **known})
    with pytest.raises(InputError, match="publisher may have changed the file, or the") as caught:
        fetch(source, settings)
    assert f"expected {expected}, got {got}" in str(caught.value)
    assert server.requests == ["/W"], "wrong bytes are final: no retry"
    assert kept(settings) == []


def test_a_kept_file_that_is_wrong_is_fetched_again(server: Server, settings: Settings) -> None:
    source = SourceFile(url=server.url("/W", GOOD), sha256=SHA256)
    path = put(settings.downloads / server.host / "W", BODY[:-1])
    assert fetch(source, settings) == path
    assert path.read_bytes() == BODY
    assert server.requests == ["/W"]


@pytest.mark.parametrize("why", ["offline", "404", "wrong there too"])
def test_a_kept_file_that_is_wrong_and_stays_so(
    server: Server, settings: Settings, why: str
) -> None:
    answer = Answer(status=404) if why == "404" else Answer(OTHER)
    source = SourceFile(url=server.url("/W", answer), sha256=SHA256)
    put(settings.downloads / server.host / "W", BODY[:-1])
    with pytest.raises(InputError, match=r"kept file is wrong .* could not be fetched again"):
        fetch(source, replace(settings, offline=why == "offline"))


def test_a_digest_is_recorded_at_first_use(server: Server, settings: Settings) -> None:
    source = SourceFile(url=server.url("/W", GOOD))
    path = fetch(source, settings)
    record = path.with_name("W.sha256")
    assert record.read_text().strip() == SHA256
    assert fetch(source, settings) == path
    assert server.requests == ["/W"]

    path.write_bytes(OTHER)
    with pytest.raises(InputError, match="the bytes have changed") as caught:
        fetch(source, settings)
    for part in (SHA256, OTHER_SHA256, f"delete {record} and {path}"):
        assert part in str(caught.value)
    path.unlink()
    record.unlink()
    server.url("/W", Answer(OTHER))
    assert fetch(source, settings).read_bytes() == OTHER


def test_a_file_that_its_publisher_changed_is_not_taken(server: Server, settings: Settings) -> None:
    source = SourceFile(url=server.url("/W", GOOD, Answer(OTHER)))
    fetch(source, settings).unlink()
    with pytest.raises(InputError, match="the bytes have changed") as caught:
        fetch(source, settings)
    assert SHA256 in str(caught.value)
    assert OTHER_SHA256 in str(caught.value)
    assert kept(settings) == ["W.sha256"]


def test_a_kept_file_without_a_record_is_recorded(server: Server, settings: Settings) -> None:
    source = SourceFile(url=server.url("/W", GOOD))
    put(settings.downloads / server.host / "W", OTHER)
    path = fetch(source, settings)
    assert path.with_name("W.sha256").read_text().strip() == OTHER_SHA256
    assert server.requests == []


@pytest.mark.parametrize(
    "answer",
    [Answer(PAGE), Answer(b"Log in", headers={"Content-Type": "text/html; charset=utf-8"})],
    ids=["body", "content-type"],
)
def test_a_web_page_is_not_a_dataset(server: Server, settings: Settings, answer: Answer) -> None:
    with pytest.raises(InputError, match="web page was served instead of the file"):
        fetch(SourceFile(url=server.url("/W", answer)), settings)
    assert server.requests == ["/W"]
    assert kept(settings) == []


def test_a_web_page_with_another_digest_is_called_one(server: Server, settings: Settings) -> None:
    source = SourceFile(url=server.url("/W", Answer(PAGE)), sha256=SHA256)
    with pytest.raises(InputError, match="web page was served instead of the file") as caught:
        fetch(source, settings)
    assert f"expected {SHA256}" in str(caught.value)
    assert kept(settings) == []


def test_a_page_with_the_right_digest_or_name_is_taken(server: Server, settings: Settings) -> None:
    html = {"Content-Type": "text/html"}
    mislabelled = SourceFile(url=server.url("/W", Answer(BODY, headers=html)), sha256=SHA256)
    assert fetch(mislabelled, settings).read_bytes() == BODY
    page = SourceFile(url=server.url("/W.html", Answer(PAGE, headers=html)))
    assert fetch(page, settings).read_bytes() == PAGE


# -- a server in trouble ---------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 404, 410, 204])
def test_an_answer_without_the_file_is_final_for_it(
    server: Server, settings: Settings, status: int
) -> None:
    with pytest.raises(Unavailable, match=f"answered {status} .*--umlip-datasets") as caught:
        fetch(SourceFile(url=(url := server.url("/W", Answer(status=status)))), settings)
    assert url in str(caught.value)
    assert server.requests == ["/W"]
    assert kept(settings) == []
    assert fetch(SourceFile(url=server.url("/other", GOOD)), settings).read_bytes() == BODY


@pytest.mark.parametrize(
    "troubles",
    [[UNAVAILABLE, UNAVAILABLE], [CUT, CUT, CUT], [Answer(hang_up=True)]],
    ids=["503", "cut", "hang-up"],
)
def test_a_passing_trouble_is_retried(
    server: Server, settings: Settings, troubles: list[Answer]
) -> None:
    source = SourceFile(url=server.url("/W", *troubles, GOOD), sha256=SHA256)
    assert fetch(source, settings).read_bytes() == BODY
    assert server.requests == ["/W"] * (len(troubles) + 1)
    assert kept(settings) == ["W"]


def test_silence_in_mid_transfer_is_retried(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "READ_TIMEOUT_S", 1.0)
    held = Answer(BODY, hold_after=HALF_HELD)
    source = SourceFile(url=server.url("/W", held, GOOD), sha256=SHA256)
    assert fetch(source, settings).read_bytes() == BODY
    assert server.requests == ["/W"] * 2


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [(UNAVAILABLE, "answered 503"), (CUT, "transfer was cut"), (Answer(hang_up=True), "cut")],
    ids=["503", "cut", "hang-up"],
)
def test_a_lasting_trouble_ends_after_three_retries(
    server: Server, settings: Settings, trouble: Answer, reason: str
) -> None:
    source = SourceFile(url=server.url("/W", trouble))
    with pytest.raises(Unavailable, match=rf"{reason}.*attempt 4 of 4.*UMLIP_GATE_MIRROR"):
        fetch(source, settings)
    assert server.requests == ["/W"] * 4
    assert kept(settings) == []


def test_a_server_that_never_answers_is_asked_once(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    end = threading.Event()
    monkeypatch.setattr(download, "READ_TIMEOUT_S", 0.2)
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(Server, "next_answer", lambda *_: end.wait(WAIT_LIMIT_S) and GOOD)
    with pytest.raises(Unavailable, match="Read timed out"):
        fetch(SourceFile(url=server.url("/W", GOOD)), settings)
    end.set()
    assert slept == []


def test_the_delays_between_retries_grow(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(download, "RETRY_DELAYS_S", (0.5, 1.0, 2.0))
    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(Unavailable):
        fetch(SourceFile(url=server.url("/W", UNAVAILABLE)), settings)
    assert slept == [0.5, 1.0, 2.0]


# -- a host out of reach ---------------------------------------------------------------------


def test_a_refused_connection_is_final_for_every_process_of_the_run(settings: Settings) -> None:
    with serving(listening=False) as server:
        first = server.url("/1", GOOD)
        second = server.url("/2", GOOD)
        with pytest.raises(Unavailable, match=r"refused.*UMLIP_GATE_MIRROR.*--umlip-datasets"):
            fetch(SourceFile(url=first), settings)
        server.start()  # it is up again, but this run has found otherwise
        with pytest.raises(Unavailable, match=f"{server.host} cannot be reached.*refused"):
            fetch(SourceFile(url=second), settings)
        assert "Unavailable" in child(second, settings).communicate()[0]
        assert server.connections == 0

        another_run = replace(settings, run=settings.run.with_name("another"))
        assert fetch(SourceFile(url=first), another_run).read_bytes() == BODY


def test_an_unknown_name_is_final_for_the_host(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for path in ("1", "2"):
        with pytest.raises(Unavailable, match=r"data\.invalid:443 cannot .* not known"):
            fetch(SourceFile(url=f"https://data.invalid/{path}"), settings)
    assert asked == ["data.invalid"]


@pytest.mark.parametrize("step", ["getaddrinfo", "create_connection"])
def test_no_connection_in_time_is_final_for_the_host(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    asked: list[object] = []
    begun, end = threading.Event(), threading.Event()

    def hang(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        begun.set()
        end.wait(WAIT_LIMIT_S)
        raise OSError("the test is over")

    monkeypatch.setattr(hosts, "CONNECT_DEADLINE_S", 0.1)
    monkeypatch.setattr(socket, step, hang)
    for path in ("/1", "/2"):
        with pytest.raises(Unavailable, match=r"no connection within 0\.1 s"):
            fetch(SourceFile(url=server.url(path, GOOD)), settings)
    assert begun.wait(WAIT_LIMIT_S)
    end.set()
    assert len(asked) == 1


def test_one_dead_address_does_not_hide_a_living_one(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.create_connection
    shares_s: list[float] = []

    def two(*_: object, **__: object) -> list[tuple[object, ...]]:
        stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*stream, (host, server.server_port)) for host in ("192.0.2.1", "127.0.0.1")]

    def swallow(address: tuple[str, int], timeout: float) -> socket.socket:
        shares_s.append(timeout)
        if address[0] == "192.0.2.1":
            raise TimeoutError("timed out")
        return connect(address, timeout)

    endpoint = hosts._Endpoint("two.invalid", server.server_port)
    monkeypatch.setattr(socket, "getaddrinfo", two)
    monkeypatch.setattr(socket, "create_connection", swallow)
    assert hosts._trouble_connecting(endpoint) is None
    assert shares_s == [hosts.CONNECT_DEADLINE_S / 2] * 2
    assert not (settings.run / "unreachable-hosts").exists()


def test_a_redirect_to_a_host_out_of_reach_names_both(server: Server, settings: Settings) -> None:
    with serving(listening=False) as away:
        moved = Answer(status=302, headers={"Location": away.url("/signed", GOOD)})
        url = server.url("/W", moved)
        with pytest.raises(Unavailable, match=f"{url}: {away.host} cannot be reached"):
            fetch(SourceFile(url=url), settings)
        away.start()
        with pytest.raises(Unavailable, match=f"{url}: {away.host} cannot be reached"):
            fetch(SourceFile(url=url), settings)
        assert away.connections == 0
        another_run = replace(settings, run=settings.run.with_name("another"))
        assert fetch(SourceFile(url=url), another_run).read_bytes() == BODY


def test_with_a_proxy_the_proxy_is_what_is_reached(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.host)
    url = "http://data.invalid/W"
    server.scripts[url] = [GOOD]
    assert fetch(SourceFile(url=url), settings).read_bytes() == BODY
    assert server.requests == [url]


def test_a_proxy_that_refuses_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(listening=False) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.host}")
        with pytest.raises(Unavailable, match=rf"{proxy.host} cannot be reached \(the proxy: "):
            fetch(SourceFile(url="https://data.invalid/W"), settings)


def test_a_proxy_that_opens_no_tunnel_is_final_for_the_host(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://{server.host}")  # it knows no CONNECT: 501
    for path in ("1", "2"):
        with pytest.raises(Unavailable, match=r"data\.invalid:443 cannot be reached.*501"):
            fetch(SourceFile(url=f"https://data.invalid/{path}"), settings)
    assert server.connections == 2, "one knock and one CONNECT, both for the first file"


# -- many processes, killed processes ---------------------------------------------------------


@pytest.mark.parametrize("sha256", [SHA256, ""], ids=["known", "recorded"])
def test_eight_processes_at_once_transfer_it_once(
    server: Server, settings: Settings, sha256: str
) -> None:
    answer = Answer(BODY, hold_after=HALF_HELD)
    url = server.url("/W", answer)
    processes = [child(url, settings, sha256) for _ in range(8)]
    assert all(ready(process) for process in processes)
    answer.release.set()  # only now can the first one end
    path = settings.downloads / server.host / "W"
    assert {process.communicate()[0] for process in processes} == {f"{path}\n"}
    assert path.read_bytes() == BODY
    assert server.requests == ["/W"]
    assert kept(settings) == (["W"] if sha256 else ["W", "W.sha256"])


def test_a_long_wait_for_another_process_is_announced(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("umlip_gate.datasets.fetch.SILENT_WAIT_S", 0.01)
    held = Answer(BODY, hold_after=HALF_HELD)
    source = SourceFile(url=server.url("/W", held), sha256=SHA256)
    said: list[str] = []
    other = child(source.name, settings)
    assert held.half_sent.wait(WAIT_LIMIT_S)

    def announce(text: str) -> None:
        said.append(text)
        held.release.set()

    fetch(source, replace(settings, announce=announce))
    other.communicate()
    assert len(said) == 1
    assert f"waiting for another process that fetches {source.name}" in said[0]


def test_a_process_killed_in_mid_transfer_leaves_no_wrong_file(
    server: Server, settings: Settings
) -> None:
    held = Answer(BODY, hold_after=HALF_HELD)
    source = SourceFile(url=server.url("/W", held, GOOD), sha256=SHA256)
    process = child(source.name, settings)
    assert ready(process)
    assert held.half_sent.wait(WAIT_LIMIT_S)
    path = settings.downloads / server.host / "W"
    assert not path.exists()
    process.kill()
    process.communicate()
    assert not path.exists()
    assert fetch(source, settings).read_bytes() == BODY


def test_old_leftovers_are_cleared_and_young_ones_left(server: Server, settings: Settings) -> None:
    folder = settings.downloads / server.host
    old, young = (put(folder / f".W.{digit * 32}.part", b"half") for digit in "ab")
    os.utime(old, (0, 0))
    fetch(SourceFile(url=server.url("/V", GOOD), sha256=SHA256), settings)
    assert kept(settings) == [young.name, "V"]


def test_two_at_once_are_right_without_the_lock(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("umlip_gate.datasets.fetch._lock", lambda *_: nullcontext())
    held = [Answer(BODY, hold_after=HALF_HELD) for _ in range(2)]
    source = SourceFile(url=server.url("/W", *held), sha256=SHA256)
    with ThreadPoolExecutor(2) as pool:
        paths = []
        for answer in held:
            paths.append(pool.submit(fetch, source, settings))
            assert answer.half_sent.wait(WAIT_LIMIT_S)
        for answer in held:
            answer.release.set()
        assert {path.result() for path in paths} == {settings.downloads / server.host / "W"}
    assert kept(settings) == ["W"]
    assert fetch(source, settings).read_bytes() == BODY
    assert server.requests == ["/W", "/W"]


# -- mirror, offline, brought ----------------------------------------------------------------


def put(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


@pytest.fixture
def mirrored(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "mirror").mkdir()
    return replace(settings, mirror=tmp_path / "mirror")


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("sha256", [SHA256, None], ids=["known", "recorded"])
def test_the_mirror_stands_in_for_the_network(
    server: Server, mirrored: Settings, sha256: str | None, *, offline: bool
) -> None:
    settings = replace(mirrored, offline=offline)
    source = SourceFile(url=server.url("/a/W", GOOD), sha256=sha256)
    assert settings.mirror is not None
    put(settings.mirror / server.host / "a" / "W", BODY)
    path = fetch(source, settings)
    assert path.is_relative_to(settings.downloads)
    assert path.read_bytes() == BODY
    assert fetch(source, replace(settings, mirror=None, offline=True)) == path
    assert server.connections == 0


def test_what_is_not_in_the_mirror_is_not_asked_of_the_network(
    server: Server, mirrored: Settings
) -> None:
    source = SourceFile(url=server.url("/a/W", GOOD))
    with pytest.raises(Unavailable) as caught:
        fetch(source, mirrored)
    assert f"{mirrored.mirror}/{server.host}/a/W is not there" in str(caught.value)
    assert server.connections == 0
    assert kept(mirrored) == []


def test_wrong_bytes_in_the_mirror_are_not_kept(server: Server, mirrored: Settings) -> None:
    assert mirrored.mirror is not None
    original = put(mirrored.mirror / server.host / "W", OTHER)
    with pytest.raises(InputError, match=f"expected {SHA256}, got {OTHER_SHA256}") as caught:
        fetch(SourceFile(url=server.url("/W", GOOD), sha256=SHA256), mirrored)
    assert str(original) in str(caught.value)
    assert server.connections == 0
    assert kept(mirrored) == []


def test_a_mirror_that_is_not_there_is_a_mistake(server: Server, mirrored: Settings) -> None:
    settings = replace(mirrored, mirror=Path("/no/such/mirror"))
    with pytest.raises(InputError, match=r"UMLIP_GATE_MIRROR = /no/such/mirror: .*no such folder"):
        fetch(SourceFile(url=server.url("/W", GOOD)), settings)


def test_offline_nothing_is_asked(server: Server, settings: Settings) -> None:
    source = SourceFile(url=(url := server.url("/W", GOOD)), sha256=SHA256)
    offline = replace(settings, offline=True)
    with pytest.raises(Unavailable, match="the run is offline") as caught:
        fetch(source, offline)
    assert url in str(caught.value)
    assert server.connections == 0
    assert fetch(source, settings) == fetch(source, offline)


def test_a_brought_file_is_used_where_it_is(settings: Settings, tmp_path: Path) -> None:
    path = put(tmp_path / "mine.xyz", BODY)
    assert fetch(SourceFile(path=path), settings) == path
    assert fetch(SourceFile(path=path, sha256=SHA256, size=len(BODY)), settings) == path
    with pytest.raises(InputError, match=f"expected {OTHER_SHA256}, got {SHA256}"):
        fetch(SourceFile(path=path, sha256=OTHER_SHA256), settings)
    for missing in (tmp_path / "none.xyz", tmp_path):
        with pytest.raises(InputError, match=f"{missing}: there is no such file"):
            fetch(SourceFile(path=missing), settings)


# -- digests ---------------------------------------------------------------------------------


def test_digests_are_those_of_the_usual_tools(tmp_path: Path) -> None:
    path = put(tmp_path / "hello", b"hello\n")
    assert sha256_of(path) == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    assert git_blob_sha1_of(path) == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_the_digest_of_a_folder_sees_names_bytes_and_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tree(name: str, files: dict[str, bytes]) -> str:
        for file, body in files.items():
            put(tmp_path / name / file, body)
        return digest_of_tree(tmp_path / name)

    one = tree("one", {"model.pb": b"1", "variables/index": b"2"})
    assert one == tree("same", {"variables/index": b"2", "model.pb": b"1"})
    assert one != tree("bytes", {"model.pb": b"1", "variables/index": b"3"})
    assert one != tree("name", {"model.pb": b"1", "variables/idx": b"2"})
    assert one != tree("more", {"model.pb": b"1", "variables/index": b"2", "empty": b""})
    listing = "".join(
        f"{hashlib.sha256(body).hexdigest()}  {name}\0"
        for name, body in (("model.pb", b"1"), ("variables/index", b"2"))
    )
    assert one == hashlib.sha256(listing.encode()).hexdigest()

    put(tmp_path / "blobs" / "index", b"2")
    put(tmp_path / "linked" / "model.pb", b"1")
    (tmp_path / "linked" / "variables").symlink_to(tmp_path / "blobs")
    assert digest_of_tree(tmp_path / "linked") == one

    walked = list(os.walk(tmp_path / "one"))
    monkeypatch.setattr(os, "walk", lambda *_, **__: reversed(walked))
    assert digest_of_tree(tmp_path / "one") == one, "the order on disk does not matter"


def test_a_folder_without_files_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file in this folder"):
        digest_of_tree(tmp_path)
    for path in (tmp_path / "none", put(tmp_path / "file", b"")):
        with pytest.raises(InputError, match="cannot be read as a folder"):
            digest_of_tree(path)
