"""Guesses from a profile: wide enough for the profiled partitions, and rounded to be readable."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from partition_gate.contracts.drafting.profile import Arrival, ColumnPart, ColumnProfile
from partition_gate.core.record import Record
from partition_gate.core.values import Scalar

_PERSONAL = re.compile(
    r"(?:^|_)(?:e?mail|phone|mobile|fax|ssn|birth\w*|dob|first_?name|last_?name|full_?name|surname|user_?name"
    r"|customer_?name|person\w*|address|street|zip|postcode|iban|passport|tax_?id|salary|password|secret|token|ip)"
    r"(?:$|_)"
)
_BACKFILL = timedelta(days=30)
_MOSTLY_NULL = 0.5
# DuckDB type -> (logicalType, physicalType, format). The promised size is the stored size; only an unsigned 64-bit
# integer also needs its format, because `integer` alone is limited to 63 bits.
_TYPES: dict[str, tuple[str, str | None, str | None]] = {
    "TINYINT": ("integer", "TINYINT", None),
    "SMALLINT": ("integer", "INT16", None),
    "INTEGER": ("integer", "INT32", None),
    "BIGINT": ("integer", "INT64", None),
    "UTINYINT": ("integer", "UINT8", None),
    "USMALLINT": ("integer", "UINT16", None),
    "UINTEGER": ("integer", "UINT32", None),
    "UBIGINT": ("integer", "UINT64", "u64"),
    "FLOAT": ("number", "FLOAT", None),
    "DOUBLE": ("number", "DOUBLE", None),
    "VARCHAR": ("string", None, None),
    "BOOLEAN": ("boolean", None, None),
    "DATE": ("date", None, None),
    "TIME": ("time", None, None),
    "TIMESTAMP": ("timestamp", "TIMESTAMP", None),
    "TIMESTAMP_S": ("timestamp", "TIMESTAMP", None),
    "TIMESTAMP_MS": ("timestamp", "TIMESTAMP", None),
    "TIMESTAMP_NS": ("timestamp", "TIMESTAMP", None),
    "TIMESTAMP WITH TIME ZONE": ("timestamp", "TIMESTAMPTZ", None),
}


class Latency(Record):
    """The slowest observed arrival after the end of its period, or why it cannot be guessed."""

    hours: int | None
    why: str


def types_of(duckdb_type: str) -> tuple[str | None, str | None, str | None]:
    """(logicalType, physicalType, format); a nested type has only its logical type, an unknown type none of them."""
    if duckdb_type.startswith("DECIMAL"):
        return "number", duckdb_type, None
    if duckdb_type.endswith("]"):
        return "array", None, None
    if duckdb_type.startswith("STRUCT"):
        return "object", None, None
    return _TYPES.get(duckdb_type, (None, None, None))


def looks_personal(column: ColumnProfile) -> bool:
    """Whether its name, a part's name or its values look personal. Masking covers whole columns."""
    named = has_personal_name(column.name) or any(map(_is_personal_part, column.parts))
    return named or column.content is not None


def why_personal(column: ColumnProfile) -> str:
    """Why a column looks personal, without a value."""
    if column.content is None:
        return "by its name"
    return f"because {column.content.fraction:.0%} of its values look like {column.content.kind}".replace("%", " %")


def has_personal_name(name: str) -> bool:
    """Whether a column with this name (`customerEmail`, `first_name`) usually contains personal data."""
    return bool(_PERSONAL.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()))


def _is_personal_part(part: ColumnPart) -> bool:
    return has_personal_name(part.name) or any(map(_is_personal_part, part.parts))


def few_values(column: ColumnProfile, row_count: int) -> tuple[Scalar, ...]:
    """The values of a text column with few values that occur at least five times on average; else none."""
    is_text = column.type == "VARCHAR" and not looks_personal(column)
    is_frequent = column.distinct_count * 5 <= row_count
    return tuple(sorted(column.values, key=str)) if is_text and is_frequent and len(column.values) > 1 else ()


def rounded_range(column: ColumnProfile) -> tuple[float, float] | None:
    """The observed range, rounded outwards to two digits, never across zero; None if the values are not numbers."""
    low, high = column.low, column.high
    if isinstance(low, bool | str) or isinstance(high, bool | str) or low is None or high is None:
        return None
    return _down(low), -_down(-high)


def null_budget_percent(column: ColumnProfile) -> float | None:
    """1.5 times the highest percentage of nulls, rounded up; None without nulls, or if most values are null."""
    worst = max(column.null_fractions, default=0.0)
    if not worst or worst > _MOSTLY_NULL:
        return None
    return min(100.0, -_down(-worst * 150))


def row_bounds(row_counts: Sequence[int]) -> tuple[int, int] | None:
    """Half the smallest and twice the largest partition, as exclusive bounds; None if one has fewer than two rows."""
    smallest, largest = min(row_counts, default=0), max(row_counts, default=0)
    return (math.floor(smallest / 2), largest * 2) if smallest > 1 else None


def step(keys: Sequence[str]) -> tuple[int, str] | None:
    """The most common gap between keys, as (value, unit); None if the keys are not dates."""
    ends = [period_end(key) for key in keys]
    moments = sorted({end for end in ends if end is not None})
    gaps = Counter(later - earlier for earlier, later in pairwise(moments))
    if None in ends or not gaps:
        return None
    gap = gaps.most_common(1)[0][0]
    return (gap.days, "d") if not gap % timedelta(days=1) else (int(gap.total_seconds() // 3600), "h")


def latency(arrivals: Sequence[Arrival], *, timezone: str) -> Latency:
    """Hours within which every partition arrived, plus one; a backfill allows no guess."""
    delays = [
        arrival.arrived_at - end
        for arrival in arrivals
        if (end := period_end(arrival.key, timezone=timezone)) is not None
    ]
    if not delays:
        return Latency(hours=None, why="the keys are not dates")
    if max(delays) > _BACKFILL:
        why = f"files arrived up to {max(delays).days} days after their period, as in a backfill"
        return Latency(hours=None, why=why)
    if min(delays) < timedelta(0):
        why = f"files arrived before their period ended in {timezone}; set the time zone of the keys with --timezone"
        return Latency(hours=None, why=why)
    hours = math.ceil(max(delays) / timedelta(hours=1)) + 1
    return Latency(hours=hours, why=f"{len(delays)} partitions arrived within {hours - 1} h")


def period_end(key: str, *, timezone: str = "UTC") -> datetime | None:
    """The end (in UTC) of the period of a key such as 2026-11-01, EU/2026-11-01 or 2026-11-01/07; None for others."""
    day = day_of(key)
    if day is None:
        return None
    start = datetime.combine(day, datetime.min.time(), tzinfo=ZoneInfo(timezone))
    hour = key.partition(f"{day}/")[2]
    if not hour:
        return (start + timedelta(days=1)).astimezone(UTC)  # a local day may have 23 or 25 hours
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


def _down(number: float) -> float:
    """The number rounded down to two digits. Decimal, so that 0.1 + 0.2 is not 0.30000000000000004."""
    exact = Decimal(repr(number))
    if not exact:
        return 0
    quantum = Decimal(1).scaleb(exact.adjusted() - 1)
    rounded = (exact / quantum).to_integral_value(rounding=ROUND_FLOOR) * quantum
    return int(rounded) if isinstance(number, int) else float(rounded)
