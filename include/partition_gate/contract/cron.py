"""The days and hours that a cron expression matches; minutes do not matter for partitions."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

from partition_gate.core.record import Record

_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_FIELD = re.compile(r"[\dA-Za-z*,/#?LW-]+")
_MONTHS = dict(
    zip(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], range(1, 13), strict=True)
)
_DAYS = dict(zip(["sun", "mon", "tue", "wed", "thu", "fri", "sat"], range(7), strict=True))


def ticks(line: str, label: datetime, *, in_hour: bool) -> bool:
    """Whether the expression matches the day of a label and, with `in_hour`, its hour.

    If both day and weekday are restricted, matching one of them is enough, as in cron.

    Raises:
        ValueError: the line does not have the five fields `minute hour day month weekday`.
    """
    cron = _read(line)
    by_number, by_weekday = label.day in cron.days, label.isoweekday() % 7 in cron.weekdays
    is_day = (by_number or by_weekday) if cron.either_day else (by_number and by_weekday)
    return is_day and label.month in cron.months and (not in_hour or label.hour in cron.hours)


def looks_like_cron(text: str) -> bool:
    """Whether a text has the five or six fields of a cron expression, or is a keyword such as @daily. Airflow reads
    more expressions than this module.
    """
    fields = text.split()
    return text in _WORDS or (len(fields) in {5, 6} and all(_FIELD.fullmatch(field) for field in fields))


def is_line(text: str) -> bool:
    """Whether a text is a cron expression that this module can read."""
    try:
        _read(text)
    except ValueError:
        return False
    return True


class _Cron(Record):
    """`either_day`: days and weekdays are both restricted, so matching one of them is enough."""

    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool


@cache
def _read(line: str) -> _Cron:
    fields = _WORDS.get(line.strip(), line).split()
    if len(fields) != 5:
        raise ValueError(f"{line!r} does not have five fields")
    _field(fields[0], 0, 59)
    return _Cron(
        hours=_field(fields[1], 0, 23),
        days=_field(fields[2], 1, 31),
        months=_field(fields[3], 1, 12, _MONTHS),
        weekdays=frozenset(number % 7 for number in _field(fields[4], 0, 7, _DAYS)),
        either_day=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    return frozenset(number for part in text.split(",") for number in _part(part, low, high, names or {}))


def _part(part: str, low: int, high: int, names: dict[str, int]) -> range:
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span == "*":
        bounds = (low, high)
    else:
        start = _number(first, names)
        bounds = (start, _number(last, names) if dash else high if slash else start)
    if not low <= bounds[0] <= bounds[1] <= high or (slash and int(step) < 1):
        raise ValueError(f"{part!r} is not between {low} and {high}")
    return range(bounds[0], bounds[1] + 1, int(step) if slash else 1)


def _number(text: str, names: dict[str, int]) -> int:
    return names[text.lower()] if text.lower() in names else int(text)
