"""Keys as Airflow spells them, and the schedules that make them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.apps.airflow.timetable import from_airflow, to_airflow
from partition_gate.apps.airflow.watch import trigger_of
from partition_gate.contract.model import Dataset
from partition_gate.contract.schedule import schedule_of
from partition_gate.gate.look import WantedRun


def partitioned(*segments: str, slas: Sequence[dict[str, Any]] = (), **of_type: str) -> Dataset:
    path = "/d/" + "".join(f"{name}=*/" for name in segments) + "*.parquet"
    columns = [
        {"name": name, "logicalType": of_type.get(name, "string"), "partitioned": True, "partitionKeyPosition": place}
        for place, name in enumerate(segments, start=1)
    ]
    servers = [{"server": "x", "type": "local", "path": path, "format": "parquet"}]
    schema = [{"name": "orders", "properties": [{"name": "id", "logicalType": "integer"}, *columns]}]
    return read(minimal(servers=servers, schema=schema, slaProperties=list(slas)))


@pytest.mark.parametrize(
    "key", ["2026-11-29/02", "2026-11-29", "EU/2026-11-29/02", "A%2FB/%7E", "%20/20/%2520", "snapshot"]
)
def test_a_key_comes_back_from_airflow_as_people_write_it(key):
    assert from_airflow(to_airflow(key)) == key
    assert re.fullmatch(r"[A-Za-z0-9_.~:+-]+", to_airflow(key))


def test_both_spellings_of_a_key_are_the_same_partition():
    assert from_airflow("2026-11-29~02") == from_airflow("2026-11-29/02") == "2026-11-29/02"
    assert to_airflow("2026-11-29~02") == to_airflow("2026-11-29/02") == "2026-11-29~02"


@pytest.mark.parametrize(
    ("segments", "key_format", "cron"),
    [
        ((), "snapshot", "15 2 * * *"),
        (("dt",), "%Y-%m-%d", "15 2 * * *"),
        (("shipped",), "%Y-%m-%d", "15 2 * * *"),
        (("dt", "hour"), "%Y-%m-%d/%H", "15 * * * *"),
        (("ds", "hh"), "%Y-%m-%d/%H", "15 * * * *"),
        (("year", "month", "day"), "%Y/%m/%d", "15 2 * * *"),
        (("year", "month", "day", "h"), "%Y/%m/%d/%H", "15 * * * *"),
    ],
)
def test_a_key_is_the_periods_date_by_the_names_of_its_segments(segments, key_format, cron):
    schedule = schedule_of(partitioned(*segments))

    assert (schedule.key_format, schedule.cron) == (key_format, cron)


def test_a_segment_of_another_name_is_a_date_where_its_column_is_one():
    assert schedule_of(partitioned("shipped", "hour", shipped="date")).key_format == "%Y-%m-%d/%H"


@pytest.mark.parametrize(
    ("frequency", "key_format", "cron"),
    [
        ((1, "d"), "%Y-%m-%dT00:00:00%z", "15 2 * * *"),
        ((1, "h"), "%Y-%m-%dT%H:00:00%z", "15 * * * *"),
        ((6, "h"), "%Y-%m-%dT%H:00:00%z", "15 */6 * * *"),
        ((15, "min"), "%Y-%m-%dT%H:%M:00%z", "*/15 * * * *"),
    ],
)
def test_a_segment_of_moments_runs_as_often_as_the_contract_says(frequency, key_format, cron):
    value, unit = frequency
    slas = [{"property": "frequency", "value": value, "unit": unit}]
    schedule = schedule_of(partitioned("ts", slas=slas, ts="timestamp"))

    assert (schedule.key_format, schedule.cron) == (key_format, cron)


def test_no_cron_knows_the_keys_of_regions():
    schedule = schedule_of(partitioned("region", "dt"))

    assert schedule.key_format is None
    assert "trigger each run with its key" in schedule.summary


@pytest.mark.parametrize(("segments", "period"), [(("dt",), timedelta(days=1)), (("dt", "hour"), timedelta(hours=1))])
def test_as_many_runs_wait_as_periods_begin_while_one_waits_so_that_no_period_is_left_out(segments, period):
    assert schedule_of(partitioned(*segments)).runs_at_once * period > timedelta(days=7)


def test_the_watch_triggers_the_dag_of_the_dataset():
    partition = {"contract": "shop", "dataset": "lines", "key": "2026-11-29/02", "why": "landed"}
    run = WantedRun(dag="gate__shop__lines", fingerprint="f", fence=0, **partition)

    assert trigger_of(run)["trigger_dag_id"] == "gate__shop__lines"
