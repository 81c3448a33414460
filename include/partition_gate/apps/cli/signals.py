"""A command that is told to end (SIGTERM, SIGHUP) ends as with Ctrl-C: what it started is stopped first."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


class Terminated(SystemExit):
    """A signal asked this process to end; its exit code is 128 and the number of the signal."""


def end_on_signals() -> None:
    """Make SIGTERM and SIGHUP raise `Terminated` in the main thread. A signal that is ignored (nohup) stays so."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the stopping
    raise Terminated(128 + number)
