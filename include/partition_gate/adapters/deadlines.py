"""Calls that end within a limit, whatever they wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


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
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # raised again by the caller's thread
            answers.put((None, error))

    Thread(target=copy_context().run, args=(answer,), name="within", daemon=True).start()
    try:
        returned, raised = answers.get(timeout=seconds)
    except Empty:
        raise LimitReached from None
    if raised is not None:
        raise raised
    return returned  # type: ignore[return-value]  # None only where the call returned None
