"""Guesses about time, from partition keys and arrivals: how often partitions come, how late, and which are absent."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from partition_gate.contracts.drafting.profile import Arrival
from partition_gate.core.display import counted
from partition_gate.core.record import Record

_BACKFILL = timedelta(days=30)
_A_DAY = timedelta(days=1)
_FEWEST_ARRIVALS = 3
_NAMED = 5
_FRIDAY = 5  # isoweekday


class Latency(Record):
    """The slowest observed arrival after the end of its period, or why it cannot be guessed."""

    hours: int | None
    why: str


class _Timed(NamedTuple):
    """An arrival with the end of its period; `series` is the part of the key before its day (`EU/`)."""

    series: str
    end: datetime
    arrived_at: datetime

    @property
    def delay(self) -> timedelta:
        return self.arrived_at - self.end


def step(keys: Sequence[str]) -> tuple[int, str] | None:
    """The most common gap between keys, as (value, unit); None if the keys are not dates."""
    ends = [period_end(key) for key in keys]
    moments = sorted({end for end in ends if end is not None})
    gaps = Counter(later - earlier for earlier, later in pairwise(moments))
    if None in ends or not gaps:
        return None
    gap = gaps.most_common(1)[0][0]
    return (gap.days, "d") if not gap % _A_DAY else (int(gap.total_seconds() // 3600), "h")


def comes_on_weekdays(keys: Sequence[str]) -> bool:
    """Whether there is a partition a day, and over at least two weekends none on a Saturday or Sunday."""
    days = sorted({day for key in keys if (day := day_of(key))})
    if step(keys) != (1, "d") or any(day.isoweekday() > _FRIDAY for day in days):
        return False
    return sum(later - earlier >= 3 * _A_DAY for earlier, later in pairwise(days)) > 1


def absences(keys: Sequence[str]) -> str | None:
    """`2 days between A and B did not come: ...`, with at most five of the keys; None if no expected key is absent.

    Expected are the steps between the first and the last key of each series (each region), on weekdays only if none
    ever came on a weekend.
    """
    every = step(keys)
    if every is None:
        return None
    series: dict[str, set[datetime]] = defaultdict(set)
    for key in keys:
        if end := period_end(key):
            series[_series(key)].add(end)
    skips_weekends = comes_on_weekdays(keys)
    absent = (key for name, ends in series.items() for key in _absent(name, ends, every, skips_weekends=skips_weekends))
    named = list(islice(absent, _NAMED))
    if not named:
        return None
    more = sum(1 for _ in absent)  # counted, not kept: one stray key may be centuries away
    periods, days = _periods(len(named) + more, every), sorted(filter(None, map(day_of, keys)))
    others = f" and {more:,} more" if more else ""
    return f"{periods} between {days[0]} and {days[-1]} did not come: {', '.join(named)}{others}"


def latency(arrivals: Sequence[Arrival], *, timezone: str) -> Latency:
    """Hours within which every partition arrived, plus one.

    Only partitions count that landed about one period apart from a neighbour of their series: files of a backfill or of
    a copy land together, long after their periods.
    """
    timed = [
        _Timed(_series(arrival.key), end, arrival.arrived_at)
        for arrival in arrivals
        if (end := period_end(arrival.key, timezone=timezone)) is not None
    ]
    if not timed:
        return Latency(hours=None, why="the keys are not dates")
    regular = list(_one_period_apart(timed))
    if len(regular) < _FEWEST_ARRIVALS:
        if len(timed) < _FEWEST_ARRIVALS:
            return Latency(hours=None, why=f"there are fewer than {_FEWEST_ARRIVALS} partitions")
        landed = f"only {len(regular)} of {len(timed)} partitions" if regular else f"none of {len(timed)} partitions"
        return Latency(hours=None, why=f"{landed} landed one period after another, as in a backfill or a copy")
    delays = [each.delay for each in regular]
    if max(delays) > _BACKFILL:
        why = f"files arrived up to {counted(max(delays).days, 'day')} after their period, as in a backfill"
        return Latency(hours=None, why=why)
    if min(delays) < timedelta(0):
        why = f"files arrived before their period ended in {timezone}; set the time zone of the keys with --timezone"
        return Latency(hours=None, why=why)
    hours = math.ceil(max(delays) / timedelta(hours=1)) + 1
    partitions = counted(len(timed), "partition")
    which = partitions if len(regular) == len(timed) else f"{len(regular)} of {partitions}"
    return Latency(hours=hours, why=f"{which} arrived within {hours - 1} h")


def period_end(key: str, *, timezone: str = "UTC") -> datetime | None:
    """The end (in UTC) of the period of a key such as 2026-11-01, EU/2026-11-01 or 2026-11-01/07; None for others."""
    day = day_of(key)
    if day is None:
        return None
    start = datetime.combine(day, datetime.min.time(), tzinfo=ZoneInfo(timezone))
    hour = key.partition(f"{day}/")[2]
    if not hour:
        return (start + _A_DAY).astimezone(UTC)  # a local day may have 23 or 25 hours
    if not re.fullmatch(r"\d\d?", hour) or int(hour) > 23:
        return None
    return start.replace(hour=int(hour)).astimezone(UTC) + timedelta(hours=1)


def day_of(key: str) -> date | None:
    """The day that a part of a key names; None if none does."""
    for part in key.split("/"):
        if re.fullmatch(r"\d{4}-\d\d-\d\d", part):
            with suppress(ValueError):
                return date.fromisoformat(part)
    return None


def _series(key: str) -> str:
    return key.partition(str(day_of(key)))[0]


def _one_period_apart(timed: Sequence[_Timed]) -> Iterator[_Timed]:
    """The arrivals whose distance from a neighbour's is between half and one and a half of that of their periods."""
    series: dict[str, list[_Timed]] = defaultdict(list)
    for each in sorted(timed):
        series[each.series].append(each)
    for ordered in series.values():
        regular = [_is_one_period_apart(earlier, later) for earlier, later in pairwise(ordered)]
        beside = zip(ordered, [False, *regular], [*regular, False], strict=True)
        yield from (each for each, before, after in beside if before or after)


def _is_one_period_apart(earlier: _Timed, later: _Timed) -> bool:
    return abs(later.delay - earlier.delay) <= (later.end - earlier.end) / 2


def _absent(series: str, ends: set[datetime], every: tuple[int, str], *, skips_weekends: bool) -> Iterator[str]:
    value, unit = every
    gap = timedelta(days=value) if unit == "d" else timedelta(hours=value)
    for earlier, later in pairwise(sorted(ends)):
        for number in range(1, (later - earlier) // gap):
            start = earlier + number * gap - (_A_DAY if unit == "d" else timedelta(hours=1))
            if not (skips_weekends and start.isoweekday() > _FRIDAY):
                yield f"{series}{start:%Y-%m-%d}" if unit == "d" else f"{series}{start:%Y-%m-%d/%H}"


def _periods(count: int, every: tuple[int, str]) -> str:
    value, unit = every
    noun = {"d": "day", "h": "hour"}[unit] if value == 1 else f"period of {value} {unit}"
    plural = f"{noun}s" if value == 1 else noun.replace("period", "periods")
    return f"{count:,} {noun if count == 1 else plural}"
