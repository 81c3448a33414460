"""Calls with a time limit, whatever they wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NoReturn, TypeVar

T = TypeVar("T")
_STOP_EVERY_S = 0.05


class LimitReached(Exception):
    """The call did not return within its limit."""


class Deadline:
    """The time after which a call with several steps must not start another step.

    `has_begun`: the step that cannot be undone was started, or was refused because it was too late.
    """

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds
        self.has_begun = False

    def begin(self) -> None:
        """Call this before the step that cannot be undone, so that an abandoned call never takes it late.

        Raises: TimeoutError.
        """
        self.has_begun = True  # first, so that whoever reads False after the deadline knows that nothing will happen
        if self.passed:
            raise TimeoutError

    @property
    def left_s(self) -> float:
        """The remaining seconds; never negative."""
        return max(0.0, self._at - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.left_s == 0.0


def within(seconds: float, call: Callable[[], T]) -> T:
    """Run the call in its own thread; returns or raises what the call does.

    Python cannot end a thread, so a thread that reaches the limit keeps running. It is a daemon and does not keep the
    process alive. The caller must prevent any late effects of the call.

    Raises:
        LimitReached: the call did not return in time.
    """
    result = _start(call)
    try:
        return result.get(timeout=seconds)()
    except Empty:
        raise LimitReached from None


def within_or_stopped(seconds: float, call: Callable[[], T], *, stop: Callable[[], None], stops_within_s: float) -> T:
    """As `within`, for a call that `stop` can end. After the limit `stop` is called repeatedly, because the call may
    treat the interruption as a failure and continue. A call that continues for `stops_within_s` is abandoned.

    Raises:
        LimitReached: the call did not return in time, even if it returned after `stop`.
    """
    result, end = _start(call), Deadline(seconds + stops_within_s)
    try:
        return result.get(timeout=seconds)()
    except Empty:
        while not end.passed and result.empty():
            stop()
            time.sleep(_STOP_EVERY_S)
        raise LimitReached from None


def _start(call: Callable[[], T]) -> SimpleQueue[Callable[[], T]]:
    """Start the call in a thread. The queue receives one function, which returns or raises what the call did."""
    results: SimpleQueue[Callable[[], T]] = SimpleQueue()

    def run() -> None:
        try:
            returned = call()
        except BaseException as error:  # raised again in the caller's thread
            results.put(partial(_raise, error))
        else:
            results.put(lambda: returned)

    Thread(target=copy_context().run, args=(run,), name="within", daemon=True).start()
    return results


def _raise(error: BaseException) -> NoReturn:
    raise error
