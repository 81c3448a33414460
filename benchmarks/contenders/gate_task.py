"""Partition Gate as a scheduled task: forked from a process that has everything imported, as Airflow's scheduler does
(`include/airflow_local_settings.py`). Measures the whole process of the task, from the fork.
"""

import os
import sys

from gate import verdict_and_failing_rows
from timing import measure

if __name__ == "__main__":
    if task := os.fork():
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(task, 0)[1]))
    measure(verdict_and_failing_rows)
