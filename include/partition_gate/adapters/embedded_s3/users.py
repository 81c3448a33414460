"""The embedded S3 server for as long as somebody uses it: the last user stops it, whoever started it."""

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
    """The home's server. One that such a block started ends with the last such block, of any process.

    Users hold a shared lock, which the kernel gives back when a process dies; who gets the lock for himself is the
    last. A server that `ensure_running` started outlives all of them.
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
