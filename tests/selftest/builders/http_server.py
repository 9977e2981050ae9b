"""A real HTTP server on this machine that does what a test's script says."""

import itertools
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

WAIT_LIMIT_S = 30.0


@dataclass
class Answer:
    """One response.

    Attributes
    ----------
    cut_after
        Bytes of the body after which the connection is closed, whatever was promised.
    hold_after
        Bytes of the body after which `half_sent` is set and `release` is waited for.
    hang_up
        Close the connection without a word.
    sized
        Promise the length of the body.
    endless
        Send the body again and again.
    drip_s
        Send single bytes, and wait so long after each.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hold_after: int | None = None
    hang_up: bool = False
    sized: bool = True
    endless: bool = False
    drip_s: float | None = None
    half_sent: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


class Server(ThreadingHTTPServer):
    """Answers each path by its script, the last answer for ever; remembers what was asked."""

    daemon_threads = True

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self.server_bind()  # not yet listening: connections are refused
        self.scripts: dict[str, list[Answer]] = {}
        self.requests: list[str] = []
        self.authorizations: list[str | None] = []
        self.connections = 0
        self.lock = threading.Lock()
        self.loop: threading.Thread | None = None

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # without HTTPServer's look-up of a name
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def url(self, path: str, *answers: Answer) -> str:
        """Return the address of a path, scripted so."""
        self.scripts[path] = list(answers)
        return f"{self.scheme}://{self.host}{path}"

    def start(self) -> None:
        """Listen, and answer from now on."""
        self.server_activate()
        self.loop = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.loop.start()

    def stop(self) -> None:
        for answer in itertools.chain.from_iterable(self.scripts.values()):
            answer.release.set()
        if self.loop is not None:
            self.shutdown()
        self.server_close()

    def get_request(self) -> tuple[Any, Any]:
        connection = super().get_request()
        self.connections += 1
        return connection

    def next_answer(self, path: str) -> Answer:
        with self.lock:
            self.requests.append(path)
            script = self.scripts.get(path) or [Answer(status=404)]
            return script.pop(0) if len(script) > 1 else script[0]


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.authorizations.append(self.headers.get("Authorization"))
        answer = self.server.next_answer(self.path)
        self.close_connection = True
        if answer.hang_up:
            return
        self.send_response(answer.status)
        length = {"Content-Length": str(len(answer.body))} if answer.sized else {}
        # unsaid, a client may ask its next question of the connection that is about to end
        for name, value in {**length, "Connection": "close", **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.drip_s is not None:
            self._drip(answer, answer.drip_s)
            return
        while answer.endless:
            self.wfile.write(answer.body)
        body = answer.body[: answer.cut_after]
        held = len(body) if answer.hold_after is None else answer.hold_after
        self.wfile.write(body[:held])
        if answer.hold_after is not None:
            answer.half_sent.set()
            answer.release.wait(WAIT_LIMIT_S)
            self.wfile.write(body[held:])

    def _drip(self, answer: Answer, pause_s: float) -> None:
        for value in answer.body:
            self.wfile.write(bytes([value]))
            answer.release.wait(pause_s)

    def handle(self) -> None:
        with suppress(ConnectionError, ssl.SSLError):  # the client was killed, or only knocked
            super().handle()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def make_certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1, with its key in the same file."""
    path = folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += [
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(
        [*command, "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    path.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return path


@contextmanager
def serving(*, listening: bool = True, certificate: Path | None = None) -> Iterator[Server]:
    """Run a server; not `listening`, it refuses connections until `start` is called."""
    server = Server(certificate)
    if listening:
        server.start()
    try:
        yield server
    finally:
        server.stop()
