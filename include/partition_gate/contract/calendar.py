"""Which partitions are expected and until when: pure date arithmetic in the contract's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from partition_gate.contract.model import Contract

_HOUR = re.compile(r"\d{1,2}")


def period(contract: Contract, key: str) -> tuple[datetime, datetime] | None:
    """Start and end (exclusive, aware) of the time that a partition covers; None where its key names no date.

    Understands one ISO date segment, or year/month/day segments, and an hour segment. Days follow the contract's
    time zone, so a day may have 23 or 25 hours.
    """
    values = contract.location.values(key)
    day = _day(values)
    if day is None:
        return None
    zone = ZoneInfo(contract.limits.timezone)
    hour = next((values[name] for name in ("hour", "hh", "h") if _HOUR.fullmatch(values.get(name, ""))), None)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    if hour is not None:
        start = (midnight.replace(hour=int(hour))).astimezone(UTC)
        return start, start + timedelta(hours=1)
    tomorrow = day + timedelta(days=1)
    return midnight, datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


def deadline(contract: Contract, key: str) -> datetime | None:
    """When the partition must be complete in landing; None without a latency SLA or a period.

    Source: ODCS slaProperties `latency`; counted from the end of the period.
    """
    covered = period(contract, key)
    if covered is None or contract.limits.latency is None:
        return None
    return covered[1].astimezone(UTC) + contract.limits.latency


def daily_keys(first: date, last: date) -> Iterator[str]:
    """ISO dates from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield (first + timedelta(days=offset)).isoformat()


def _day(values: dict[str, str]) -> date | None:
    texts = [*values.values(), "-".join(values.get(name, "").zfill(2) for name in ("year", "month", "day"))]
    for text in texts:
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    return None
