"""What a long command shows while it works."""

from __future__ import annotations

import io
import logging
import sys
import time
from contextlib import redirect_stderr

import pytest

from partition_gate.apps.cli.progress import PACKAGE, set_verbosity, shown_while_working

log = logging.getLogger(f"{PACKAGE}.tests")


class Terminal(io.StringIO):
    """A terminal that notes what it was told."""

    def isatty(self) -> bool:
        return True


def until(terminal: Terminal, words: str) -> bool:
    for _ in range(100):
        if words in terminal.getvalue():
            return True
        time.sleep(0.02)
    return False


def test_work_that_lasts_says_what_it_is_doing(capsys: pytest.CaptureFixture[str]):
    terminal = Terminal()

    with shown_while_working("gate run", error=terminal, after_s=0):
        log.info("judging flights")
        assert until(terminal, "gate run, 0 s: judging flights")

    assert capsys.readouterr().out == ""


def test_work_that_is_soon_done_shows_nothing():
    terminal = Terminal()

    with shown_while_working("gate run", error=terminal, after_s=60):
        log.info("judging flights")

    assert terminal.getvalue() == ""


def test_the_line_is_gone_before_the_result_is_printed(capsys: pytest.CaptureFixture[str]):
    terminal = Terminal()

    with shown_while_working("gate run", error=terminal, after_s=0):
        assert until(terminal, "gate run")
        print("the result")
        shown = terminal.getvalue()
        time.sleep(0.6)  # longer than the line needs to be drawn again
        assert terminal.getvalue() == shown

    assert shown.endswith("\x1b[2K")
    assert capsys.readouterr().out == "the result\n"


def test_a_warning_is_printed_and_not_swallowed():
    terminal = Terminal()

    with redirect_stderr(terminal), shown_while_working("gate run", error=terminal, after_s=60):
        log.warning("the view is not refreshed")

    assert "the view is not refreshed\n" in terminal.getvalue()


def test_a_pipe_and_a_log_file_get_no_progress():
    pipe, output = io.StringIO(), sys.stdout

    with shown_while_working("gate run", error=pipe, after_s=0):
        assert sys.stdout is output
        time.sleep(0.1)

    assert pipe.getvalue() == ""


def test_an_error_removes_the_line_too():
    terminal, output = Terminal(), sys.stdout

    def interrupted() -> None:
        with shown_while_working("gate run", error=terminal, after_s=0):
            assert until(terminal, "gate run")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert terminal.getvalue().endswith("\x1b[2K")
    assert sys.stdout is output


@pytest.mark.parametrize(
    ("verbose", "quiet", "level"),
    [(0, False, logging.WARNING), (1, False, logging.INFO), (3, False, logging.DEBUG), (0, True, logging.ERROR)],
)
def test_the_log_is_as_loud_as_was_asked_for(verbose: int, *, quiet: bool, level: int):
    package = logging.getLogger(PACKAGE)
    before, handlers = package.level, list(package.handlers)

    try:
        set_verbosity(verbose=verbose, quiet=quiet)

        assert package.level == level
        assert len(package.handlers) == len(handlers) + bool(verbose)
    finally:
        package.setLevel(before)
        package.handlers[:] = handlers
