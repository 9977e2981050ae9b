"""What a person should know while the run goes on."""

import os
from collections.abc import Callable
from typing import TextIO

import pytest

from umlip_gate.report.plain import plain_text
from umlip_gate.report.terminal import fill

STDERR = 2


def announcer(config: pytest.Config) -> Callable[[str], None]:
    """Return a function that prints past the capture: a computation may take minutes."""

    def announce(text: str) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        capture = config.pluginmanager.get_plugin("capturemanager")
        if reporter is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                reporter.write_line(fill(plain_text(text)))
                reporter.flush()

    return announce


def terminal(config: pytest.Config) -> TextIO | None:
    """Return standard error past the capture; None if it is no terminal, or under `-q`.

    While pytest is configured nothing is captured, and what is opened now stays so.
    """
    if hasattr(config, "workerinput") or config.option.verbose < 0 or not os.isatty(STDERR):
        return None
    stream = os.fdopen(os.dup(STDERR), "w", encoding="utf-8")
    config.add_cleanup(stream.close)
    return stream
