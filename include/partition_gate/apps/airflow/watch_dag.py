"""The watch: every five minutes it looks for what no partition run would notice, and starts the runs that are wanted.

It settles partitions that never came as MISSING, and records the problems of datasets. A run is red while messages to
people cannot be delivered. Unpause it once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, task

from partition_gate.apps.airflow.watch import refuse_undelivered
from partition_gate.apps.airflow.watch import watch as one_pass
from partition_gate.watching.heartbeat import INTERVAL


@task(execution_timeout=2 * INTERVAL)
def watch() -> list[dict[str, Any]]:
    return one_pass()


@task(task_id="messages_delivered", execution_timeout=INTERVAL)
def messages_delivered() -> None:
    refuse_undelivered()


def watch_dag() -> DAG:
    """The DAG. A DAG file assigns it to a name: `gate_watch = watch_dag()`."""
    with DAG(
        dag_id="gate_watch",
        description="Partitions that never came, landed late or changed; broken promises; what killed runs left.",
        schedule=INTERVAL,
        start_date=datetime(2020, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(minutes=20),
        tags=["partition-gate"],
        default_args={"retries": 0, "owner": "partition-gate"},
        auto_register=False,
    ) as dag:
        wanted: Any = watch()
        TriggerDagRunOperator.partial(
            task_id="start_runs", logical_date=None, skip_when_already_exists=True, openlineage_inject_parent_info=False
        ).expand_kwargs(wanted)
        wanted >> messages_delivered()
    return dag
