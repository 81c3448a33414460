"""Profiles one column of a partition's rows: its nulls, its extremes, and the values that are far from all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from partition_gate.adapters.profiling.rows import duplicate_count, scalar, single_row
from partition_gate.contracts.drafting.classification import SAMPLE, content_of
from partition_gate.contracts.drafting.naming import is_key_name
from partition_gate.contracts.drafting.profile import FEW_VALUES, RARE, ColumnPart, ColumnProfile, FarValues, ValueCount
from partition_gate.core.quoting import identifier

FLOATS = frozenset({"FLOAT", "DOUBLE"})
_LONG_NUMBERS = {"BIGINT", "UBIGINT", "HUGEINT"}  # they may be numbers of cards
_MOMENTS = ("DATE", "TIMESTAMP")
_FEWEST_ROWS = 20
_NONE = "any_value(NULL)"  # an aggregate, because a constant would have no row where the files have none
# A value is far if it is this many times as far from all others as these are from each other: a sentinel, or a slip of
# several digits. The longest of many delays or amounts is not (docs/adr/0055).
_FAR = 3

PartitionCounts = Sequence[tuple[int, dict[str, int]]]  # rows, and known values by column, of each partition


def column_profile(rows: duckdb.DuckDBPyRelation, name: str, kind: Any, counts: PartitionCounts) -> ColumnProfile:
    """The profile of a column over all rows. `kind` is its DuckDB type."""
    text, column = str(kind), identifier(name)
    is_text = text == "VARCHAR"
    distinct, low, high, min_length, max_length = single_row(rows, _cells(column, text))
    sample = _sample(rows, column) if is_text or text in _LONG_NUMBERS else ()
    null_count = sum(count - filled.get(name, 0) for count, filled in counts)
    known = sum(count for count, _ in counts) - null_count
    below, above = (None, None) if None in (low, high) else _far_values(rows, column, text, known)
    return ColumnProfile(
        name=name,
        type=text,
        null_fractions=tuple(1 - filled.get(name, 0) / count if count else 0.0 for count, filled in counts),
        null_count=null_count,
        distinct_count=distinct,
        duplicate_rows=_few_duplicates(rows, name, text, distinct, known, null_count),
        low=scalar(low),
        high=scalar(high),
        far_below=below,
        far_above=above,
        min_length=min_length,
        max_length=max_length,
        values=_frequent_values(rows, column) if is_text else (),
        content=content_of(list(map(str, sample)), column=name),
        parts=_parts(kind),
    )


def may_be_key(kind: str) -> bool:
    """Whether values of this type may identify a row."""
    return kind.startswith(("VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "UUID")) or _is_integer(kind)


def _cells(column: str, kind: str) -> list[str]:
    is_text = kind == "VARCHAR"
    is_scalar = not kind.endswith("]") and not kind.startswith(("STRUCT", "MAP", "BLOB"))
    extreme = f"CASE WHEN bool_and(isfinite({column})) THEN {{}}({column}) END" if kind in FLOATS else f"{{}}({column})"
    cells = [f"count(DISTINCT {column})" if is_scalar else "count(NULL)"]
    cells += [extreme.format("min"), extreme.format("max")] if is_scalar and not is_text else [_NONE, _NONE]
    return cells + ([f"min(length({column}))", f"max(length({column}))"] if is_text else [_NONE, _NONE])


def _sample(rows: duckdb.DuckDBPyRelation, column: str) -> tuple[Any, ...]:
    found = rows.project(column).filter(f"{column} IS NOT NULL").distinct().limit(SAMPLE).fetchall()
    return tuple(row[0] for row in found)


def _frequent_values(rows: duckdb.DuckDBPyRelation, column: str) -> tuple[ValueCount, ...]:
    known = rows.filter(f"{column} IS NOT NULL")
    counted = known.aggregate(f"{column} AS value, count(*) AS size", column).order("size DESC, value")
    return tuple(ValueCount(value=value, rows=size) for value, size in counted.limit(FEW_VALUES).fetchall())


def _few_duplicates(
    rows: duckdb.DuckDBPyRelation, name: str, kind: str, distinct: int, known: int, nulls: int
) -> int | None:
    """The rows that share their value with another, of a column that is called a key and nearly is one."""
    is_candidate = is_key_name(name) and (kind in {"VARCHAR", "UUID"} or _is_integer(kind))
    is_broken = nulls or distinct < known
    if not is_candidate or not is_broken or known < 2 or nulls > RARE * known or known - distinct > RARE * known:
        return None
    duplicates = duplicate_count(rows, [name])
    return duplicates if duplicates <= RARE * known else None


def _far_values(
    rows: duckdb.DuckDBPyRelation, column: str, kind: str, known: int
) -> tuple[FarValues | None, FarValues | None]:
    """The values that are far below, and far above, all others; at most `RARE` of the rows have them."""
    if known < _FEWEST_ROWS or not (_is_number(kind) or kind.startswith(_MOMENTS)):
        return None, None
    number = f"epoch({column})" if kind.startswith(_MOMENTS) else f"{column}::DOUBLE"
    measured = rows.project(f"{column} AS value, {number} AS number").filter("value IS NOT NULL")
    beyond = (max(1, int(known * RARE / 2)) + 0.5) / known
    low, high = single_row(measured, [f"quantile_disc(number, {beyond})", f"quantile_disc(number, {1 - beyond})"])
    if low == high:
        return None, None
    below = _far_above(measured.project("value, -number AS number"), -high, -low)
    return below, _far_above(measured, low, high)


def _far_above(measured: duckdb.DuckDBPyRelation, low: float, high: float) -> FarValues | None:
    """What is far above the other values, most of which are from `low` to `high`."""
    tail = measured.filter(f"number >= {high!r}::DOUBLE").aggregate("value, number, count(*) AS size", "value, number")
    beside = tail.project("*, lag(value) OVER (ORDER BY number) AS before, lag(number) OVER (ORDER BY number) AS lower")
    is_far = f"number - lower > {_FAR} * (lower - ({low!r})::DOUBLE)"
    first = beside.filter(is_far).order("number").limit(1).fetchall()
    if not first:
        return None
    value, number, _, limit, _ = first[0]
    [size] = single_row(tail.filter(f"number >= ({number!r})::DOUBLE"), ["sum(size)"])
    return FarValues(limit=scalar(limit) or 0, nearest=scalar(value) or 0, rows=int(size))


def _parts(kind: Any) -> tuple[ColumnPart, ...]:
    """The parts of a nested DuckDB type; version 3.1 of the standard cannot describe the parts of a map."""
    if kind.id not in {"list", "array", "struct"}:
        return ()
    children = kind.children if kind.id == "struct" else [("items", kind.children[0][1])]
    return tuple(ColumnPart(name=name, type=str(child), parts=_parts(child)) for name, child in children)


def _is_integer(kind: str) -> bool:
    return kind.endswith("INT") or kind == "INTEGER"


def _is_number(kind: str) -> bool:
    return _is_integer(kind) or kind in FLOATS or kind.startswith("DECIMAL")
