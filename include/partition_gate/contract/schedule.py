"""When a contract's DAG runs, and the partition of each run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, PlainSerializer

from partition_gate.contract.calendar import HOUR_SEGMENTS, frequency, is_expected, local_day, newest_ended, window_keys
from partition_gate.contract.model import Dataset
from partition_gate.contract.readiness import quiet_period
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition import SNAPSHOT
from partition_gate.core.partition_key import Segment
from partition_gate.core.record import Record

_SEPARATOR = " in "


def _zoned_text(moment: datetime) -> str:
    """The local time and the zone: a time with an offset alone would lose the zone when it is read again."""
    return f"{moment.replace(tzinfo=None).isoformat()}{_SEPARATOR}{moment.tzinfo}"


def _zoned(value: object) -> object:
    if not isinstance(value, str):
        return value
    local, _, zone = value.partition(_SEPARATOR)
    return datetime.fromisoformat(local).replace(tzinfo=UTC if zone == str(UTC) else ZoneInfo(zone))


ZonedTime = Annotated[datetime, BeforeValidator(_zoned), PlainSerializer(_zoned_text, when_used="json")]
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
# A run waits for its partition at most this long.
LONGEST_WAIT = timedelta(days=7)
_DATE_FORMAT = "%Y-%m-%d"
_DATE_SEGMENTS = ("dt", "ds", "date")
_FORMATS = {
    **dict.fromkeys(_DATE_SEGMENTS, _DATE_FORMAT),
    **dict.fromkeys(HOUR_SEGMENTS, "%H"),
    "year": "%Y",
    "month": "%m",
    "day": "%d",
}
_A_MONTH = timedelta(days=31)
_AN_HOUR, _A_DAY = timedelta(hours=1), timedelta(days=1)


class Schedule(Record):
    """A cron schedule in the contract's time zone; `key_format` formats the partition's local date with strftime.

    `run_offset` -1 means that a run handles the period before it. `start` and `end` bound the scheduled runs.
    `runs_at_once` is the number of runs that may wait for their partitions. `key_format` is None if a part of the key
    is not a time (a region): no schedule can produce such keys, so each run is triggered with its key.
    """

    cron: str
    timezone: str
    run_offset: int
    key_format: str | None
    start: ZonedTime
    end: ZonedTime | None
    runs_at_once: int
    poke_interval_s: float

    @property
    def summary(self) -> str:
        """When runs start, for the DAG's page."""
        if self.key_format is None:
            return "No schedule, because a part of the partition key is not a time: trigger each run with its key."
        return f"Runs start on the cron schedule `{self.cron}` ({self.timezone})."


def schedule_of(dataset: Dataset) -> Schedule:
    """The cron of the `frequency` SLA, else one run per period, 15 minutes after it ends."""
    limits, segments = dataset.limits, dataset.location.names
    zone, period = ZoneInfo(limits.timezone), _period(dataset)
    first, last = limits.start_date, limits.end_of_life
    return Schedule(
        cron=limits.schedule or _cron(period),
        timezone=limits.timezone,
        run_offset=-1 if segments else 0,
        key_format=_key_format(dataset),
        start=datetime(first.year, first.month, first.day, tzinfo=zone) if first else _FIRST,
        end=datetime(last.year, last.month, last.day, tzinfo=zone) if last else None,
        runs_at_once=LONGEST_WAIT // period + 1,
        poke_interval_s=max(2.0, min(60.0, quiet_period(dataset).total_seconds())),
    )


def example_key(dataset: Dataset, day: date) -> str | None:
    """The key of the partition that starts at midnight of a day; None if a part of the key may not be a time."""
    formats = [_segment_format(segment, dataset) for segment in dataset.location.segments]
    if None in formats:
        return None
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(dataset.limits.timezone))
    return dataset.location.key(midnight.strftime("/".join(part for part in formats if part)))


def canonical_key(dataset: Dataset, text: str, *, now: datetime) -> str:
    """The canonical key of a text, as `Location.key`; the example in the error is the newest expected partition.

    Raises:
        MalformedPartitionKey: the text is no key of the dataset.
    """
    try:
        return dataset.location.key(text)
    except MalformedPartitionKey:
        # Only now, because every run asks for a key and hardly any needs an example.
        return dataset.location.key(text, example=newest_expected(dataset, now=now))


def newest_expected(dataset: Dataset, *, now: datetime) -> str:
    """The key of the newest expected period that has ended; a part that is not a time (a region) is an example.

    Without one, the newest period whether it is expected or not; without a date in the key, an example of a valid key.
    """
    location, midnight = dataset.location, datetime.combine(local_day(dataset, now), time())
    parts = (
        midnight.replace(tzinfo=ZoneInfo(dataset.limits.timezone)).strftime(own)
        if (own := _segment_format(segment, dataset))
        else segment.example
        for segment in location.segments
    )
    try:
        newest = newest_ended(dataset, location.key("/".join(parts)), now=now)
    except MalformedPartitionKey:  # the format of a text in the path may not fit its column
        return location.example
    if newest is None:
        return location.example
    return next(filter(partial(is_expected, dataset), reversed(window_keys(dataset, newest, _A_MONTH))), newest)


def _period(dataset: Dataset) -> timedelta:
    segments = dataset.location.segments
    if any(segment.type.startswith("TIMESTAMP") for segment in segments):
        return min(frequency(dataset), _A_DAY)
    return _AN_HOUR if {segment.name for segment in segments} & set(HOUR_SEGMENTS) else _A_DAY


def _cron(period: timedelta) -> str:
    """15 minutes past the hour for hours, 02:15 for days; for a shorter period, at its end."""
    if period < _AN_HOUR:
        return f"*/{period // timedelta(minutes=1)} * * * *"
    return "15 2 * * *" if period >= _A_DAY else f"15 */{period // _AN_HOUR} * * *".replace("*/1 ", "* ")


def _key_format(dataset: Dataset) -> str | None:
    """The strftime format of each Hive segment, by its column's type or its name; a single segment is a date."""
    segments = dataset.location.segments
    formats = [_segment_format(segment, dataset) for segment in segments]
    if len(segments) == 1:
        formats = [formats[0] or _DATE_FORMAT]
    return "/".join(part for part in formats if part) or SNAPSHOT if None not in formats else None


def _segment_format(segment: Segment, dataset: Dataset) -> str | None:
    period, layout = _period(dataset), dataset.location.layout
    if segment.type.startswith("TIMESTAMP"):
        clock = "00:00:00" if period >= _A_DAY else "%H:00:00" if period >= _AN_HOUR else "%H:%M:00"
        return f"{_DATE_FORMAT}T{clock}{'%z' if 'TIME ZONE' in segment.type else ''}"
    if segment.type == "VARCHAR" and layout and (own := layout.fields(segment.name)[0].format):
        return own  # the key has the text of the path
    return _FORMATS.get(segment.name, _DATE_FORMAT if segment.type == "DATE" else None)
