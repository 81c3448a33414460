"""When a partition is expected, due and ready."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.contract.calendar import deadline, newest_ended, period
from partition_gate.contract.model import Dataset
from partition_gate.contract.readiness import Missing, NotExpected, Readiness, Ready, Wait, readiness
from partition_gate.contract.schedule import canonical_key, schedule_of
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition import DataFile, Partition, idempotency_key
from partition_gate.core.units import duration, fraction

SLA = [{"property": "latency", "value": 4, "unit": "h"}]
NEW_YORK = [{"property": "timezone", "value": "America/New_York"}]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_file(landed: str) -> DataFile:
    return DataFile(path="/data/dt=2026-11-01/a.parquet", etag="1", size_bytes=10, modified_at=at(landed))


def test_a_day_with_a_clock_change_has_25_hours():
    contract = read(minimal(slaProperties=SLA, customProperties=NEW_YORK))

    covered = period(contract, "2026-11-01")

    assert covered is not None
    start, end = covered
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=25)
    assert deadline(contract, "2026-11-01") == at("2026-11-02T09:00")


HOURS = [{"server": "x", "type": "local", "path": "/d/dt=*/hour=*/*.parquet", "format": "parquet"}]
REGIONS = [{"server": "x", "type": "local", "path": "/d/region=*/dt=*/*.parquet", "format": "parquet"}]


def patterned(pattern: str, **types: str) -> Dataset:
    """The contract whose server has this pattern; its fields have these logical types."""
    custom = [{"property": "partitionPattern", "value": pattern}]
    server = {"server": "x", "type": "local", "path": "/d", "format": "parquet", "customProperties": custom}
    columns = [{"name": name, "logicalType": kind, "partitioned": True} for name, kind in types.items()]
    return read(minimal(servers=[server], schema=[{"name": "orders", "properties": columns}]))


@pytest.mark.parametrize(
    ("pattern", "types", "key_format", "key"),
    [
        ("{dt:%Y/%m/%d}/*", {"dt": "date"}, "%Y-%m-%d", "2026-11-29"),
        ("{dt:%Y/%m/%d}/{hour:%H}/*", {"dt": "date", "hour": "integer"}, "%Y-%m-%d/%H", "2026-11-29/07"),
        ("e_{dt:%Y%m%d}.parquet", {"dt": "string"}, "%Y%m%d", "20261129"),
        (
            "{year:%Y}/{month:%m}/{day:%d}/*",
            dict.fromkeys(("year", "month", "day"), "integer"),
            "%Y/%m/%d",
            "2026/11/29",
        ),
    ],
)
def test_the_keys_of_a_pattern_have_a_schedule_and_periods_like_those_of_segments(pattern, types, key_format, key):
    dataset = patterned(pattern, **types)

    covered = period(dataset, key)

    assert covered is not None
    assert (schedule_of(dataset).key_format, covered[0].date()) == (key_format, datetime(2026, 11, 29).date())  # noqa: DTZ001
    assert dataset.location.key(at("2026-11-29T07:00").strftime(key_format)) == key
    assert newest_ended(dataset, key, now=covered[1]) == key


@pytest.mark.parametrize(
    ("changes", "like", "now", "newest"),
    [
        ({}, "2013-01-03", "2026-11-02T00:00", "2026-11-01"),
        ({}, "2026-11-29", "2026-11-02T23:59", "2026-11-01"),
        ({"customProperties": NEW_YORK}, "2026-10-30", "2026-11-02T04:59", "2026-10-31"),
        ({"customProperties": NEW_YORK}, "2026-10-30", "2026-11-02T05:00", "2026-11-01"),
        ({"servers": HOURS}, "2026-11-01/07", "2026-11-02T00:59", "2026-11-01/23"),
        ({"servers": HOURS, "customProperties": NEW_YORK}, "2026-11-01/07", "2026-11-01T06:30", "2026-11-01/00"),
        ({"servers": HOURS, "customProperties": NEW_YORK}, "2026-03-08/07", "2026-03-08T07:30", "2026-03-08/01"),
    ],
)
def test_the_newest_period_that_has_ended_has_a_key_in_the_form_of_another(changes, like, now, newest):
    assert newest_ended(read(minimal(**changes)), like, now=at(now)) == newest


def test_the_newest_period_keeps_the_region_of_a_key():
    assert newest_ended(read(minimal(servers=REGIONS)), "EU/2026-10-01", now=at("2026-11-02T12:00")) == "EU/2026-11-01"


WEEKDAYS = [{"property": "calendar", "value": "weekdays"}]
SNAPSHOT = [{"server": "x", "type": "local", "path": "data/*.parquet", "format": "parquet"}]


@pytest.mark.parametrize(
    ("changes", "now", "example"),
    [
        ({}, "2026-11-30T08:00", "2026-11-29"),
        ({"customProperties": WEEKDAYS}, "2026-11-30T08:00", "2026-11-27"),
        ({"customProperties": [{"property": "startDate", "value": "2027-01-01"}]}, "2026-11-30T08:00", "2026-11-29"),
        ({"servers": HOURS}, "2026-11-30T08:10", "2026-11-30/07"),
        ({"servers": REGIONS}, "2026-11-30T08:10", "EU/2026-11-29"),
        ({"servers": SNAPSHOT}, "2026-11-30T08:10", "snapshot"),
    ],
)
def test_a_key_typed_wrong_is_answered_with_the_newest_partition_that_is_expected(changes, now, example):
    dataset = read(minimal(**changes))

    with pytest.raises(MalformedPartitionKey, match=f"(such as|use the key) '?{example}'?$"):
        canonical_key(dataset, "2026-13-45/x/y", now=at(now))


def test_a_key_typed_right_is_its_canonical_form():
    dataset = read(minimal(servers=REGIONS))

    assert canonical_key(dataset, "E%55/2026-11-01", now=at("2026-11-30T08:00")) == "EU/2026-11-01"


def test_a_key_without_a_date_has_no_newest_period():
    assert newest_ended(read(minimal(servers=REGIONS)), "EU/soon", now=at("2026-11-02T12:00")) is None


def test_an_hourly_key_covers_one_hour():
    servers = [{"server": "x", "type": "local", "path": "/d/dt=*/hour=*/*.parquet", "format": "parquet"}]
    contract = read(minimal(servers=servers))

    assert period(contract, "2026-01-01/07") == (at("2026-01-01T07:00"), at("2026-01-01T08:00"))
    assert schedule_of(contract).key_format == "%Y-%m-%d/%H"


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("2026-11-01/00", "2026-11-01T04:00", "2026-11-01T05:00"),
        ("2026-11-01/01", "2026-11-01T05:00", "2026-11-01T07:00"),
        ("2026-11-01/02", "2026-11-01T07:00", "2026-11-01T08:00"),
        ("2026-03-08/01", "2026-03-08T06:00", "2026-03-08T07:00"),
        ("2026-03-08/03", "2026-03-08T07:00", "2026-03-08T08:00"),
    ],
)
def test_the_hour_that_a_clock_shows_twice_has_two_hours_and_no_time_lies_between_hours(key, start, end):
    servers = [{"server": "x", "type": "local", "path": "/d/dt=*/hour=*/*.parquet", "format": "parquet"}]
    contract = read(minimal(servers=servers, customProperties=NEW_YORK))

    assert period(contract, key) == (at(start), at(end))


@pytest.mark.parametrize("key", ["2026-01-01/07", "", "../../etc", "snapshot/x"])
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

    assert isinstance(readiness(contract, "2026-11-01", files, note=None, now=at(now)), kind)


def declared(rule: str, note: bytes | None, *files: DataFile, now: str = "2026-11-02T03:00") -> Readiness:
    contract = read(minimal(slaProperties=SLA, customProperties=[{"property": "readiness", "value": rule}]))
    return readiness(contract, "2026-11-01", files, note=note, now=at(now))


@pytest.mark.parametrize(
    ("note", "now", "kind"),
    [
        (b"", "2026-11-02T03:00:01", Ready),
        (None, "2026-11-02T03:59", Wait),
        (None, "2026-11-02T04:00", Missing),
    ],
)
def test_files_without_their_success_marker_are_no_partition_and_with_it_they_are_one_at_once(note, now, kind):
    assert isinstance(declared("success_marker", note, a_file("2026-11-02T03:00"), now=now), kind)


def test_a_missing_marker_is_named_with_what_landed_and_when_it_was_due():
    found = declared("success_marker", None, a_file("2026-11-02T03:00"), now="2026-11-02T05:00")

    assert isinstance(found, Wait | Missing)
    assert found.why == (
        "/contracts/data/dt=2026-11-01: _SUCCESS is missing, so the producer has not declared the partition "
        "complete (1 file landed); it was due 2026-11-02 04:00 UTC"
    )


def test_a_manifest_says_which_files_are_the_partition():
    other = a_file("2026-11-02T03:00").model_copy(update={"path": "/data/dt=2026-11-01/leftover.parquet"})
    note = (
        b'{"entries": [{"url": "s3://b/x/a.parquet", "mandatory": true, "meta": {"content_length": 10}}], "author": 1}'
    )

    found = declared("manifest", note, a_file("2026-11-02T03:00"), other)

    assert isinstance(found, Ready)
    assert [file.path for file in found.partition.files] == ["/data/dt=2026-11-01/a.parquet"]


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (None, "_manifest.json is missing"),
        (b"", "_manifest.json is not a valid manifest; write"),
        (b"[]", "_manifest.json is not a valid manifest; write"),
        (b'{"entries": []}', "_manifest.json is not a valid manifest; write"),
        (b'{"entries": [{"url": "b.parquet"}]}', "_manifest.json lists b.parquet, which is missing (1 file landed)"),
        (
            b'{"entries": [{"url": "a.parquet", "meta": {"content_length": 9}}]}',
            "_manifest.json lists a.parquet with 9 bytes, but it has 10",
        ),
    ],
)
def test_a_partition_that_does_not_fit_its_manifest_is_waited_for_and_the_reason_is_told(note, why):
    found = declared("manifest", note, a_file("2026-11-02T03:00"))

    assert isinstance(found, Wait)
    assert why in found.why


@pytest.mark.parametrize(("key", "kind"), [("2026-11-06", Missing), ("2026-11-07", NotExpected)])
def test_a_partition_that_the_calendar_does_not_have_is_not_missing(key, kind):
    contract = read(minimal(customProperties=[{"property": "calendar", "value": "weekdays"}]))

    assert isinstance(readiness(contract, key, (), note=None, now=at("2026-11-09T00:00")), kind)


def test_a_partition_that_came_though_nobody_expected_it_is_judged():
    contract = read(minimal(customProperties=[{"property": "calendar", "value": "weekdays"}]))

    found = readiness(contract, "2026-11-07", (a_file("2026-11-08T00:00"),), note=None, now=at("2026-11-09T00:00"))

    assert isinstance(found, Ready)


def test_the_idempotency_key_follows_bytes_contract_and_referenced_versions_only():
    partition = Partition(dataset="d", key="k", files=(a_file("2026-01-01T00:00"),))
    again = Partition(dataset="d", key="k", files=(a_file("2026-01-02T00:00"),))
    facts: dict[str, Any] = {
        "contract": "c",
        "version": "1",
        "contract_hash": "h",
        "rules": "1",
        "references": {"p": "v1"},
    }

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
        ("500ms", None, timedelta(milliseconds=500)),
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
