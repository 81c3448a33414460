"""Paths of a table's files: `dt=2026-11-01/hour=07/part-<attempt_id>.parquet`. If an attempt publishes several files,
the others are `more-<n>-<attempt_id>.parquet` in the same folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from partition_gate.adapters.warehouse_delta.sql import type_name
from partition_gate.core.errors import MalformedPartitionKey
from partition_gate.core.partition import SNAPSHOT
from partition_gate.core.partition_key import KeyValues, Segment, stored_values
from partition_gate.core.table import TableSchema

PREFIX, MORE = "part-", "more-"
SUFFIX = ".parquet"
RECORDS = "_publications"


def folder(partition_columns: Sequence[str], partition_key: str) -> str:
    """The partition's folder relative to the table's root, with a trailing slash; empty for `snapshot`.

    Raises:
        MalformedPartitionKey: the key does not have one part per partition column.
    """
    if not has_partition(partition_columns, partition_key):
        shape = "/".join(f"<{name}>" for name in partition_columns) or SNAPSHOT
        raise MalformedPartitionKey(
            f"{partition_key!r} is not a partition key of this table; a key has the form {shape}"
        )
    parts = partition_key.split("/")
    return "".join(f"{name}={part}/" for name, part in zip(partition_columns, parts, strict=False))


def has_partition(partition_columns: Sequence[str], partition_key: str) -> bool:
    """Whether a table with these partition columns can have a partition with this key."""
    parts = 0 if partition_key == SNAPSHOT and not partition_columns else len(partition_key.split("/"))
    return parts == len(partition_columns)


def staged_paths(partition_columns: Sequence[str], partition_key: str, attempt_id: str, *, count: int) -> list[str]:
    """The paths of `count` files of an attempt."""
    prefixes = [PREFIX, *(f"{MORE}{number}-" for number in range(1, count))][:count]
    return [f"{folder(partition_columns, partition_key)}{prefix}{attempt_id}{SUFFIX}" for prefix in prefixes]


def record_path(attempt_id: str) -> str:
    """The path of an attempt's publication record; Delta and Hive readers skip names that begin with `_`."""
    return f"{RECORDS}/{attempt_id}.json"


def attempt_of(path: str) -> str:
    name = path.rpartition("/")[2].removesuffix(SUFFIX)
    return name.removeprefix(MORE).partition("-")[2] if name.startswith(MORE) else name.removeprefix(PREFIX)


def partition_key_of(path: str) -> str:
    """The canonical key of the partition that a data file belongs to."""
    return "/".join(part.split("=", 1)[1] for part in PurePosixPath(path).parts[:-1]) or SNAPSHOT


def is_data_file(path: str) -> bool:
    name = PurePosixPath(path).name
    return name.startswith((PREFIX, MORE)) and name.endswith(SUFFIX)


def partition_values(table: TableSchema, partition_key: str, values: KeyValues) -> dict[str, str | None]:
    """Partition column -> its value in the log, from the key. `values` use the column's name or its segment in landing.

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
    folder(names(table), partition_key)
    segments = [Segment(name=column.name, type=type_name(column.type)) for column in table.partition_columns]
    return stored_values(table.name, segments, partition_key.split("/") if segments else ())


def quarantine_folder(table: str, partition_key: str, attempt_id: str) -> str:
    """The folder of an attempt's quarantined rows. Raises: MalformedPartitionKey (the path would leave the table's
    folder).
    """
    if {"", ".", ".."} & set(partition_key.split("/")):
        raise MalformedPartitionKey(
            f"{table}: {partition_key!r} is not a canonical partition key, so it has no quarantine folder"
        )
    return f"{table}/{partition_key}/{attempt_id}"


def names(table: TableSchema) -> tuple[str, ...]:
    """The partition columns' names, in key order."""
    return tuple(column.name for column in table.partition_columns)
