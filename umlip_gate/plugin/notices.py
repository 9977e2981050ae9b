"""What a person should know about a run beside its verdicts, at its end."""

import pytest

from umlip_gate.notices import notices
from umlip_gate.plugin.run_configuration import run_configuration
from umlip_gate.report.terminal import fill


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the notices of the run."""
    lines = notices(run_configuration(terminalreporter.config).settings.run)
    if lines:
        terminalreporter.section("notices")
        for line in lines:
            terminalreporter.write_line(fill(line), yellow=True)
