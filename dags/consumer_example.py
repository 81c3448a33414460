"""Two example consumers: one run for each published partition of `flights` or `weather_hourly`, none if rejected."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, PartitionedAssetTimetable, dag, task

from partition_gate.apps.airflow import consumer
from partition_gate.apps.airflow.timetable import from_airflow


def published(dataset: str) -> PartitionedAssetTimetable:
    return PartitionedAssetTimetable(assets=Asset(name=f"validated.{dataset}", uri=f"gate://validated/{dataset}"))


@task
def delays(dag_run: Any = None) -> dict[str, Any]:
    return consumer.delays(from_airflow(dag_run.partition_key))


@task
def weather(dag_run: Any = None) -> dict[str, Any]:
    return consumer.weather(from_airflow(dag_run.partition_key))


@dag(
    dag_id="consumer__flight_delays",
    description="Example consumer: delays of the day by carrier, from validated data only.",
    schedule=published("flights"),
    catchup=False,
    tags=["consumer"],
)
def flight_delays() -> None:
    delays()


@dag(
    dag_id="consumer__hourly_weather",
    description="Example of an hourly consumer: the temperature at each airport, from validated data only.",
    schedule=published("weather_hourly"),
    catchup=False,
    tags=["consumer"],
)
def hourly_weather() -> None:
    weather()


flight_delays()
hourly_weather()
