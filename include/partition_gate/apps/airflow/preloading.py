"""Loads the heavy libraries once, in the Airflow process that forks the tasks.

Without it, each task spends seconds on importing Great Expectations. `airflow_local_settings.py`, which every Airflow
process imports, calls it; so this module imports nothing itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def preload_where_tasks_fork(arguments: Sequence[str] | None = None) -> None:
    """Import what tasks need if this process is a scheduler or a Celery worker; otherwise do nothing.

    `arguments`: the command line; default: that of this process.
    """
    if _forks_tasks(list(sys.argv if arguments is None else arguments)):
        from partition_gate.wiring import preload  # noqa: PLC0415 (only where it is needed)

        preload()


def _forks_tasks(arguments: list[str]) -> bool:
    return "scheduler" in arguments[1:2] or arguments[1:3] == ["celery", "worker"]
