"""Paths of a table's files: `dt=2026-11-01/hour=07/part-<attempt_id>.parquet`. If an attempt publishes several files,
the others are `more-<n>-<attempt_id>.parquet` in the same folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from partition_gate.adapters.tables import keys
from partition_gate.core.partition import SNAPSHOT

PREFIX, MORE = "part-", "more-"
SUFFIX = ".parquet"
RECORDS = "_publications"


def folder(partition_columns: Sequence[str], partition_key: str) -> str:
    """The partition's folder relative to the table's root, with a trailing slash; empty for `snapshot`.

    Raises:
        MalformedPartitionKey: the key does not have one part per partition column.
    """
    keys.require_partition(partition_columns, partition_key)
    parts = partition_key.split("/")
    return "".join(f"{name}={part}/" for name, part in zip(partition_columns, parts, strict=False))


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
