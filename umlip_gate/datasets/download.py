"""One transfer over HTTP, with the few retries that make sense."""

import os
import sys
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pooch
import requests
from urllib3.exceptions import NewConnectionError, ProtocolError, ReadTimeoutError

from umlip_gate.datasets import hosts
from umlip_gate.errors import InputError, Unavailable

RETRY_DELAYS_S = (0.5, 1.0, 2.0)
READ_TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 16

TOKENS = {"huggingface.co": "HF_TOKEN"}
"""Hosts that give some files to known people only, and the variable that holds a person's token."""


class _Again(Exception):
    """A 5xx, or a transfer cut in the middle: the next attempt may do better."""


def download(url: str, part: Path, run: Path, *, refuse_html: bool) -> None:
    """Write what an address serves to a file.

    Parameters
    ----------
    url
        The address; what needs percent-encoding is encoded.
    part
        The file to write.
    run
        The run's folder, where unreachable hosts are recorded.
    refuse_html
        Whether a response that calls itself HTML is refused.

    Raises
    ------
    Unavailable
        The host cannot be reached, answered with an error, or cut every transfer.
    InputError
        A web page came instead of a file.
    """
    for delay_s in (*RETRY_DELAYS_S, None):
        hosts.require_reachable(url, url, run)
        try:
            _transfer(url, part, run, refuse_html=refuse_html)
        except _Again as again:
            if delay_s is None:
                attempts = len(RETRY_DELAYS_S) + 1
                raise Unavailable(
                    f"{url}: {again} (attempt {attempts} of {attempts}). {hosts.HOW_TO_GO_ON}"
                ) from again
            time.sleep(delay_s)
        else:
            return


def _transfer(url: str, part: Path, run: Path, *, refuse_html: bool) -> None:
    def inspect(response: requests.Response, **_: object) -> None:
        if response.is_redirect:
            target = urljoin(response.url, response.headers["location"])
            hosts.require_reachable(target, url, run)
            return
        _require_ok(response, url)
        content_type = response.headers.get("content-type", "")
        if refuse_html and content_type.lower().startswith("text/html"):
            raise InputError(f"{url}: a web page was served instead of the file ({content_type})")

    token = os.environ.get(TOKENS.get(urlsplit(url).hostname or "", ""))
    fetch = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=CHUNK_BYTES,
        timeout=(hosts.CONNECT_DEADLINE_S, READ_TIMEOUT_S),
        hooks={"response": inspect},
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )
    try:
        fetch(url, str(part), None)
    except requests.RequestException as error:
        raise _meaning(error, url, run) from error


def _require_ok(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    answer = f"{urlsplit(response.url).netloc} answered {status} {response.reason}"
    if status >= requests.codes.internal_server_error:
        raise _Again(answer)
    raise Unavailable(f"{url}: {answer}. The file may have moved. {hosts.HOW_TO_GO_ON}")


def _meaning(error: requests.RequestException, url: str, run: Path) -> Exception:
    """Translate a failure of requests: try again, the host's end, or this file's end."""
    cause = error.args[0] if error.args else None
    before_any_answer = isinstance(error, requests.ReadTimeout)
    if isinstance(cause, ProtocolError | ReadTimeoutError) and not before_any_answer:
        return _Again(f"the transfer was cut: {cause}")
    reason = getattr(cause, "reason", cause)
    refused = isinstance(error, requests.exceptions.ProxyError | requests.ConnectTimeout)
    if refused or isinstance(reason, NewConnectionError):
        asked = error.request.url if error.request is not None else None
        return hosts.declare_unreachable(asked or url, url, str(reason), run)
    return Unavailable(f"{url}: {error}. {hosts.HOW_TO_GO_ON}")
