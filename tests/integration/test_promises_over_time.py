"""Promises over time on a partition's whole journey: they block nothing, and are recorded, shown and told."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_gate_run import FAILED, PUBLISHED, Desk, check_of

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.airflow import tasks
from partition_gate.gate.notify import announce
from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

FIRST, SECOND, THIRD = "2026-01-01", "2026-01-02", "2026-01-03"


def a_window(**rule: Any) -> dict[str, Any]:
    return {"id": "nulls_in_a_week", "metric": "nullValues", "unit": "percent", **rule} | {
        "customProperties": [{"property": "window", "value": "7d"}]
    }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """At most 2.5 % of a week's notes are null, and no more than 5 % of a partition may be quarantined."""
    desk = Desk(tmp_path)
    columns = [
        {"name": "dt", "logicalType": "date", "partitioned": True},
        {"name": "id", "logicalType": "integer", "logicalTypeOptions": {"minimum": 0}},
        {"name": "note", "logicalType": "string", "quality": [a_window(mustBeLessOrEqualTo=2.5)]},
    ]
    rows = {"id": "rows_in_a_week", "metric": "rowCount", "mustBeLessThan": 250}
    desk.write_contract(
        schema=[{"name": "orders", "properties": columns, "quality": [{**a_window(), **rows, "unit": "rows"}]}]
    )
    return desk


def land(desk: Desk, key: str, nulls: int, *, first: int = 0) -> None:
    desk.land(key, id=list(range(first, first + 100)), note=[None] * nulls + ["x"] * (100 - nulls))


def test_a_broken_window_blocks_nothing_and_is_recorded_shown_and_told_once(desk: Desk) -> None:
    land(desk, FIRST, nulls=0)
    land(desk, SECOND, nulls=6)

    _, before = desk.run(FIRST)
    code, document = desk.run(SECOND)
    _, again = desk.run(SECOND)

    check = check_of(document, "nulls_in_a_week")
    assert (code, document["outcome"], document["rows_published"]) == (PUBLISHED, "published", 100)
    assert (check["scope"], check["outcome"]) == ("sla", "failed")
    assert check["observed"] == "6 of 200 rows (3.00%) in 2 of 7 partitions"
    assert check_of(before, "nulls_in_a_week")["outcome"] == "passed"
    assert check_of(document, "rows_in_a_week")["observed"] == "200 rows in 2 of 7 partitions"
    page = Path(document["links"]["docs"].removeprefix("file://")).read_text()
    assert "6 of 200 rows (3.00%) in 2 of 7 partitions" in page
    assert "at most 2.5 % null, over 7 days" in page
    (message,) = document["messages"]
    assert "orders 2026-01-02 did not keep nulls_in_a_week: 6 of 200 rows" in message["text"]
    assert (again["already_published"], again["checks"], again["messages"]) == (
        True,
        document["checks"],
        document["messages"],
    )


def test_a_partition_that_is_corrected_corrects_the_window(desk: Desk) -> None:
    land(desk, FIRST, nulls=6)
    land(desk, SECOND, nulls=2)
    land(desk, THIRD, nulls=0)
    for key in (FIRST, SECOND):
        desk.run(key)

    land(desk, FIRST, nulls=0)
    desk.run(FIRST)
    _, document = desk.run(THIRD)

    assert check_of(document, "nulls_in_a_week")["observed"] == "2 of 300 rows (0.67%) in 3 of 7 partitions"
    assert check_of(document, "rows_in_a_week")["outcome"] == "failed"


def test_a_rejected_partition_is_in_its_own_window_and_in_no_other(desk: Desk) -> None:
    land(desk, FIRST, nulls=10, first=-50)
    land(desk, SECOND, nulls=1)

    code, first = desk.run(FIRST)
    _, second = desk.run(SECOND)

    assert (code, first["outcome"]) == (FAILED, "rejected")
    assert check_of(first, "nulls_in_a_week")["observed"] == "10 of 100 rows (10.00%) in 1 of 7 partitions"
    assert check_of(second, "nulls_in_a_week")["observed"] == "1 of 100 rows (1.00%) in 1 of 7 partitions"


