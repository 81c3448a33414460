"""Guesses from a profile: wide enough for the profiled partitions, and rounded to be readable. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from partition_gate.contracts.drafting.naming import has_personal_name, is_key_name
from partition_gate.contracts.drafting.profile import FEW_VALUES, ColumnPart, ColumnProfile, FarValues, ValueCount
from partition_gate.core.values import Scalar

_MOSTLY_NULL = 0.5
_OFTEN = 5  # rows in which a value of a list occurs at least, or on average
_FREQUENT = 0.001  # the fraction of the rows in which a value of a list occurs at least, if others are left out
_OTHERS = 0.002  # the fraction of the rows that others have at most; more are usual values that are seldom
_YEARS = 10  # how far other partitions may go back and on, beyond the dates that were seen
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


class ListedValues(NamedTuple):
    """The values of a list. `rare` are some of the `rare_count` values that were left out, in `other_rows` rows."""

    values: tuple[ValueCount, ...]
    rare: tuple[ValueCount, ...] = ()
    rare_count: int = 0
    other_rows: int = 0

    @property
    def sorted(self) -> list[Scalar]:
        """The values alone, in the order of their texts."""
        return sorted((each.value for each in self.values), key=str)


class Limits(NamedTuple):
    """The lowest and the highest value that a column should have; None: no limit."""

    low: Scalar | None
    high: Scalar | None


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


def _is_personal_part(part: ColumnPart) -> bool:
    return has_personal_name(part.name) or any(map(_is_personal_part, part.parts))


def listed_values(column: ColumnProfile, row_count: int) -> ListedValues | None:
    """The values of a text column that has few; None if they are no list.

    All of them, if there are at most `FEW_VALUES` and each occurs five times on average. Else those that each occur
    five times, and in a thousandth of the rows, if the others together are in at most 0.2 %: these may be mistakes.
    """
    if column.type != "VARCHAR" or looks_personal(column):
        return None
    known = row_count - column.null_count
    is_frequent = [each.rows >= max(_OFTEN, _FREQUENT * known) for each in column.values]
    frequent = tuple(each for each, often in zip(column.values, is_frequent, strict=True) if often)
    rare = tuple(each for each, often in zip(column.values, is_frequent, strict=True) if not often)
    others = known - sum(each.rows for each in frequent)
    if len(frequent) > 1 and 0 < others <= _OTHERS * known:
        return ListedValues(frequent, rare=rare, rare_count=column.distinct_count - len(frequent), other_rows=others)
    is_complete = column.distinct_count <= FEW_VALUES and column.distinct_count * _OFTEN <= row_count
    return ListedValues(column.values) if is_complete and len(column.values) > 1 else None


def value_limits(column: ColumnProfile) -> Limits:
    """The limits of a column's values: of numbers the observed range, rounded outwards to two digits.

    Values that are few and far from all others are outside. Dates have a limit only where such values are. Personal
    columns have none, nor have keys, which grow.
    """
    if looks_personal(column) or is_key_name(column.name):
        return Limits(None, None)
    if isinstance(column.low, str) or isinstance(column.high, str):
        return Limits(_first_day(column.far_below), _last_day(column.far_above))
    whole = rounded_range(column)
    if whole is None:
        return Limits(None, None)
    low = _beyond(column.far_below, is_low=True) if column.far_below else whole[0]
    high = _beyond(column.far_above, is_low=False) if column.far_above else whole[1]
    is_whole = types_of(column.type)[0] == "integer"
    return Limits(int(low), int(high)) if is_whole else Limits(low, high)


def rounded_range(column: ColumnProfile) -> tuple[float, float] | None:
    """The observed range, rounded outwards to two digits, never across zero; None if the values are not numbers."""
    low, high = column.low, column.high
    if isinstance(low, bool | str) or isinstance(high, bool | str) or low is None or high is None:
        return None
    return _down(low), -_down(-high)


def of_rows(rows: int, total: int) -> str:
    """`3 of 3,000 rows`."""
    return f"{rows:,} of {total:,} rows"


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


def _beyond(far: FarValues, *, is_low: bool) -> float:
    """The limit, rounded outwards unless a value that is far would then be inside."""
    limit, nearest = float(far.limit), float(far.nearest)
    exact = int(far.limit) if isinstance(far.limit, int) else limit
    rounded = _down(exact) if is_low else -_down(-exact)
    return exact if (rounded <= nearest if is_low else rounded >= nearest) else rounded


def _first_day(far: FarValues | None) -> str | None:
    """A day some years before the earliest date, because older partitions may be read; else the earliest date."""
    if far is None:
        return None
    day = f"{max(1, _year(far.limit) - _YEARS):04d}-01-01"
    return day if str(far.nearest) < day else str(far.limit)[:10]


def _last_day(far: FarValues | None) -> str | None:
    """A day some years after the latest date, because dates go on; None if those that are far above are before it."""
    if far is None or (later := _year(far.limit) + _YEARS) > date.max.year:
        return None
    day = f"{later:04d}-01-01"
    return day if str(far.nearest) > f"{day}T" else None


def _year(moment: Scalar) -> int:
    return int(str(moment)[:4])


def _down(number: float) -> float:
    """The number rounded down to two digits. Decimal, so that 0.1 + 0.2 is not 0.30000000000000004."""
    exact = Decimal(repr(number))
    if not exact:
        return 0
    quantum = Decimal(1).scaleb(exact.adjusted() - 1)
    rounded = (exact / quantum).to_integral_value(rounding=ROUND_FLOOR) * quantum
    return int(rounded) if isinstance(number, int) else float(rounded)
