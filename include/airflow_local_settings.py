"""Imported by every Airflow process. Loads the heavy libraries once, in the process that forks the tasks.

If your Airflow already has a file of this name, call the function in that file.
"""

from __future__ import annotations

from partition_gate.apps.airflow.preloading import preload_where_tasks_fork

preload_where_tasks_fork()
