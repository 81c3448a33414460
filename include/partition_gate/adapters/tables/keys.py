"""The partition keys of a table: which it can have, and the values of its partition columns."""

from __future__ import annotations

from collections.abc import Sequence

from partition_gate.adapters.tables.sql import type_name
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition import SNAPSHOT
from partition_gate.core.partition_key import KeyValues, Segment, stored_values
from partition_gate.core.table import TableSchema


def names(table: TableSchema) -> tuple[str, ...]:
    """The partition columns' names, in key order."""
    return tuple(column.name for column in table.partition_columns)


def has_partition(partition_columns: Sequence[str], partition_key: str) -> bool:
    """Whether a table with these partition columns can have a partition with this key."""
    parts = 0 if partition_key == SNAPSHOT and not partition_columns else len(partition_key.split("/"))
    return parts == len(partition_columns)


def require_partition(partition_columns: Sequence[str], partition_key: str) -> None:
    """Raises: MalformedPartitionKey (the key does not have one part per partition column)."""
    if not has_partition(partition_columns, partition_key):
        shape = "/".join(f"<{name}>" for name in partition_columns) or SNAPSHOT
        raise MalformedPartitionKey(
            f"{partition_key!r} is not a partition key of this table; a key has the form {shape}"
        )


def partition_values(table: TableSchema, partition_key: str, values: KeyValues) -> dict[str, str | None]:
    """Partition column -> its value in the form that CAST reads, from the key.

    `values` use the column's name or its segment in landing.

    Raises:
        MalformedPartitionKey: a part is not canonical, differs from `values`, or cannot be parsed as its column's type
            by readers of the log (a single such value makes the table unloadable).
    """
    stored = values_of(table, partition_key)
    by_name = dict(values)
    expected = {column.name: by_name.get(column.name, by_name.get(column.source)) for column in table.partition_columns}
    if stored != expected:
        raise MalformedPartitionKey(f"{table.name}: the values differ from those of the key {partition_key!r}")
    return stored


def values_of(table: TableSchema, partition_key: str) -> dict[str, str | None]:
    """As `partition_values`, from the key alone. Raises: MalformedPartitionKey."""
    require_partition(names(table), partition_key)
    segments = [Segment(name=column.name, type=type_name(column.type)) for column in table.partition_columns]
    return stored_values(table.name, segments, partition_key.split("/") if segments else ())
