"""Which partitions are expected, and when they are due: pure date arithmetic in the contract's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from partition_gate.contract.cron import ticks
from partition_gate.contract.model import Dataset
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition_key import Segment
from partition_gate.core.record import Record
from partition_gate.core.units import duration

_HOUR = re.compile(r"\d{1,2}")
HOUR_SEGMENTS = ("hour", "hh", "h")
_PARTS = {"year": slice(4), "month": slice(5, 7), "day": slice(8, 10)}  # of an ISO date
_A_MINUTE, _AN_HOUR, _A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Limits of period labels: beyond them a zone's offset or a deadline may fall outside Python's calendar.
_FIRST, _END = datetime(1, 1, 2), datetime(9999, 1, 1)  # noqa: DTZ001 (a label has no zone)
_A_WEEK, _NEAREST = timedelta(weeks=1), 4
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CALENDARS = {"all": "* * * * *", "weekdays": "* * * * 1-5"}


def period(dataset: Dataset, key: str) -> tuple[datetime, datetime] | None:
    """Start and end (exclusive, aware) of the period that a partition covers; None if its key names no date.

    Supports a timestamp segment, one ISO date segment, or year/month/day segments, and an hour segment. Days follow
    the contract's time zone: a day may have 23 or 25 hours, and the hour that a clock repeats in autumn lasts two
    hours. The period of a timestamp is as long as the contract's `frequency`, else a day.
    """
    labelled = _label(dataset, key)
    if labelled is None:
        return None
    zone = ZoneInfo(dataset.limits.timezone)
    return _covered(*labelled, zone, are_timestamps=_is_timestamp(dataset, key))


def recorded_period(dataset: Dataset, key: str) -> tuple[datetime, datetime] | None:
    """As `period`; None also for a key that an older version recorded and that the contract no longer allows."""
    try:
        return period(dataset, key)
    except MalformedPartitionKey:
        return None


def deadline(dataset: Dataset, key: str) -> datetime | None:
    """When the partition must be complete in landing; None without a latency SLA or a period.

    Source: ODCS slaProperties `latency`, counted from the end of the period.
    """
    covered = period(dataset, key)
    if covered is None or dataset.limits.latency is None:
        return None
    return covered[1].astimezone(UTC) + dataset.limits.latency


def window_keys(dataset: Dataset, key: str, span: timedelta) -> tuple[str, ...]:
    """Keys of the partitions in a window of this span that ends with `key`, oldest first.

    A window counts wall clock time: a week has seven days, even if the clocks change. Parts of the key other than its
    time (a region) stay the same. Only `key` if it names no date.
    """
    return (*[before for before, _ in _window(dataset, key, span)][:-1], key)


def expected_periods(dataset: Dataset, key: str, span: timedelta) -> Iterator[tuple[str, datetime, datetime]]:
    """Key, start and end of the expected partitions of a window (as `window_keys`), oldest first; none without a date.

    The same as `is_expected` and `period` for each key, without parsing the keys: a window may have thousands.
    """
    labelled, zone = _label(dataset, key), ZoneInfo(dataset.limits.timezone)
    if labelled is None:
        return
    are_timestamps = _is_timestamp(dataset, key)
    for own, label in _window(dataset, key, span):
        if label is not None and _expects(dataset, label, labelled[1]):
            yield own, *_covered(label, labelled[1], zone, are_timestamps=are_timestamps)


class EarlierPartition(Record):
    """A partition of an earlier week."""

    key: str
    weeks_ago: int


def earlier_weeks(dataset: Dataset, key: str, weeks: int) -> tuple[EarlierPartition, ...]:
    """Partitions of the same weekday (and hour) in the weeks before, oldest first; none if the key names no date.

    Shorter periods than an hour are compared with the same hour: those four of each week that are nearest in time.
    Parts of the key other than its time (a region) stay the same.
    """
    labelled, zone = _label(dataset, key), ZoneInfo(dataset.limits.timezone)
    if labelled is None:
        return ()
    (label, step), parts = labelled, dataset.location.parts(key)
    segments = [(segment, parts[segment.name]) for segment in dataset.location.segments]
    return tuple(
        EarlierPartition(key="/".join(_at(moment, zone, segment, part) for segment, part in segments), weeks_ago=back)
        for back in range(min(weeks, (label - _FIRST) // _A_WEEK), 0, -1)
        for moment in _same_hour(label - back * _A_WEEK, step)
        if _exists(moment, zone)
    )


def comparable_words(dataset: Dataset, key: str) -> str:
    """What `earlier_weeks` compares with: `Tuesdays`, `Tuesdays at 07`; empty if the key names no date."""
    labelled = _label(dataset, key)
    if labelled is None:
        return ""
    label, step = labelled
    return f"{_WEEKDAYS[label.weekday()]}s" + (f" at {label:%H}" if step < _A_DAY else "")


def _same_hour(label: datetime, step: timedelta) -> list[datetime]:
    """The label; of a shorter period than an hour, the nearest labels of that hour, oldest first."""
    if step >= _AN_HOUR:
        return [label]
    near = (label + shift * step for shift in range(1 - _NEAREST, _NEAREST))
    same = [moment for moment in near if (moment.date(), moment.hour) == (label.date(), label.hour)]
    return sorted(sorted(same, key=lambda moment: abs(moment - label))[:_NEAREST])


def newest_ended(dataset: Dataset, like: str, *, now: datetime) -> str | None:
    """The key of the newest period that has ended, in the form of the key `like`; None if that names no date."""
    labelled = _label(dataset, like)
    if labelled is None:
        return None
    (label, step), zone = labelled, ZoneInfo(dataset.limits.timezone)
    parts = dataset.location.parts(like)
    steps = (now.astimezone(zone).replace(tzinfo=None) - label) // step
    for back in range(1, 4):  # where the clocks change, a label may not exist, or its period may not have ended yet
        moved = label + (steps - back) * step
        key = "/".join(_at(moved, zone, segment, parts[segment.name]) for segment in dataset.location.segments)
        covered = period(dataset, key) if _exists(moved, zone) else None
        if covered is not None and covered[1] <= now:
            return key
    return None


def is_expected(dataset: Dataset, key: str) -> bool:
    """Whether the calendar and the schedule include the partition, from `startDate` to `endOfLife` (exclusive)."""
    labelled = _label(dataset, key)
    return labelled is None or _expects(dataset, *labelled)


def _expects(dataset: Dataset, label: datetime, step: timedelta) -> bool:
    limits = dataset.limits
    first, end = limits.start_date, limits.end_of_life
    is_alive = (first is None or first <= label.date()) and (end is None or label.date() < end)
    lines = (_CALENDARS.get(limits.calendar, limits.calendar), limits.schedule)
    return is_alive and all(_ticks(line, label, step) for line in lines if line)


def due(dataset: Dataset, key: str) -> datetime | None:
    """When the partition must be published: by `timeOfAvailability`, else by `latency`, else at the end of its period.

    None if the key names no date.
    """
    covered = period(dataset, key)
    return None if covered is None else due_after(dataset, covered[1])


def due_after(dataset: Dataset, end: datetime) -> datetime:
    """When a partition must be published whose period ends then; see `due`."""
    limits = dataset.limits
    if limits.available_by:
        return _clock_after(dataset, end, limits.available_by)
    return end if limits.latency is None else end.astimezone(UTC) + limits.latency


def clock_after(dataset: Dataset, key: str, clock: time) -> datetime | None:
    """When the clock first shows this time after the partition's period ends, in its own zone or the contract's."""
    covered = period(dataset, key)
    return None if covered is None else _clock_after(dataset, covered[1], clock)


def _clock_after(dataset: Dataset, end: datetime, clock: time) -> datetime:
    zone, end = clock.tzinfo or ZoneInfo(dataset.limits.timezone), end.astimezone(UTC)
    days = (end.astimezone(zone).date() + timedelta(days=ahead) for ahead in range(2))
    moments = (datetime.combine(day, clock.replace(tzinfo=None), tzinfo=zone).astimezone(UTC) for day in days)
    return next(moment for moment in moments if moment >= end)


def local_day(dataset: Dataset, moment: datetime) -> date:
    """The date of a moment in the contract's time zone."""
    return moment.astimezone(ZoneInfo(dataset.limits.timezone)).date()


