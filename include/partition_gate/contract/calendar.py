"""Which partitions are expected and until when: pure date arithmetic in the contract's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from partition_gate.contract.cron import ticks
from partition_gate.contract.model import Dataset
from partition_gate.core.partition_key import Segment
from partition_gate.core.units import duration

_HOUR = re.compile(r"\d{1,2}")
HOUR_SEGMENTS = ("hour", "hh", "h")
_PARTS = {"year": slice(4), "month": slice(5, 7), "day": slice(8, 10)}  # of an ISO date
_A_MINUTE, _AN_HOUR, _A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Labels of periods: beyond them a zone's offset, or the time until a deadline, may leave Python's calendar.
_FIRST, _END = datetime(1, 1, 2), datetime(9999, 1, 1)  # noqa: DTZ001 (a label has no zone)
_CALENDARS = {"all": "* * * * *", "weekdays": "* * * * 1-5"}


def period(dataset: Dataset, key: str) -> tuple[datetime, datetime] | None:
    """Start and end (exclusive, aware) of the time that a partition covers; None where its key names no date.

    Understands a timestamp segment, one ISO date segment, or year/month/day segments, and an hour segment. Days follow
    the contract's time zone, so a day may have 23 or 25 hours, and the hour that a clock shows twice in autumn has
    two. A timestamp's period is as long as the contract's `frequency`, else a day.
    """
    found = _label(dataset, key)
    if found is None:
        return None
    label, step = found
    start = label.replace(tzinfo=ZoneInfo(dataset.limits.timezone))
    if step < _A_DAY:
        begin = start.astimezone(UTC)
        # The clock's next hour begins later where this one is shown twice; a timestamp is a moment, not an hour.
        next_hour = begin if _is_timestamp(dataset, key) else (start + step).astimezone(UTC)
        return begin, max(next_hour, begin + step)
    return start, start + step


def deadline(dataset: Dataset, key: str) -> datetime | None:
    """When the partition must be complete in landing; None without a latency SLA or a period.

    Source: ODCS slaProperties `latency`; counted from the end of the period.
    """
    covered = period(dataset, key)
    if covered is None or dataset.limits.latency is None:
        return None
    return covered[1].astimezone(UTC) + dataset.limits.latency


def window_keys(dataset: Dataset, key: str, span: timedelta) -> tuple[str, ...]:
    """Keys of the partitions that a window of that span may hold, oldest first; the last one is `key`.

    A window is counted as a clock on the wall does: a week has seven days, whatever the clocks were set to. What else
    a key says beside its time (a region) stays. Only `key`, where it names no date.
    """
    found = _label(dataset, key)
    if found is None:
        return (key,)
    zone, parts = ZoneInfo(dataset.limits.timezone), dataset.location.parts(key)
    segments = [(segment, parts[segment.name]) for segment in dataset.location.segments]
    labels = _labels(*found, span, zone, are_timestamps=_is_timestamp(dataset, key))
    there = (one for one in labels if one == found[0] or _exists(one, zone))
    keys = ("/".join(_at(one, zone, segment, part) for segment, part in segments) for one in there)
    return (*list(keys)[:-1], key)


def is_expected(dataset: Dataset, key: str) -> bool:
    """Whether the contract's calendar and schedule have the partition, from `startDate` to `endOfLife` (excluded)."""
    found = _label(dataset, key)
    if found is None:
        return True
    (label, step), limits = found, dataset.limits
    first, end = limits.start_date, limits.end_of_life
    lives = (first is None or first <= label.date()) and (end is None or label.date() < end)
    lines = (_CALENDARS.get(limits.calendar, limits.calendar), limits.schedule)
    return lives and all(_ticks(line, label, step) for line in lines if line)


def due(dataset: Dataset, key: str) -> datetime | None:
    """When the partition must be published, as far as the contract says: by `timeOfAvailability`, else by `latency`,
    else when its period has ended. None where the key names no date."""
    covered, clock = period(dataset, key), dataset.limits.available_by
    if covered is None:
        return None
    return clock_after(dataset, key, clock) if clock else deadline(dataset, key) or covered[1]


