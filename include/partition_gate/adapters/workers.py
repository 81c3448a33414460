"""The processes that judge, to distinguish the work of a live process from the leftovers of a dead one."""

from __future__ import annotations

import os
import socket

import psutil


class LocalWorkers:
    """`Workers` by process id and start time, so that an id reused by another program is not mistaken for ours."""

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
            running = psutil.Process(int(pid))
            return f"{running.create_time():.2f}" == started and running.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ValueError):
            return False
