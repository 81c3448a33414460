"""Parquet files of the warehouse, as DuckDB reads and writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from deltalake import DeltaTable
from fsspec.spec import AbstractFileSystem

from partition_gate.adapters.storage import S3, Storage, StoredFile
from partition_gate.adapters.tables import keys
from partition_gate.adapters.tables.sql import cast
from partition_gate.adapters.warehouse_delta import layout, table_log, view_sql
from partition_gate.adapters.warehouse_delta.table_log import TableLogs
from partition_gate.adapters.warehouse_delta.table_schema import times_of_day
from partition_gate.core.errors import PartitionChanged
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication, Staged


class NamedFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """A read-only filesystem over a `Storage` on S3. `glob` returns its argument without a request, because DuckDB
    calls it for every file of a view when the view is created, but reads only the first.
    """

    protocol = "s3"
    cachable = False

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        self._storage = storage

    def glob(self, path: str, **_: Any) -> list[str]:
        return [str(self._strip_protocol(path))]

    def exists(self, path: str, **_: Any) -> bool:
        return self._storage.find(self._below_root(path)) is not None

    def size(self, path: str) -> int:
        return self._stored(path).size_bytes

    def modified(self, path: str) -> datetime:
        return self._stored(path).modified_at

    def open(self, path: str, mode: str = "rb", **_: Any) -> Any:  # noqa: ARG002 -- fsspec's
        return self._storage.reader(self._below_root(path))

    def _stored(self, path: str) -> StoredFile:
        file = self._storage.find(self._below_root(path))
        if file is None:
            raise FileNotFoundError(path)
        return file

    def _below_root(self, path: str) -> str:
        return f"{S3}{self._strip_protocol(path)}".removeprefix(f"{self._storage.root}/")


class CountedFiles:
    """The files of versions, opened by DuckDB to count the values in them."""

    def __init__(self, storage: Storage, logs: TableLogs) -> None:
        self._storage, self._logs = storage, logs

    @contextmanager
    def reading(
        self,
        table: TableSchema,
        versions: Sequence[Publication | Staged],
        columns: Sequence[str],  # noqa: ARG002 -- DuckDB reads no other columns of a file
        replaced: bool,  # noqa: FBT001 -- of `Reading`
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """As `Reading`. Raises: PartitionChanged (a version is no longer visible, or its files are gone)."""
        paths_of = self._kept_paths if replaced else self._paths
        columns_of = {path: view_sql.columns_text(each.columns) for each in versions for path in paths_of(each)}
        with duckdb.connect(config={"threads": 1}) as connection:
            if not self._storage.is_local:
                connection.register_filesystem(NamedFiles(self._storage))
            yield connection, view_sql.rows(table, self._storage.uri(table.name), columns_of)

    def _kept_paths(self, version: Publication | Staged) -> list[str]:
        table, key = version.table, version.partition_key
        paths = attempt_paths(self._storage, self._logs.load(table), table, key, attempt_id=version.attempt_id)
        if not paths:
            raise PartitionChanged(f"{table}/{key}: the files of attempt {version.attempt_id} are gone; run it again")
        return [path.removeprefix(f"{table}/") for path in paths]

    def _paths(self, version: Publication | Staged) -> list[str]:
        if isinstance(version, Staged):
            return [file.path for file in version.files]
        log = self._logs.load(version.table)
        visible = table_log.partition_paths(log, version.partition_key) if log else []
        paths = [path for path in visible if layout.attempt_of(path) == version.attempt_id]
        if not paths:
            raise PartitionChanged(
                f"{version.table}/{version.partition_key}: another version became visible; run it again"
            )
        return paths


def attempt_paths(
    storage: Storage, log: DeltaTable | None, table: str, partition_key: str, *, attempt_id: str
) -> list[str]:
    """The paths of an attempt's data files, visible or not, below the storage's root."""
    if log is None or not keys.has_partition(log.metadata().partition_columns, partition_key):
        return []
    folder = f"{table}/{layout.folder(log.metadata().partition_columns, partition_key)}"
    found = (file.path for file in storage.listing(folder) if "/" not in file.path[len(folder) :])
    return sorted(path for path in found if layout.is_data_file(path) and layout.attempt_of(path) == attempt_id)


def write_empty(table: TableSchema, into: Path) -> Path:
    """Write a file with the table's data columns and no rows."""
    stored_as_text = {column.name for column in times_of_day(table)}
    columns = ", ".join(
        f"{cast('NULL', 'VARCHAR' if column.name in stored_as_text else column.type)} AS {identifier(column.name)}"
        for column in table.columns
    )
    return _write(f"SELECT {columns} WHERE false", into / "empty.parquet")


def row_count(path: Path) -> int:
    """The row count in the file's footer."""
    return int(pq.read_metadata(path).num_rows)


def with_times_as_text(table: TableSchema, rows: Path, into: Path) -> Path:
    """The file itself, or a copy with times of day as text, because Delta has no type for them."""
    times = times_of_day(table)
    if not times:
        return rows
    replaced = ", ".join(f"{cast(identifier(time.name), 'VARCHAR')} AS {identifier(time.name)}" for time in times)
    query = f"FROM read_parquet({text_literal(str(rows))}) SELECT * REPLACE ({replaced})"
    return _write(query, into / "as_text.parquet")


def _write(query: str, path: Path) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO {text_literal(str(path))} (FORMAT parquet)")
    return path
