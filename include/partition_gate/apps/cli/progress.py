"""What a command shows while it works: nothing for two seconds, then one line that says what it does and for how long.

The line is on the standard error of a terminal only, and is gone before the command prints anything.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from partition_gate.core.display import displayed
from partition_gate.gate.run_context import FIELDS, fields

PACKAGE = "partition_gate"
SHOWN_AFTER_S = 2.0
_LONGEST_MESSAGE = 4000


def set_verbosity(*, verbose: int, quiet: bool) -> None:
    """`-v`: the log of the gate on the standard error; `-vv`: also its details; `-q`: errors only, no progress."""
    log = logging.getLogger(PACKAGE)
    log.setLevel(logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])
    if verbose:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
        log.addHandler(handler)


def log_as_json(package: str, *, quiet: bool, verbose: int) -> None:
    """Write the log of a package as JSON: from INFO on, with `verbose` > 1 from DEBUG, with `quiet` errors only."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger(package)
    log.addHandler(handler)
    log.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose > 1 else logging.INFO)
    log.propagate = False


@contextmanager
def shown_while_working(name: str, *, error: TextIO, after_s: float = SHOWN_AFTER_S) -> Iterator[None]:
    """Show the line while the block runs, if `error` is a terminal, until it writes to the standard output."""
    if not error.isatty():
        yield
        return
    line, output = _Line(name, error), sys.stdout
    timer = threading.Timer(after_s, line.show)
    timer.daemon = True
    log = logging.getLogger(PACKAGE)
    level = log.level
    log.addHandler(line)
    log.setLevel(min(level or logging.WARNING, logging.INFO))
    sys.stdout = _Announced(output, line)  # it passes everything on
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        line.hide()
        sys.stdout = output
        log.removeHandler(line)
        log.setLevel(level)


class JsonFormatter(logging.Formatter):
    """Each line has the same keys; those of the run are null while they are not known.

    The message is written with the characters of control escaped, like everything from files that people see.
    """

    def format(self, record: logging.LogRecord) -> str:
        known = fields()
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{name: known.get(name) for name in FIELDS},
            "message": displayed(record.getMessage(), limit=_LONGEST_MESSAGE),
        }
        if record.exc_info and record.exc_info[0]:
            # Only the type: the text and the frames of a traceback may hold values of rows.
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


class _Line(logging.Handler):
    """The name of the command, the newest entry of the log, and the seconds since the beginning."""

    def __init__(self, name: str, error: TextIO) -> None:
        super().__init__(logging.INFO)
        self._name, self._newest, self._began = name, "", time.monotonic()
        self._spinner = Spinner("dots")
        self._live = Live(
            get_renderable=self._render,
            console=Console(file=error),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            refresh_per_second=4,
        )
        self._is_over = False
        self._gate = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        self._newest = record.getMessage()
        if record.levelno >= logging.WARNING and logging.lastResort:  # what Python does with it without a handler
            self.hide()
            logging.lastResort.handle(record)

    def show(self) -> None:
        with self._gate:
            if not self._is_over:
                self._live.start()

    def hide(self) -> None:
        with self._gate:
            self._is_over = True
            self._live.stop()

    def _render(self) -> Spinner:
        seconds = int(time.monotonic() - self._began)
        text = ": ".join(part for part in (f"{self._name}, {seconds} s", displayed(self._newest, limit=100)) if part)
        self._spinner.update(text=Text(text, no_wrap=True, overflow="ellipsis"))
        return self._spinner


class _Announced:
    """The standard output, before whose first text the line disappears."""

    def __init__(self, output: TextIO, line: _Line) -> None:
        self._output, self._line = output, line

    def write(self, text: str) -> int:
        self._line.hide()
        return self._output.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)
