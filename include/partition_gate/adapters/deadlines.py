"""Calls that end within a limit, whatever they wait for."""

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
    """The moment after which a call that has several steps must not begin another one."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds that are left; never negative."""
        return max(0.0, self._at - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.left_s == 0.0


def within(seconds: float, call: Callable[[], T]) -> T:
    """What the call returns or raises, made in a thread of its own.

    Python cannot end a thread, so one that reached its limit is left behind. It is a daemon: the process ends without
    it. What it might still do to the world is the caller's to prevent.

    Raises:
        LimitReached: the call did not return in time.
    """
    begun = _begun(call)
    try:
        return begun.get(timeout=seconds)()
    except Empty:
        raise LimitReached from None


def within_or_stopped(seconds: float, call: Callable[[], T], *, stop: Callable[[], None], stops_within_s: float) -> T:
    """The same for a call that `stop` can end. From the limit on `stop` is called again and again, because the call may
    take what was stopped for a failure and go on; a call that goes on for longer is left behind.

    Raises:
        LimitReached: the call did not return in time, whatever it did after that.
    """
    begun, end = _begun(call), Deadline(seconds + stops_within_s)
    try:
        return begun.get(timeout=seconds)()
    except Empty:
        while not end.passed and begun.empty():
            stop()
            time.sleep(_STOP_EVERY_S)
        raise LimitReached from None


def _begun(call: Callable[[], T]) -> SimpleQueue[Callable[[], T]]:
    """The queue to which a thread of its own hands what the call returned or raised, to be had by calling it."""
    answers: SimpleQueue[Callable[[], T]] = SimpleQueue()

    def answer() -> None:
        try:
            returned = call()
        except BaseException as error:  # raised again by the caller's thread
            answers.put(partial(_raise, error))
        else:
            answers.put(lambda: returned)

    Thread(target=copy_context().run, args=(answer,), name="within", daemon=True).start()
    return answers


def _raise(error: BaseException) -> NoReturn:
    raise error
