"""Work in processes of its own, forked from one that has imported everything, and ended as SIGKILL ends them."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

SLICE_S = 0.002


@dataclass(frozen=True)
class Failpoint:
    """A function of the product, `package.module:Class.function`; before or after its call the process gets a signal.

    SIGKILL ends it; SIGSTOP stops it until `Process.go_on`.
    """

    place: str
    after: bool
    signal: signal.Signals = signal.SIGKILL

    def arm(self) -> None:
        """From now on, this process gets the signal there, once."""
        module, _, path = self.place.partition(":")
        owner: Any = import_module(f"partition_gate.{module}")
        *holders, name = path.split(".")
        for holder in holders:
            owner = getattr(owner, holder)
        called = getattr(owner, name)

        @functools.wraps(called)
        def interrupted(*args: Any, **kwargs: Any) -> Any:
            setattr(owner, name, called)
            answer = called(*args, **kwargs) if self.after else None
            os.kill(os.getpid(), self.signal)
            return answer if self.after else called(*args, **kwargs)

        setattr(owner, name, interrupted)


@dataclass(frozen=True)
class Moment:
    """The process ends so many seconds after its start, wherever it is."""

    after_s: float


@dataclass(frozen=True)
class Ended:
    """How a process ended. `code` is None where it was killed; `answer` is what its work returned."""

    code: int | None
    seconds: float
    answer: Any = None
    hung: bool = False

    @property
    def was_killed(self) -> bool:
        return self.code is None and not self.hung


class Process:
    """Work in a process of its own, its output appended to `log`.

    `work` returns something that JSON can hold, or exits with a code.
    """

    def __init__(self, work: Callable[[], Any], *, log: Path, kill: Failpoint | Moment | None = None) -> None:
        self._answer = os.memfd_create("answer")  # a pipe would hold 64 KB, and nobody reads it meanwhile
        self._kill, self._begin = kill, time.monotonic()
        self._pid = os.fork()
        if self._pid == 0:
            _work(work, kill, log, self._answer)

    def stopped(self) -> bool:
        """Wait until its failpoint has stopped it; False where it ended before that."""
        _, status = os.waitpid(self._pid, os.WUNTRACED)
        return os.WIFSTOPPED(status)

    def go_on(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it now, wherever it is."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def has_ended(self) -> bool:
        """Whether `ended` would return at once."""
        return os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def ended(self, *, limit_s: float = 60) -> Ended:
        """Wait for its end; a process that is not done by its limit hung, and is killed."""
        last = self._kill.after_s if isinstance(self._kill, Moment) else limit_s
        status, is_over = _waited(self._pid, self._begin + last)
        seconds = time.monotonic() - self._begin
        with os.fdopen(self._answer, "rb") as file:
            file.seek(0)
            content = file.read()
        if not is_over:
            return Ended(code=None, seconds=seconds, hung=not isinstance(self._kill, Moment))
        if os.WIFSIGNALED(status):
            return Ended(code=None, seconds=seconds)
        return Ended(code=os.WEXITSTATUS(status), seconds=seconds, answer=json.loads(content) if content else None)


def _waited(pid: int, until: float) -> tuple[int, bool]:
    """The process's status, and whether it ended by itself; it is killed at `until`."""
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status, True
        time.sleep(SLICE_S)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1], False


def _work(work: Callable[[], Any], kill: Failpoint | Moment | None, log: Path, answer: int) -> None:
    """The child: never returns."""
    code = 0
    try:
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(output, stream)
        if isinstance(kill, Failpoint):
            kill.arm()
        with os.fdopen(answer, "wb") as file:
            file.write(json.dumps(work()).encode())
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        code = 70
        with suppress(OSError):  # the log may be what cannot be written; nothing may leave this function
            traceback.print_exc()
    with suppress(ValueError, OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
