"""Waits for the last user of an embedded S3 server, and has the server stopped if that user was killed.

A program of its own that needs the standard library only, so it is run by its path: it starts in 20 ms and waits in
8 MB. A signal to the user's process group or terminal does not reach it, and nobody has to reap it.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

POLL_S = 0.5
STOP = "partition_gate.adapters.embedded_s3.users"


def main(users: str, borrowed: str, home: str) -> None:
    """Wait until nobody holds the lock on `users`; then stop the server of the home, unless that was done."""
    if os.fork():
        os._exit(0)
    os.setsid()
    with Path(users).open("r+") as lock:
        while not _is_last(lock):
            time.sleep(POLL_S)
        if Path(borrowed).exists():
            # A new user waits for the lock until the server has been stopped.
            subprocess.run([sys.executable, "-m", STOP, home], check=False)


def _is_last(lock: IO[str]) -> bool:
    """Whether nobody else holds the lock; then it is ours. Asked again and again: whoever leaves is to be the first."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    main(*sys.argv[1:])
