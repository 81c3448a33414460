"""Reads rows of Parquet files, and figures about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from partition_gate.core.quoting import identifier
from partition_gate.core.values import Scalar


def rows_of(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> duckdb.DuckDBPyRelation:
    """The rows of files, with the columns that any of them has."""
    return connection.read_parquet([str(path) for path in paths], union_by_name=True, hive_partitioning=False)


def single_row(relation: duckdb.DuckDBPyRelation, expressions: Sequence[str]) -> tuple[Any, ...]:
    """The values of aggregates over all rows."""
    rows: list[tuple[Any, ...]] = relation.aggregate(", ".join(expressions)).fetchall()
    return rows[0]


def distinct_count(relation: duckdb.DuckDBPyRelation, names: Sequence[str]) -> int:
    """The number of different combinations of values."""
    return int(single_row(relation, [f"count(DISTINCT ({', '.join(map(identifier, names))}))"])[0])


def duplicate_count(relation: duckdb.DuckDBPyRelation, names: Sequence[str]) -> int:
    """The number of rows without nulls in these columns that share their values with another row."""
    quoted = ", ".join(map(identifier, names))
    known = relation.filter(" AND ".join(f"{identifier(name)} IS NOT NULL" for name in names))
    groups = known.aggregate("count(*) AS size", quoted)
    return int(single_row(groups, ["coalesce(sum(size) FILTER (WHERE size > 1), 0)"])[0])


def scalar(value: Any) -> Scalar | None:
    """A value as a contract writes it; None if it cannot."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str) else None
