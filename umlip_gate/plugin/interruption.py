"""A run that is stopped keeps what it has, and its reports say that it was stopped."""

import signal
import threading
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest

from umlip_gate.plugin.run_configuration import SUITE, run_configuration
from umlip_gate.predictions.unfinished import unfinished
from umlip_gate.report.plain import plain_text

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What a batch system sends at its time limit, and what closing a terminal sends."""


@dataclass(eq=False)  # a plugin is hashable
class Interruption:
    """Whether the run was stopped, by what, and what is kept.

    Attributes
    ----------
    config
        The session's.
    by
        The signal's name; None while nothing stopped the run.
    kept
        What was being computed, in this process or one of xdist's, and how much of it is kept, in
        sentences.
    """

    config: pytest.Config
    by: str | None = None
    kept: list[str] = field(default_factory=list)
    _before: dict[int, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any] | None:
        """Return plain data for the results file; None if nothing stopped the run."""
        return None if self.by is None else {"by": self.by, "kept": self.kept}

    def lines(self) -> list[str]:
        """Return what a person is told, if the run was stopped."""
        if self.by is None:
            return []
        return [
            f"interrupted by {self.by}: the verdicts above are of what was finished",
            *self.kept,
            "the same command goes on from what is kept",
        ]

    def listen(self) -> None:
        """Take the signals, but for those that the run was started to ignore (nohup)."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._stop)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what stopped the run, and what is kept of what was being computed."""
        if isinstance(excinfo.value, pytest.Session.Interrupted):  # errors of collection
            return
        self.by = self.by or "Ctrl-C"
        if SUITE in self.config.stash:
            run = run_configuration(self.config).settings.run
            self.kept = [plain_text(sentence) for sentence in unfinished(run)]

    def pytest_unconfigure(self) -> None:
        """Put back what took the signals before."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def _stop(self, number: int, _: FrameType | None) -> None:
        for each in self._before:
            signal.signal(each, signal.SIG_IGN)  # once is enough: the reports are being written
        self.by = signal.Signals(number).name
        pytest.exit(f"stopped by {self.by}", returncode=pytest.ExitCode.INTERRUPTED)


INTERRUPTION = pytest.StashKey[Interruption]()


def pytest_configure(config: pytest.Config) -> None:
    """Listen in the process that reports to the person."""
    interruption = config.stash[INTERRUPTION] = Interruption(config)
    config.pluginmanager.register(interruption, "umlip-gate-interruption")
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and not hasattr(config, "workerinput"):
        interruption.listen()
