"""Durations and percentages as contracts write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SECONDS = {
    "ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001,
    "s": 1, "sec": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
    "w": 604800, "week": 604800, "weeks": 604800,
    "month": 2592000, "months": 2592000,
    "y": 31536000, "yr": 31536000, "year": 31536000, "years": 31536000,
}  # fmt: skip
_ISO = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_ISO_SECONDS = (31536000, 2592000, 604800, 86400, 3600, 60, 1)
_WORDS = (("day", 86400), ("hour", 3600), ("minute", 60))
_SHORT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


class Month(NamedTuple):
    """A calendar month in UTC; as text `2026-11`."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """The month of a moment."""
        in_utc = moment.astimezone(UTC)
        return cls(in_utc.year, in_utc.month)

    @property
    def begins_at(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def following(self) -> Month:
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


def is_timezone(name: object) -> bool:
    """Whether the name is in the IANA time zone database."""
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder in the database, such as `Europe`
        return False
    return isinstance(name, str) and bool(name)


def duration(value: object, unit: object = None) -> timedelta | None:
    """`(4, "h")`, `"120s"` or `"PT4H"` as a time span; None for any other form. A month is 30 days."""
    text = str(value).strip()
    if unit and (seconds := _SECONDS.get(str(unit).strip().lower())):
        return _span(float(text) * seconds) if _is_number(text) else None
    if iso := _ISO.fullmatch(text.upper()):
        return _span(sum(float(n or 0) * seconds for n, seconds in zip(iso.groups(), _ISO_SECONDS, strict=True)))
    if (short := _SHORT.fullmatch(text)) and (seconds := _SECONDS.get(short[2].lower())):
        return _span(float(short[1]) * seconds)
    return None


def in_words(span: timedelta) -> str:
    """A span for readers, in its largest whole unit: `7 days`, `36 hours`, `90 seconds`."""
    seconds = span.total_seconds()
    name, size = next((pair for pair in _WORDS if seconds >= pair[1] and seconds % pair[1] == 0), ("second", 1))
    count = seconds / size
    return f"{count:,g} {name}" if count == 1 else f"{count:,g} {name}s"


def roughly(span: timedelta) -> str:
    """A span for readers, rounded: `4,325 days`, `26 h 5 min`, `12 min`, `30 s`."""
    minutes, seconds = divmod(round(abs(span).total_seconds()), 60)
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60):,} days"
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def fraction(value: object, unit: object = None) -> float | None:
    """A fraction from 0 to 1 out of `5` percent, `"5%"` or `0.05`; None for any other form."""
    text = str(value).strip()
    is_percent = text.endswith("%") or str(unit or "").lower() in {"percent", "%"}
    text = text.rstrip("%").strip()
    if not _is_number(text):
        return None
    number = float(text) / 100 if is_percent else float(text)
    return number if 0 <= number <= 1 else None


def day(value: object) -> date | None:
    """The date at the start of an ISO 8601 text; None for any other form."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def clock(value: object) -> time | None:
    """`7:30`, `07:30` or `07:30-05:00` as a time of day; None for any other form."""
    text = str(value).replace(" ", "")
    try:
        return time.fromisoformat(text if text[1:2] != ":" else f"0{text}")
    except ValueError:
        return None


def _span(seconds: float) -> timedelta | None:
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None
