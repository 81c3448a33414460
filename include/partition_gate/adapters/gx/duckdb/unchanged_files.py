"""Whether files may be published unchanged, because rewriting them would change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.core.table import TableColumn, TableSchema

SMALL_FILE_BYTES = 8 * 2**20
# Consumers' engines skip row groups by a footer's statistics, so these must come from a writer known to be correct.
_WRITERS = ("parquet-cpp-arrow", "DuckDB", "Polars", "parquet-rs", "parquet-mr version 1.1")
_DEPRECATED_TIMESTAMP = "INT96"
_STORED_AS: dict[str, tuple[pa.DataType, ...]] = {
    "BOOLEAN": (pa.bool_(),),
    "TINYINT": (pa.int8(),),
    "SMALLINT": (pa.int16(),),
    "INTEGER": (pa.int32(),),
    "BIGINT": (pa.int64(),),
    "FLOAT": (pa.float32(),),
    "DOUBLE": (pa.float64(),),
    "VARCHAR": (pa.string(), pa.large_string()),
    "BLOB": (pa.binary(), pa.large_binary()),
    "DATE": (pa.date32(),),
    "TIMESTAMP": (pa.timestamp("us"),),
    "TIMESTAMP WITH TIME ZONE": (pa.timestamp("us", tz="UTC"),),
}


def can_stay(paths: Sequence[Path], table: TableSchema) -> bool:
    """Whether the files may be published unchanged: each matches the table, and they are not many small ones."""
    return not _are_small(paths) and all(matches_table(str(path), table) for path in paths)


def matches_table(path: str, table: TableSchema) -> bool:
    """Whether the file has exactly the table's data columns, in order, with the types a Delta table stores.

    Nested columns, and columns of other names or types, need a rewrite.
    """
    with pq.ParquetFile(path) as file:
        metadata, fields = file.metadata, list(file.schema_arrow)
    if not str(metadata.created_by).startswith(_WRITERS) or len(fields) != len(table.columns):
        return False
    if any(metadata.schema.column(i).physical_type == _DEPRECATED_TIMESTAMP for i in range(metadata.num_columns)):
        return False
    return all(_is_stored(field, column) for field, column in zip(fields, table.columns, strict=True))


def _is_stored(field: pa.Field, column: TableColumn) -> bool:
    if not field.name == column.name == column.source:
        return False
    kind = duckdb.sqltype(column.type)
    if kind.id == "decimal":
        parts = dict(kind.children)
        return bool(field.type == pa.decimal128(parts["precision"], parts["scale"]))
    return field.type in _STORED_AS.get(str(kind), ())


def _are_small(paths: Sequence[Path]) -> bool:
    """Whether consumers would read one file faster than these; writing it is cheap then."""
    return len(paths) > 1 and sum(path.stat().st_size for path in paths) < SMALL_FILE_BYTES * len(paths)
