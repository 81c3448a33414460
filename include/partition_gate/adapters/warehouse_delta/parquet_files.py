"""The two Parquet files that the warehouse itself writes; every other one is taken as it is."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from partition_gate.adapters.warehouse_delta.sql import cast, identifier, literal
from partition_gate.adapters.warehouse_delta.table_schema import times_of_day
from partition_gate.table import TableSchema


def write_empty(table: TableSchema, into: Path) -> Path:
    """A file with the table's data columns and no row."""
    stored_as_text = {column.name for column in times_of_day(table)}
    columns = ", ".join(
        f"{cast('NULL', 'VARCHAR' if column.name in stored_as_text else column.type)} AS {identifier(column.name)}"
        for column in table.columns
    )
    return _write(f"SELECT {columns} WHERE false", into / "empty.parquet")


def row_count(path: Path) -> int:
    """The rows that the file's footer counts."""
    return int(pq.read_metadata(path).num_rows)


def with_times_as_text(table: TableSchema, rows: Path, into: Path) -> Path:
    """The file itself, or a copy whose times of day are text, because Delta has no such type."""
    times = times_of_day(table)
    if not times:
        return rows
    replaced = ", ".join(f"{cast(identifier(time.name), 'VARCHAR')} AS {identifier(time.name)}" for time in times)
    query = f"FROM read_parquet({literal(str(rows))}) SELECT * REPLACE ({replaced})"
    return _write(query, into / "as_text.parquet")


def _write(query: str, path: Path) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet)")
    return path