def daily_keys(first: date, last: date) -> Iterator[str]:
    """ISO dates from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield (first + timedelta(days=offset)).isoformat()


def _ticks(line: str, label: datetime, step: timedelta) -> bool:
    try:
        return ticks(line, label, in_hour=step < _A_DAY)
    except ValueError:
        return True  # only Airflow can read this schedule


def _label(dataset: Dataset, key: str) -> tuple[datetime, timedelta] | None:
    """The start of a key's period in wall clock time (naive), and the step to the next period."""
    parts = dataset.location.parts(key)
    values = {segment.name: segment.stored(parts[segment.name]) for segment in dataset.location.segments}
    moments = (segment.timestamp(parts[segment.name]) for segment in dataset.location.segments)
    moment = next((moment for moment in moments if moment is not None), None)
    step, label = _midnight_or_hour(values) if moment is None else (frequency(dataset), moment)
    if label is None or not _FIRST <= label.replace(tzinfo=None) < _END:
        return None
    return (label.astimezone(ZoneInfo(dataset.limits.timezone)) if label.tzinfo else label).replace(tzinfo=None), step


def _is_timestamp(dataset: Dataset, key: str) -> bool:
    """Whether a segment of the key is a moment, rather than wall clock time."""
    parts = dataset.location.parts(key)
    return any(segment.timestamp(parts[segment.name]) is not None for segment in dataset.location.segments)


