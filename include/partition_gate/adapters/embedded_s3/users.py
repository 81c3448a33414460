"""Runs the embedded S3 server while it is in use: the last user stops it, whichever process started it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from partition_gate.adapters.embedded_s3.layout import Layout
from partition_gate.adapters.embedded_s3.server import BUCKETS, EmbeddedS3, ensure_running, stop


@contextmanager
def running(home: Path, *, buckets: tuple[str, ...] = BUCKETS) -> Iterator[EmbeddedS3]:
    """The home's server. If such a block started it, it stops with the last such block of any process.

    Users hold a shared lock, which the kernel releases when a process dies; the user that then gets it exclusively is
    the last. A server that `ensure_running` started keeps running.
    """
    layout = Layout(home=home.absolute())
    layout.prepare()
    with layout.users.open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        server = ensure_running(home, buckets=buckets)
        if server.started_here:
            layout.borrowed.touch()
        try:
            yield server
        finally:
            _leave(layout, users)


def _leave(layout: Layout, users: IO[str]) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    with suppress(BlockingIOError):
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if layout.borrowed.exists():
            stop(layout.home)
            layout.borrowed.unlink()
