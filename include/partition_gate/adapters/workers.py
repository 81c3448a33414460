"""The processes that judge, so that what a dead one left behind can be told from what a live one works on."""

from __future__ import annotations

import os
import socket

import psutil


class LocalWorkers:
    """`Workers` by process id and start time: an id that another program has by now is not taken for ours."""

    @property
    def own(self) -> str:
        pid = os.getpid()
        return f"{socket.gethostname()}/{pid}/{psutil.Process(pid).create_time():.2f}"

    def is_running(self, owner: str) -> bool | None:
        host, _, process = owner.partition("/")
        if host != socket.gethostname():
            return None
        pid, _, started = process.partition("/")
        try:
            found = psutil.Process(int(pid))
            return f"{found.create_time():.2f}" == started and found.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ValueError):
            return False
