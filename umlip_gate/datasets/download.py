"""One transfer over HTTP, with the few retries that make sense."""

import datetime as dt
import os
import sys
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase
from tqdm import tqdm
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, ReadTimeoutError

from umlip_gate.datasets import hosts
from umlip_gate.datasets.digests import is_known
from umlip_gate.datasets.source import SourceFile
from umlip_gate.errors import InputError, Unavailable

RETRY_DELAYS_S = (0.5, 1.0, 2.0)
LONGEST_RETRY_AFTER_S = 120.0
"""A server that asks for a longer wait is not asked again in this run."""

READ_TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 16
PACE_WINDOW_S = 60.0
LOWEST_PACE_BYTES_PER_S = 1000.0
"""A transfer that is slower over a whole window is ended."""

MOST_BYTES = 1 << 34
"""Where neither the registry nor the server says how long a file is."""

TOKENS = {"huggingface.co": "HF_TOKEN"}
"""Hosts that give some files to known people only, and the variable that holds a person's token."""

ASK_AGAIN = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)


class _Again(Exception):
    """An answer or a transfer that the next attempt may do better."""

    def __init__(self, message: str, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


def download(source: SourceFile, part: Path, run: Path, *, refuse_html: bool) -> None:
    """Write what an address serves to a file.

    Parameters
    ----------
    source
        The address, and what is known of the file.
    part
        The file to write.
    run
        The run's folder, where unreachable hosts are recorded.
    refuse_html
        Whether a response that calls itself HTML is refused.

    Raises
    ------
    Unavailable
        The host cannot be reached, answered with an error, or cut or crawled in every transfer.
    InputError
        A web page or a longer file was served, or the token of the host is malformed.
    """
    assert source.url is not None  # noqa: S101 - a brought file is not downloaded
    transfer = _Transfer(source.url, source, part, run, refuse_html=refuse_html)
    for delay_s in (*RETRY_DELAYS_S, None):
        hosts.require_reachable(source.url, source.name, run)
        try:
            transfer.attempt()
        except _Again as again:
            if delay_s is None:
                attempts = len(RETRY_DELAYS_S) + 1
                raise Unavailable(
                    f"{source.name}: {again} (attempt {attempts} of {attempts}). "
                    f"{hosts.HOW_TO_GO_ON}"
                ) from again
            time.sleep(delay_s if again.after_s is None else again.after_s)
        else:
            return


class _Bearer(AuthBase):
    """A token for one host; requests drops it where a redirect leaves the host or HTTPS."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def _credentials(url: str) -> AuthBase | None:
    """Return the token of an address's host, which is sent over HTTPS alone."""
    parts = urlsplit(url)
    variable = TOKENS.get(parts.hostname or "", "")
    token = os.environ.get(variable, "").strip()
    if not token or parts.scheme != "https":
        return None
    if not all("!" <= character <= "~" for character in token):
        raise InputError(
            f"{variable}: the token holds a space, an end of line or a character outside of "
            "ASCII (a typographic quote?); set it again, without quotes of its own"
        )
    return _Bearer(token)


@dataclass(frozen=True)
class _Transfer:
    url: str
    source: SourceFile
    part: Path
    run: Path
    refuse_html: bool

    def attempt(self) -> None:
        try:
            with requests.get(
                self.url,
                stream=True,
                auth=_credentials(self.url),
                # a length is that of the file, and no small answer unpacks to a large one
                headers={"Accept-Encoding": "identity"},
                timeout=(hosts.CONNECT_DEADLINE_S, READ_TIMEOUT_S),
                hooks={"response": self._inspect},
            ) as response:
                self._write(response)
        except requests.RequestException as error:
            raise self._meaning(error) from error
        except HTTPError as error:
            raise _Again(f"the transfer was cut: {error}") from error

    def _inspect(self, response: requests.Response, **_: object) -> None:
        if response.is_redirect:
            self._follow(response)
            return
        _require_ok(response, self.source)
        content_type = response.headers.get("content-type", "")
        if self.refuse_html and content_type.lower().startswith("text/html"):
            raise InputError(
                f"{self.source.name}: a web page was served instead of the file ({content_type})"
            )

    def _follow(self, response: requests.Response) -> None:
        try:
            target = urljoin(response.url, response.headers["location"])
            parts = urlsplit(target)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise Unavailable(
                f"{self.source.name}: {urlsplit(response.url).hostname} redirects to an address "
                f"that cannot be used. {hosts.HOW_TO_GO_ON}"
            )
        hosts.require_reachable(target, self.source.name, self.run)

    def _write(self, response: requests.Response) -> None:
        raw = response.raw
        served = raw.length_remaining
        self._require_an_end(served, chunked=raw.chunked)
        limit = self.source.size or served or MOST_BYTES
        pace = _Pace()
        with self.part.open("wb") as file, _progress_bar(served) as bar:
            while chunk := raw.read1(CHUNK_BYTES, decode_content=True):
                file.write(chunk)
                bar.update(len(chunk))
                pace.add(len(chunk))
                if file.tell() > limit:
                    raise InputError(
                        f"{self.source.name}: more than {limit} bytes are served; "
                        "the transfer was ended there"
                    )

    def _require_an_end(self, served: int | None, *, chunked: bool) -> None:
        """Refuse a first download that could not be told from a cut one."""
        if (
            served is None
            and not chunked
            and self.source.size is None
            and not is_known(self.source)
        ):
            raise Unavailable(
                f"{self.source.name}: the server does not say how long the file is, and neither "
                "size nor digest is registered, so that a cut transfer would not be noticed. "
                "Register its sha256, or bring the file yourself (a dataset's with "
                "--umlip-datasets, weights with --umlip-checkpoint)"
            )

    def _meaning(self, error: requests.RequestException) -> Exception:
        """Translate a failure of requests: try again, the host's end, or this file's end.

        Of requests' own texts none is quoted: they hold the whole address.
        """
        cause = error.args[0] if error.args else None
        before_any_answer = isinstance(error, requests.ReadTimeout)
        if isinstance(cause, ProtocolError | ReadTimeoutError) and not before_any_answer:
            return _Again(f"the transfer was cut: {cause}")
        reason = getattr(cause, "reason", None)
        refused = isinstance(error, requests.exceptions.ProxyError | requests.ConnectTimeout)
        if refused or isinstance(reason, NewConnectionError):
            asked = error.request.url if error.request is not None else None
            text = str(reason or type(error).__name__)
            return hosts.declare_unreachable(asked or self.url, self.source.name, text, self.run)
        if before_any_answer:
            reason = f"Read timed out: no answer within {READ_TIMEOUT_S:g} s"
        text = str(reason or type(error).__name__)
        return Unavailable(f"{self.source.name}: {text}. {hosts.HOW_TO_GO_ON}")


class _Pace:
    """Ends a transfer that crawls: it would hold the file's lock for ever."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._start_s, self._bytes = time.monotonic(), 0

    def add(self, n_bytes: int) -> None:
        self._bytes += n_bytes
        elapsed_s = time.monotonic() - self._start_s
        if elapsed_s < PACE_WINDOW_S:
            return
        if self._bytes < LOWEST_PACE_BYTES_PER_S * elapsed_s:
            raise _Again(
                f"the transfer is slower than {LOWEST_PACE_BYTES_PER_S:g} bytes a second "
                f"({self._bytes} bytes in {elapsed_s:.3g} s)"
            )
        self._begin()


def _progress_bar(total: int | None) -> "tqdm[Any]":
    return tqdm(total=total, unit="B", unit_scale=True, leave=True, disable=not sys.stderr.isatty())


def _require_ok(response: requests.Response, source: SourceFile) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    answer = f"{urlsplit(response.url).hostname} answered {status} {response.reason}"
    if status in ASK_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait_s = _retry_after_s(response.headers.get("retry-after", ""))
        if wait_s is None or wait_s <= LONGEST_RETRY_AFTER_S:
            raise _Again(answer, wait_s)
        raise Unavailable(
            f"{source.name}: {answer}, and asks to wait {wait_s:.0f} s. {hosts.HOW_TO_GO_ON}"
        )
    raise Unavailable(f"{source.name}: {answer}. The file may have moved. {hosts.HOW_TO_GO_ON}")


def _retry_after_s(header: str) -> float | None:
    """Return the wait that a server asks for, in seconds or as a date; None if it asks for none."""
    if header.strip().isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())
