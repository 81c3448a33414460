"""Runs the embedded S3 server while it is in use: the last user stops it, whichever process started it."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from partition_gate.adapters.embedded_s3.layout import Layout
from partition_gate.adapters.embedded_s3.server import BUCKETS, EmbeddedS3, ensure_running, stop

_GUARD = Path(__file__).with_name("guard.py")


@contextmanager
def running(home: Path, *, buckets: tuple[str, ...] = BUCKETS) -> Iterator[EmbeddedS3]:
    """The home's server. If such a block started it, it stops with the last such block of any process.

    Users hold a shared lock, which the kernel releases when a process dies; the user that then gets it exclusively is
    the last. If that one was killed, a guard gets the lock. A server that `ensure_running` started keeps running.
    """
    layout = Layout(home=home.absolute())
    layout.prepare()
    with layout.users.open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        server = ensure_running(home, buckets=buckets, before_start=partial(_borrow, layout))
        try:
            yield server
        finally:
            _leave(layout, users, server)


def stop_borrowed(home: Path) -> None:
    """Stop the home's server if a user started it. Only for whoever holds the users' lock exclusively."""
    layout = Layout(home=home.absolute())
    if layout.borrowed.exists():
        stop(layout.home)
        layout.borrowed.unlink()


def _borrow(layout: Layout) -> None:
    """Before the server starts: until it is ready, its starter may be killed as well."""
    layout.borrowed.touch()
    _start_guard(layout)


def _start_guard(layout: Layout) -> None:
    arguments = [sys.executable, "-S", str(_GUARD), str(layout.users), str(layout.borrowed), str(layout.home)]
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    os.waitpid(os.posix_spawn(sys.executable, arguments, environment, file_actions=null), 0)


def _leave(layout: Layout, users: IO[str], server: EmbeddedS3) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # other users hold it, or the guard, which was faster: then the server is about to end
        fcntl.flock(users, fcntl.LOCK_SH)
        if server.started_here and not layout.borrowed.exists():
            os.waitpid(server.pid, 0)  # it has ended, and was our child
    else:
        stop_borrowed(layout.home)


if __name__ == "__main__":
    stop_borrowed(Path(sys.argv[1]))