def service_levels(desk: Desk, *levels: dict[str, Any], **changes: Any) -> None:
    columns = [
        {"name": "dt", "logicalType": "date", "partitioned": True},
        {"name": "id", "logicalType": "integer"},
        {"name": "at", "logicalType": "timestamp"},
    ]
    desk.write_contract(schema=[{"name": "orders", "properties": columns}], slaProperties=list(levels), **changes)


LEVELS = (
    {"property": "latency", "value": 4, "unit": "h"},
    {"property": "timeOfAvailability", "value": "07:30"},
    {"property": "freshness", "value": 1, "unit": "d", "element": "at"},
    {"property": "retention", "value": 10, "unit": "y", "element": "at"},
    {"property": "availability", "value": 99, "unit": "percent"},
    {"property": "throughput", "value": 101, "unit": "rows"},
)


def test_service_levels_are_held_from_the_one_scan_the_clock_and_the_ledger(desk: Desk) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    noon = datetime(yesterday.year, yesterday.month, yesterday.day, 12, tzinfo=UTC)
    service_levels(desk, *LEVELS)
    path = desk.land(str(yesterday), id=[1, 2, 3], at=[noon - timedelta(days=20 * 366), noon, None])
    landed = noon + timedelta(hours=16, seconds=1)
    os.utime(path, (landed.timestamp(),) * 2)

    code, document = desk.run(str(yesterday))

    sla = {check["rule_id"]: check["outcome"] for check in document["checks"] if check["scope"] == "sla"}
    observed = {check["rule_id"]: check["observed"] for check in document["checks"]}
    page = Path(document["links"]["docs"].removeprefix("file://")).read_text()
    assert (code, document["outcome"]) == (PUBLISHED, "published")
    assert sla["latency"] == "failed"
    assert sla["retention.at"] == "failed"
    assert sla["throughput"] == "failed"
    assert sla["availability"] == "failed"
    assert observed["throughput"] == "3 rows"
    assert observed["latency"].endswith(f"1 s late; due {yesterday + timedelta(days=1)} 04:00 UTC")
    assert set(sla) == {"timeOfAvailability", "freshness.at", "latency", "retention.at", "throughput", "availability"}
    assert all(text in page for rule, text in observed.items() if rule in sla)
    (message,) = document["messages"]
    assert "did not keep latency: landed" in message["text"]


def test_promises_of_a_contract_whose_life_has_ended_are_not_broken_by_loading_its_data(
    desk: Desk,
) -> None:
    service_levels(desk, *LEVELS[:-1], {"property": "endOfLife", "value": "2014-01-01"})
    desk.land("2013-01-03", id=[1], at=[datetime(2013, 1, 3, tzinfo=UTC)])

    _, document = desk.run("2013-01-03")

    assert {check["outcome"] for check in document["checks"] if check["scope"] == "sla"} == {"passed"}
    assert document["messages"] == []


def test_loading_old_data_is_recorded_as_late_and_tells_nobody(desk: Desk) -> None:
    service_levels(desk, LEVELS[0], LEVELS[4])
    desk.land("2013-01-03", id=[1], at=[datetime(2013, 1, 3, tzinfo=UTC)])

    _, document = desk.run("2013-01-03")

    assert (check_of(document, "latency")["outcome"], check_of(document, "latency")["severity"]) == ("warned", "info")
    assert document["messages"] == []


@pytest.mark.parametrize(("key", "found"), [("2026-01-02", "missing"), ("2026-01-03", "not_expected")])
def test_a_day_that_the_calendar_does_not_have_is_neither_recorded_nor_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, key: str, found: str
) -> None:
    service_levels(desk, LEVELS[0], customProperties=[{"property": "calendar", "value": "weekdays"}])
    desk.landing.mkdir()
    expectations = desk.folder / "expectations"
    ContractFolder(desk.folder, expectations).write_suites(desk.contract)
    for name, value in {"HOME": desk.home, "CONTRACTS": desk.folder, "EXPECTATIONS": expectations}.items():
        monkeypatch.setenv(f"GATE_{name}", str(value))

    arrival = tasks.arrive("orders", key)

    assert set(arrival or ()) - {"note"} == {found}
    with open_ports(load_settings()) as ports:
        announce(ports.ledger, ports.clock)
        recorded = [one.outcome.value for one in ports.ledger.latest()]
        assert (recorded, len(ports.ledger.messages())) == ((["missing"], 1) if found == "missing" else ([], 0))
