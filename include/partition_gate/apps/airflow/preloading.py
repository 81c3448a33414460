"""Imports what tasks need once, in the scheduler, from which the processes of tasks are forked.

Airflow calls this listener of the plugin when a component starts. A Celery worker has no such call; there
`airflow_local_settings.py` does it.
"""

from __future__ import annotations

import sys
from importlib import import_module

from airflow.listeners import hookimpl

from partition_gate.wiring import preload

# What a DAG file imports, and what the steps of a partition use.
_OF_TASKS = ("tasks", "dag_building", "dag_docs", "links", "notes", "timetable", "watch")


@hookimpl
def on_starting(component: object) -> None:  # noqa: ARG001 (Airflow's signature)
    """Load the modules before the scheduler's executor forks its workers. Nothing is opened."""
    if sys.argv[1:2] == ["scheduler"]:
        load_all()


def load_all() -> None:
    """Import every module that a task needs."""
    preload()
    for name in _OF_TASKS:
        import_module(f"partition_gate.apps.airflow.{name}")