def frequency(dataset: Dataset) -> timedelta:
    """The time between two partitions according to the contract; a day by default."""
    spans = (duration(sla.value, sla.unit) for sla in dataset.slas if sla.property == "frequency")
    return next((max(span, _A_MINUTE) for span in spans if span), _A_DAY)


def _midnight_or_hour(values: Mapping[str, str | None]) -> tuple[timedelta, datetime | None]:
    """The step, and the label; None if no segment names a day, or the hour is above 23."""
    day = _day(values)
    midnight = None if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001 (a label, not a moment)
    hour = next((int(text) for name in HOUR_SEGMENTS if _HOUR.fullmatch(text := values.get(name) or "")), None)
    if midnight is None or hour is None:
        return _A_DAY, midnight
    return _AN_HOUR, midnight.replace(hour=hour) if hour < 24 else None


def _labels(
    label: datetime, step: timedelta, span: timedelta, zone: ZoneInfo, *, are_timestamps: bool
) -> Iterator[datetime]:
    """The labels of a window, oldest first. Timestamps are one real `step` apart, even if the clocks change."""
    count = min(max(1, span // step), (label - _FIRST) // step + 1)
    for back in range(count - 1, -1, -1):
        if are_timestamps and step < _A_DAY:
            moment = label.replace(tzinfo=zone).astimezone(UTC) - back * step
            yield moment.astimezone(zone).replace(tzinfo=None)
        else:
            yield label - back * step


def _window(dataset: Dataset, key: str, span: timedelta) -> Iterator[tuple[str, datetime | None]]:
    """Key and label of each partition in a window; only `key`, without a label, if it names no date."""
    labelled = _label(dataset, key)
    if labelled is None:
        yield key, None
        return
    zone, parts = ZoneInfo(dataset.limits.timezone), dataset.location.parts(key)
    segments = [(segment, parts[segment.name]) for segment in dataset.location.segments]
    for label in _labels(*labelled, span, zone, are_timestamps=_is_timestamp(dataset, key)):
        if label == labelled[0] or _exists(label, zone):
            yield "/".join(_at(label, zone, segment, part) for segment, part in segments), label


def _covered(label: datetime, step: timedelta, zone: ZoneInfo, *, are_timestamps: bool) -> tuple[datetime, datetime]:
    start = label.replace(tzinfo=zone)
    if step < _A_DAY:
        begin = start.astimezone(UTC)
        # If the clock repeats this hour, the next one begins later; a timestamp is a moment, not an hour.
        next_hour = begin if are_timestamps else (start + step).astimezone(UTC)
        return begin, max(next_hour, begin + step)
    return start, start + step


def _at(label: datetime, zone: ZoneInfo, segment: Segment, part: str) -> str:
    """A segment's canonical part for another time, in the same form; a part that is not a time does not change."""
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
    """Whether a clock in this zone ever shows the label: each spring skips an hour."""
    return label.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == label


def _day(values: Mapping[str, str | None]) -> date | None:
    texts = [*filter(None, values.values()), "-".join((values.get(name) or "").zfill(2) for name in _PARTS)]
    for text in texts:
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None
