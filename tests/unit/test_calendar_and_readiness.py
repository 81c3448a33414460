"""When a partition is expected, due and ready."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.contract.calendar import deadline, period
from partition_gate.contract.readiness import Missing, Ready, Wait, readiness
from partition_gate.contract.schedule import schedule_of
from partition_gate.errors import MalformedPartitionKey
from partition_gate.partition import DataFile, Partition, idempotency_key
from partition_gate.units import duration, fraction

SLA = [{"property": "latency", "value": 4, "unit": "h"}]
NEW_YORK = [{"property": "timezone", "value": "America/New_York"}]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_file(landed: str) -> DataFile:
    return DataFile(path="/data/dt=2026-11-01/a.parquet", etag="1", size_bytes=10, modified_at=at(landed))


def test_a_day_with_a_clock_change_has_25_hours():
    contract = read(minimal(slaProperties=SLA, customProperties=NEW_YORK))

    start, end = period(contract, "2026-11-01")

    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=25)
    assert deadline(contract, "2026-11-01") == at("2026-11-02T09:00")


def test_an_hourly_key_covers_one_hour():
    servers = [{"server": "x", "type": "local", "path": "/d/dt=*/hour=*/*.parquet", "format": "parquet"}]
    contract = read(minimal(servers=servers))

    assert period(contract, "2026-01-01/07") == (at("2026-01-01T07:00"), at("2026-01-01T08:00"))
    assert schedule_of(contract).key_format == "%Y-%m-%d/%H"


@pytest.mark.parametrize("key", ["2026-01-01/07", "", "../../etc", "a b", "snapshot/x"])
def test_a_key_that_does_not_fit_the_location_is_refused(key):
    with pytest.raises(MalformedPartitionKey):
        read(minimal()).location.values(key)


@pytest.mark.parametrize(
    ("files", "now", "kind"),
    [
        ((), "2026-11-02T03:59", Wait),
        ((), "2026-11-02T04:00", Missing),
        ((a_file("2026-11-02T03:00"),), "2026-11-02T03:01", Wait),
        ((a_file("2026-11-02T03:00"),), "2026-11-02T03:02", Ready),
    ],
)
def test_a_partition_is_waited_for_until_its_deadline_and_until_it_is_quiet(files, now, kind):
    contract = read(minimal(slaProperties=SLA))

    assert isinstance(readiness(contract, "2026-11-01", files, now=at(now)), kind)


def test_the_idempotency_key_follows_bytes_contract_and_referenced_versions_only():
    partition = Partition(dataset="d", key="k", files=(a_file("2026-01-01T00:00"),))
    again = Partition(dataset="d", key="k", files=(a_file("2026-01-02T00:00"),))
    facts = {"contract": "c", "version": "1", "contract_hash": "h", "rules": "1", "references": {"p": "v1"}}

    key = idempotency_key(partition, **facts)

    assert idempotency_key(again, **facts) == key
    assert idempotency_key(partition, **{**facts, "contract_hash": "other"}) != key
    assert idempotency_key(partition, **{**facts, "references": {"p": "v2"}}) != key


@pytest.mark.parametrize(
    ("value", "unit", "span"),
    [
        (4, "h", timedelta(hours=4)),
        ("120s", None, timedelta(seconds=120)),
        ("PT1H30M", None, timedelta(minutes=90)),
        ("1.5", "d", timedelta(hours=36)),
        ("soon", None, None),
        (5, "parsecs", None),
    ],
)
def test_durations_as_contracts_write_them(value, unit, span):
    assert duration(value, unit) == span


@pytest.mark.parametrize(
    ("value", "unit", "share"), [(5, "percent", 0.05), ("5%", None, 0.05), (0.05, None, 0.05), (120, "percent", None)]
)
def test_shares_as_contracts_write_them(value, unit, share):
    assert fraction(value, unit) == share
