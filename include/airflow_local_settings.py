"""Imported by every Airflow process. Heavy libraries are loaded once, in the process that forks the tasks.

Without it each task spends seconds on importing Great Expectations. No connection may be opened here.
"""

from __future__ import annotations

import sys


def _forks_tasks(arguments: list[str]) -> bool:
    return "scheduler" in arguments[1:2] or arguments[1:3] == ["celery", "worker"]


if _forks_tasks(sys.argv):
    from partition_gate.adapters.gx import docs, validator  # noqa: F401
    from partition_gate.adapters.ledger import ledger  # noqa: F401
    from partition_gate.adapters.object_store import routing, s3  # noqa: F401
    from partition_gate.adapters.warehouse_delta import warehouse  # noqa: F401
