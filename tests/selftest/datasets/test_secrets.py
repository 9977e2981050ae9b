"""Tokens go over HTTPS to their own host, and no message shows a secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.selftest.builders.http_server import Answer, Server, make_certificate, serving
from tests.selftest.cli import CommandLineRun
from umlip_gate.datasets import download
from umlip_gate.datasets.addresses import mirror_path, without_secrets
from umlip_gate.datasets.fetch import fetch
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import Fault, InputError
from umlip_gate.settings import Settings

pytestmark = pytest.mark.selftest

GOOD = Answer(b"energies and forces")
TOKEN = "hf_MADEUP"  # noqa: S105 - of nobody


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(download, "RETRY_DELAYS_S", ())
    monkeypatch.setattr(download, "TOKENS", {"127.0.0.1": "SOME_TOKEN"})
    return Settings(cache=tmp_path / "cache", run=tmp_path / "run")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    with serving(certificate=certificate) as server:
        yield server


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", " "])
def test_a_token_goes_to_its_host_over_https(
    secure: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setenv("SOME_TOKEN", TOKEN + ending)
    fetch(SourceFile(url=secure.url("/own", GOOD)), settings)
    monkeypatch.setattr(download, "TOKENS", {"huggingface.co": "SOME_TOKEN"})
    fetch(SourceFile(url=secure.url("/elsewhere", GOOD)), settings)
    assert secure.authorizations == [f"Bearer {TOKEN}", None]


def test_a_token_does_not_go_over_http(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", TOKEN)
    fetch(SourceFile(url=server.url("/W", GOOD)), settings)
    monkeypatch.setenv("http_proxy", server.host)
    monkeypatch.setattr(download, "TOKENS", {"data.invalid": "SOME_TOKEN"})
    server.scripts["http://data.invalid/W"] = [GOOD]
    fetch(SourceFile(url="http://data.invalid/W"), settings)
    assert server.authorizations == [None, None]


def test_a_token_does_not_follow_a_redirect_off_its_host(
    secure: Server, server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", TOKEN)
    moved = Answer(status=302, headers={"Location": server.url("/signed", GOOD)})
    fetch(SourceFile(url=secure.url("/W", moved)), settings)
    assert secure.authorizations == [f"Bearer {TOKEN}"]
    assert server.authorizations == [None]


@pytest.mark.parametrize("token", ["“hf_MADEUP”", "hf_MADE UP", "hf_MADE\nUP", "hf_MADE\x7f"])
def test_a_malformed_token_is_named_and_not_shown(
    secure: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("SOME_TOKEN", token)
    with pytest.raises(InputError, match="SOME_TOKEN: the token holds") as caught:
        fetch(SourceFile(url=secure.url("/W", GOOD)), settings)
    assert "MADE" not in str(caught.value)
    assert secure.requests == []


def test_no_token_is_none(
    secure: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("unset", None), ("empty", ""), ("blank", "\n")):
        if value is not None:
            monkeypatch.setenv("SOME_TOKEN", value)
        fetch(SourceFile(url=secure.url(f"/{name}", GOOD)), settings)
    assert secure.authorizations == [None] * 3


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/a.xyz?id=3&download=1", "https://host/a.xyz?id=3&download=1"),
        ("https://me:secret@host/a", "https://host/a"),
        ("https://secret@host/a#secret", "https://host/a"),
        ("https://host/a@2/b", "https://host/a@2/b"),
        ("https://host/?to=me@host", "https://host/?to=me@host"),
        ("https://host/a?X-Amz-Signature=", "https://host/a?X-Amz-Signature=sha256-e3b0c44298fc"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
    assert without_secrets(shown) == shown


@pytest.mark.parametrize(
    "name", ["sig", "X-Amz-Signature", "access_token", "API%5Fkey", "Key-Pair-Id"]
)
def test_secret_parameters_are_hashed(name: str) -> None:
    url = f"https://host/a?id=3&{name}=secret"
    shown = without_secrets(url)
    assert "secret" not in shown
    assert shown.startswith("https://host/a?id=3&")
    assert without_secrets(shown) == shown
    assert mirror_path(shown) == mirror_path(url)
    assert mirror_path(url) != mirror_path(url + "2"), "other values are other files"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(status=503),
        Answer(b"<html>"),
        Answer(GOOD.body, cut_after=3),
        Answer(hang_up=True),
        Answer(status=302, headers={"Location": "http://[::1/?sig=secret"}),
    ],
    ids=["404", "503", "page", "cut", "hang-up", "redirect"],
)
def test_no_fault_shows_a_password_or_a_signature(
    server: Server, settings: Settings, answer: Answer
) -> None:
    server.url("/W?sig=secret", answer)
    source = SourceFile(url=f"http://me:secret@{server.host}/W?sig=secret")
    with pytest.raises(Fault) as caught:
        fetch(source, settings)
    assert "secret" not in str(caught.value)
    assert "/W?sig=sha256-" in str(caught.value)


def test_a_changed_file_is_told_without_the_signature(server: Server, settings: Settings) -> None:
    source = SourceFile(url=server.url("/W?sig=secret", GOOD, Answer(b"other")))
    fetch(source, settings).unlink()
    with pytest.raises(InputError, match="bytes have changed") as caught:
        fetch(source, settings)
    assert "secret" not in str(caught.value)


def test_a_host_or_proxy_out_of_reach_is_told_without_passwords(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(listening=False) as away:
        with pytest.raises(Fault, match="cannot be reached") as host:
            fetch(SourceFile(url=f"http://me:secret@{away.host}/W?sig=secret"), settings)
        monkeypatch.setenv("http_proxy", f"http://me:secret@{away.host}")
        with pytest.raises(Fault, match="cannot be reached") as proxy:
            fetch(SourceFile(url="http://data.invalid/W"), settings)
    monkeypatch.setenv("http_proxy", "http://me:sec/ret@host")
    with pytest.raises(InputError, match="of the proxy is wrong") as malformed:
        fetch(SourceFile(url="http://data.invalid/W"), settings)
    for caught in (host, proxy, malformed):
        assert "sec" not in str(caught.value)


def test_a_token_with_an_end_of_line_is_shown_nowhere(tmp_path: Path) -> None:
    """The case `token-with-newline`, at the command line: no host is reached, nothing is shown."""
    run = CommandLineRun(tmp_path)
    url = "https://huggingface.co/datasets/nobody/nothing/resolve/main/case.xyz"
    data = (tmp_path / "data.toml").read_text().replace('path = "crystals.xyz"', f'url = "{url}"')
    (tmp_path / "data.toml").write_text(data)
    run.candidate()
    with serving() as proxy, pytest.MonkeyPatch.context() as patch:  # it opens no tunnel
        for name in ("HTTPS_PROXY", "https_proxy"):
            patch.setenv(name, f"http://{proxy.host}")
        patch.setenv("HF_TOKEN", f"{TOKEN}\n")
        outcome = run.judge(f"--junitxml={tmp_path / 'junit.xml'}")
    assert outcome.code == 6, outcome.output
    assert "huggingface.co:443 cannot be reached" in " ".join(outcome.output.split())
    assert proxy.connections > 0
    written = [(tmp_path / name).read_text() for name in ("results.json", "junit.xml")]
    for text in (outcome.output, *written):
        assert TOKEN not in text
