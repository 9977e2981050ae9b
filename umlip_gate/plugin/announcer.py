"""What a person should know while the run goes on."""

from collections.abc import Callable

import pytest

from umlip_gate.report.plain import plain_text
from umlip_gate.report.terminal import fill


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
