"""Imported by every Airflow process. Loads the heavy libraries once, in the Celery worker that forks the tasks.

Without it, each task spends seconds on importing Great Expectations. If your Airflow already has a file of this name,
call `preload()` in that file in the same way. In a scheduler that runs tasks itself, the plugin does it.
"""

from __future__ import annotations

import sys


def _forks_tasks(arguments: list[str]) -> bool:
    return arguments[1:3] == ["celery", "worker"]


if _forks_tasks(sys.argv):
    from partition_gate.wiring import preload

    preload()
