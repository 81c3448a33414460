"""A consumer: runs once for each published partition of `flights`, never for a rejected one."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, PartitionedAssetTimetable, dag, task

from partition_gate import consumer


@task
def delays(dag_run: Any = None) -> dict[str, Any]:
    return consumer.delays(dag_run.partition_key)


@dag(
    dag_id="consumer__flight_delays",
    description="Example of a consumer: the day's delays by carrier, from validated data only.",
    schedule=PartitionedAssetTimetable(assets=Asset(name="validated.flights", uri="gate://validated/flights")),
    catchup=False,
    tags=["consumer"],
)
def flight_delays() -> None:
    delays()


flight_delays()
