"""Which partitions are expected and until when: pure date arithmetic in the contract's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from partition_gate.contract.cron import ticks
from partition_gate.contract.model import Contract

_HOUR = re.compile(r"\d{1,2}")
_HOURS = ("hour", "hh", "h")
_PARTS = {"year": slice(4), "month": slice(5, 7), "day": slice(8, 10)}  # of an ISO date
_AN_HOUR = timedelta(hours=1)
_CALENDARS = {"all": "* * * * *", "weekdays": "* * * * 1-5"}


def period(contract: Contract, key: str) -> tuple[datetime, datetime] | None:
    """Start and end (exclusive, aware) of the time that a partition covers; None where its key names no date.

    Understands one ISO date segment, or year/month/day segments, and an hour segment. Days follow the contract's
    time zone, so a day may have 23 or 25 hours.
    """
    found = _label(contract.location.values(key))
    if found is None:
        return None
    label, step = found
    start = label.replace(tzinfo=ZoneInfo(contract.limits.timezone))
    if step == _AN_HOUR:
        return start.astimezone(UTC), start.astimezone(UTC) + step
    return start, start + step


def deadline(contract: Contract, key: str) -> datetime | None:
    """When the partition must be complete in landing; None without a latency SLA or a period.

    Source: ODCS slaProperties `latency`; counted from the end of the period.
    """
    covered = period(contract, key)
    if covered is None or contract.limits.latency is None:
        return None
    return covered[1].astimezone(UTC) + contract.limits.latency


def window_keys(contract: Contract, key: str, span: timedelta) -> tuple[str, ...]:
    """Keys of the partitions that a window of that span may hold, oldest first; the last one is `key`.

    A window is counted as a clock on the wall does: a week has seven days, whatever the clocks were set to. What else
    a key says beside its time (a region) stays. Only `key`, where it names no date.
    """
    values = contract.location.values(key)
    found = _label(values)
    if found is None:
        return (key,)
    label, step = found
    zone = ZoneInfo(contract.limits.timezone)
    count = min(max(1, span // step), (label - datetime.min) // step + 1)  # noqa: DTZ901 (a label has no zone)
    labels = (label - back * step for back in range(count - 1, -1, -1))
    there = (one for one in labels if one == label or _exists(one, zone))
    return tuple("/".join(_at(one, name, value) for name, value in values.items()) for one in there)


def is_expected(contract: Contract, key: str) -> bool:
    """Whether the contract's calendar and schedule have the partition, from `startDate` to `endOfLife` (excluded)."""
    found = _label(contract.location.values(key))
    if found is None:
        return True
    (label, step), limits = found, contract.limits
    first, end = limits.start_date, limits.end_of_life
    lives = (first is None or first <= label.date()) and (end is None or label.date() < end)
    lines = (_CALENDARS.get(limits.calendar, limits.calendar), limits.schedule)
    return lives and all(_ticks(line, label, step) for line in lines if line)


def due(contract: Contract, key: str) -> datetime | None:
    """When the partition must be published, as far as the contract says: by `timeOfAvailability`, else by `latency`,
    else when its period has ended. None where the key names no date."""
    covered, clock = period(contract, key), contract.limits.available_by
    if covered is None:
        return None
    return clock_after(contract, key, clock) if clock else deadline(contract, key) or covered[1]


def clock_after(contract: Contract, key: str, clock: time) -> datetime | None:
    """When a clock first shows that time after the partition's period has ended, in its own zone or the contract's."""
    covered = period(contract, key)
    if covered is None:
        return None
    zone, end = clock.tzinfo or ZoneInfo(contract.limits.timezone), covered[1].astimezone(UTC)
    days = (end.astimezone(zone).date() + timedelta(days=ahead) for ahead in range(2))
    moments = (datetime.combine(day, clock.replace(tzinfo=None), tzinfo=zone).astimezone(UTC) for day in days)
    return next(moment for moment in moments if moment >= end)


def local_day(contract: Contract, moment: datetime) -> date:
    """The date that a calendar shows in the contract's time zone."""
    return moment.astimezone(ZoneInfo(contract.limits.timezone)).date()


def daily_keys(first: date, last: date) -> Iterator[str]:
    """ISO dates from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield (first + timedelta(days=offset)).isoformat()


def _ticks(line: str, label: datetime, step: timedelta) -> bool:
    try:
        return ticks(line, label, in_hour=step == _AN_HOUR)
    except ValueError:
        return True  # a schedule that only Airflow can read


def _label(values: dict[str, str]) -> tuple[datetime, timedelta] | None:
    """The beginning of a key's period as the clock on the wall shows it (naive), and the step to the next one."""
    day = _day(values)
    if day is None:
        return None
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (a label, not a moment)
    hour = next((values[name] for name in _HOURS if _HOUR.fullmatch(values.get(name, ""))), None)
    return (midnight, timedelta(days=1)) if hour is None else (midnight.replace(hour=int(hour)), _AN_HOUR)


def _at(label: datetime, name: str, value: str) -> str:
    """A segment's value at another time, written as it was; what is no time stays."""
    if name in _HOURS:
        return f"{label:%H}"
    day = label.date().isoformat()
    if name in _PARTS:
        return day[_PARTS[name]]
    if _day({name: value}) is None:
        return value
    return day if "-" in value else day.replace("-", "")


def _exists(label: datetime, zone: ZoneInfo) -> bool:
    """Whether a clock in that zone ever shows it: an hour of each spring is left out."""
    return label.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == label


def _day(values: dict[str, str]) -> date | None:
    texts = [*values.values(), "-".join(values.get(name, "").zfill(2) for name in ("year", "month", "day"))]
    for text in texts:
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None
