"""The line on a terminal while a model is evaluated."""

import io
import os
import pty
import re
import subprocess
import termios
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.selftest.cli import CommandLineRun
from umlip_gate.predictions.progress import Progress

pytestmark = pytest.mark.selftest

LINE = r"\d+/12 configurations, \d worker\(s\), [\d.]+/85\.0 atoms, \S+ atoms/s, \S+ left"


@pytest.fixture
def desk(tmp_path: Path) -> CommandLineRun:
    """The fifth configuration that is evaluated waits for the file `go`."""
    desk = CommandLineRun(tmp_path)
    (tmp_path / "weights").write_text("any")
    desk.candidate("fakes:noted", '[arguments]\nfile = "{checkpoint}"\n', checkpoint="weights")
    return desk


def test_what_is_done_is_written_in_one_line() -> None:
    stream = io.StringIO()
    n_atoms = np.array([1, 2, 3, 4])
    with Progress(stream, np.array([1, 2, 3]), n_atoms, lambda: 7) as progress:
        progress._bar.mininterval = 0  # type: ignore[union-attr]
        progress.advance([3, 1])
    assert "\n" not in stream.getvalue()
    assert re.search(
        r"\r2/3 configurations, 7 worker\(s\), 6\.00/9\.00 atoms, .* left", stream.getvalue()
    )
    assert re.search(r"\r +\r$", stream.getvalue())


def test_nothing_is_written_without_a_terminal_or_work(capfd: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with Progress(stream, np.array([], dtype=np.int64), np.array([1]), lambda: 1) as progress:
        progress.advance([])
    with Progress(None, np.array([0]), np.array([1]), lambda: 1) as progress:
        progress.advance([0])
    assert not stream.getvalue()
    assert capfd.readouterr() == ("", "")


def run_on_terminal(desk: CommandLineRun, *options: str) -> str:
    """Return what a run writes to standard error, a terminal; it goes on after its first line."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    command = [word for word in desk.judging(*options) if word != "-q" or "-q" in options]
    run = subprocess.Popen(
        command,
        cwd=desk.root,
        env=desk.environment,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    limit = threading.Timer(240, run.kill)
    limit.start()
    written = b""
    while True:
        try:
            written += os.read(controller, 4096)
        except OSError:  # nobody holds the terminal any more
            break
        if re.search(LINE.encode(), written):
            (desk.folder / "go").touch()
    limit.cancel()
    assert run.wait(120) == 0, written.decode()
    return written.decode()


def test_a_run_on_a_terminal_shows_its_progress(desk: CommandLineRun) -> None:
    assert re.search(LINE, run_on_terminal(desk))


def test_a_quiet_run_shows_none(desk: CommandLineRun) -> None:
    (desk.folder / "go").touch()
    assert not run_on_terminal(desk, "-qq")