def clock_after(dataset: Dataset, key: str, clock: time) -> datetime | None:
    """When a clock first shows that time after the partition's period has ended, in its own zone or the contract's."""
    covered = period(dataset, key)
    if covered is None:
        return None
    zone, end = clock.tzinfo or ZoneInfo(dataset.limits.timezone), covered[1].astimezone(UTC)
    days = (end.astimezone(zone).date() + timedelta(days=ahead) for ahead in range(2))
    moments = (datetime.combine(day, clock.replace(tzinfo=None), tzinfo=zone).astimezone(UTC) for day in days)
    return next(moment for moment in moments if moment >= end)


def local_day(dataset: Dataset, moment: datetime) -> date:
    """The date that a calendar shows in the contract's time zone."""
    return moment.astimezone(ZoneInfo(dataset.limits.timezone)).date()


def daily_keys(first: date, last: date) -> Iterator[str]:
    """ISO dates from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield (first + timedelta(days=offset)).isoformat()


def _ticks(line: str, label: datetime, step: timedelta) -> bool:
    try:
        return ticks(line, label, in_hour=step < _A_DAY)
    except ValueError:
        return True  # a schedule that only Airflow can read


def _label(dataset: Dataset, key: str) -> tuple[datetime, timedelta] | None:
    """The beginning of a key's period as the clock on the wall shows it (naive), and the step to the next one."""
    parts, values = dataset.location.parts(key), dataset.location.values(key)
    moments = (segment.timestamp(parts[segment.name]) for segment in dataset.location.segments)
    moment = next((one for one in moments if one is not None), None)
    step, label = _midnight_or_hour(values) if moment is None else (frequency(dataset), moment)
    if label is None or not _FIRST <= label.replace(tzinfo=None) < _END:
        return None
    return (label.astimezone(ZoneInfo(dataset.limits.timezone)) if label.tzinfo else label).replace(tzinfo=None), step


def _is_timestamp(dataset: Dataset, key: str) -> bool:
    """Whether a segment of the key is a moment, rather than what a clock shows."""
    parts = dataset.location.parts(key)
    return any(segment.timestamp(parts[segment.name]) is not None for segment in dataset.location.segments)


def frequency(dataset: Dataset) -> timedelta:
    """How far apart the contract says that partitions are; a day where it says nothing."""
    spans = (duration(sla.value, sla.unit) for sla in dataset.slas if sla.property == "frequency")
    return next((max(span, _A_MINUTE) for span in spans if span), _A_DAY)


def _midnight_or_hour(values: Mapping[str, str | None]) -> tuple[timedelta, datetime | None]:
    """The step, and the label; None where no segment names a day, or the hour is none of a clock."""
    day = _day(values)
    midnight = None if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001 (a label, not a moment)
    hour = next((int(found) for name in HOUR_SEGMENTS if _HOUR.fullmatch(found := values.get(name) or "")), None)
    if midnight is None or hour is None:
        return _A_DAY, midnight
    return _AN_HOUR, midnight.replace(hour=hour) if hour < 24 else None


def _labels(
    label: datetime, step: timedelta, span: timedelta, zone: ZoneInfo, *, are_timestamps: bool
) -> Iterator[datetime]:
    """The labels of a window, oldest first. Moments are as far apart as they are, whatever the clocks were set to."""
    count = min(max(1, span // step), (label - _FIRST) // step + 1)
    for back in range(count - 1, -1, -1):
        if are_timestamps and step < _A_DAY:
            moment = label.replace(tzinfo=zone).astimezone(UTC) - back * step
            yield moment.astimezone(zone).replace(tzinfo=None)
        else:
            yield label - back * step


def _at(label: datetime, zone: ZoneInfo, segment: Segment, part: str) -> str:
    """A segment's canonical part at another time, written as it was; what is no time stays."""
    moment, name, day = segment.timestamp(part), segment.name, label.date().isoformat()
    if moment is not None:
        return segment.part((label.replace(tzinfo=zone).astimezone(UTC) if moment.tzinfo else label).isoformat())
    if name in HOUR_SEGMENTS:
        return segment.part(f"{label:%H}")
    if name in _PARTS:
        return segment.part(day[_PARTS[name]])
    if _day({name: part}) is None:
        return part
    return day if "-" in part else day.replace("-", "")


def _exists(label: datetime, zone: ZoneInfo) -> bool:
    """Whether a clock in that zone ever shows it: an hour of each spring is left out."""
    return label.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == label


def _day(values: Mapping[str, str | None]) -> date | None:
    texts = [*filter(None, values.values()), "-".join((values.get(name) or "").zfill(2) for name in _PARTS)]
    for text in texts:
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None
