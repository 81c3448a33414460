"""The distinct values of a column in two sets of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from partition_gate.adapters.gx.duckdb.sql import read_parquet, select
from partition_gate.core.quoting import identifier
from partition_gate.judging.shrinkage import MOST_GONE, ColumnShrinkage, GoneValue


def compared_values(
    database: duckdb.DuckDBPyConnection, before: Path, now: Sequence[Path], column: str
) -> ColumnShrinkage:
    """What a column has in `before` and not in `now`: each is grouped once."""
    found = database.execute(_query(before, now, column)).fetchall()
    counts = found[0][:3]
    gone = tuple(GoneValue(value=value, rows=rows) for *_, value, rows in found if rows is not None)
    return ColumnShrinkage(column=column, before=counts[0], now=counts[1], gone_count=counts[2], gone=gone)


def _query(before: Path, now: Sequence[Path], column: str) -> str:
    cell, old = identifier(column), read_parquet([str(before)])
    new = read_parquet([str(path) for path in now]) if now else f"({select([cell], old)} LIMIT 0)"
    return f"""
        WITH old AS MATERIALIZED (SELECT {cell} AS value, count(*) AS row_count FROM {old} GROUP BY 1),
        new AS MATERIALIZED (SELECT {cell} AS value FROM {new} GROUP BY 1),
        gone AS MATERIALIZED (
            SELECT value::VARCHAR AS value, row_count FROM old
            WHERE NOT EXISTS (SELECT 1 FROM new WHERE new.value IS NOT DISTINCT FROM old.value)
        )
        SELECT (SELECT count(*) FROM old), (SELECT count(*) FROM new), (SELECT count(*) FROM gone), first.*
        FROM (SELECT 1) LEFT JOIN (
            SELECT value, row_count FROM gone ORDER BY row_count DESC, value NULLS LAST LIMIT {MOST_GONE}
        ) AS first ON true
        ORDER BY row_count DESC, value NULLS LAST
    """  # noqa: S608 -- identifiers and paths are quoted
