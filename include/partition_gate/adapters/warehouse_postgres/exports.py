"""Stored rows as local Parquet files, for engines that read files. Each export shows one moment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from sqlalchemy import Connection, select

from partition_gate.adapters.warehouse_postgres.columns import VERSION, Columns
from partition_gate.adapters.warehouse_postgres.database import Database, driver_of
from partition_gate.adapters.warehouse_postgres.rows import copy_out, write_empty
from partition_gate.adapters.warehouse_postgres.storage import Version, VersionStorage
from partition_gate.adapters.warehouse_postgres.views import ConsumersViews
from partition_gate.core.errors import PartitionChanged
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication, Staged


class Exports:
    """Writes rows of the storage to files."""

    def __init__(self, database: Database, storage: VersionStorage, views: ConsumersViews) -> None:
        self._database, self._storage, self._views = database, storage, views

    def of_version(self, publication: Publication, into: Path) -> Path:
        """The rows of a visible or a replaced version as they were published. Raises: PartitionChanged."""
        with self._database.reading_rows() as connection:
            version = self._find(connection, publication)
            if version is None or not version.fence:
                raise PartitionChanged(
                    f"{publication.table}/{publication.partition_key}: the rows of attempt {publication.attempt_id} "
                    "are gone; run it again"
                )
            table = self._storage.rows_table(version.table, version.shape)
            names = ", ".join(identifier(name) for name, _ in version.columns)
            query = f"SELECT {names} FROM {table} WHERE {identifier(VERSION)} = {version.id}"  # noqa: S608 -- quoted
            path = into / f"part-{version.attempt_id}.parquet"
            return copy_out(driver_of(connection), query, version.columns, path)

    def of_table(self, table: str, into: Path) -> tuple[Path, ...]:
        """All visible rows with their partition columns; one file per shape, none if nothing was published."""
        with self._database.reading_rows() as connection:
            if not self._storage.exists(connection):
                return ()
            shapes = self._storage.visible_shapes(connection, table)
            keys = self._key_columns(connection, table)
            return tuple(
                self._of_shape(connection, table, shape, (columns, keys), into / f"rows-{shape}.parquet")
                for shape, columns in sorted(shapes.items())
            )

    @contextmanager
    def reading(
        self,
        table: TableSchema,
        versions: Sequence[Publication | Staged],
        columns: Sequence[str],
        replaced: bool,  # noqa: FBT001 -- of `Reading`
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """As `Reading`: these columns in files that are removed afterwards. Raises: PartitionChanged."""
        with tempfile.TemporaryDirectory(prefix="gate-counted-") as folder:
            with self._database.reading_rows() as connection:
                files = [
                    self._of_columns(connection, table, version, columns, Path(folder) / f"{number}.parquet")
                    for number, version in enumerate(self._found(connection, versions, replaced=replaced))
                ]
            listed = files or [write_empty(_typed(table, columns), Path(folder) / "empty.parquet")]
            paths = ", ".join(text_literal(str(file)) for file in listed)
            with duckdb.connect(config={"threads": 1}) as engine:
                engine.execute("SET TimeZone = 'UTC'")
                yield engine, f"SELECT * FROM read_parquet([{paths}], hive_partitioning = false)"  # noqa: S608 -- quoted

    def _of_columns(
        self,
        connection: Connection,
        table: TableSchema,
        version: Version,
        columns: Sequence[str],
        path: Path,
    ) -> Path:
        rows = self._views.rows(table, version.shape, version.columns, only=columns)
        return copy_out(driver_of(connection), f"{rows} AND v.id = {version.id}", _typed(table, columns), path)

    def _found(
        self, connection: Connection, versions: Sequence[Publication | Staged], *, replaced: bool
    ) -> Iterator[Version]:
        """The stored versions. Raises: PartitionChanged (one is gone, or is no longer visible and must be)."""
        for wanted in versions:
            version = self._find(connection, wanted)
            is_hidden = version is not None and isinstance(wanted, Publication) and not version.is_visible
            if version is None or (is_hidden and not replaced):
                raise PartitionChanged(
                    f"{wanted.table}/{wanted.partition_key}: another version became visible; run it again"
                )
            yield version

    def _of_shape(
        self, connection: Connection, table: str, shape: int, columns: tuple[Columns, Columns], path: Path
    ) -> Path:
        data, keys = columns
        cells = [f"r.{identifier(name)}" for name, _ in data]
        cells += [f"v.key_values[{position}]" for position in range(1, len(keys) + 1)]
        query = f"SELECT {', '.join(cells)} FROM {self._views.joined(table, shape)} AND v.is_visible"  # noqa: S608 -- quoted
        return copy_out(driver_of(connection), query, (*data, *keys), path)

    def _key_columns(self, connection: Connection, table: str) -> Columns:
        c = self._storage.datasets.c
        row = connection.execute(select(c.partitioned_by, c.columns).where(c.name == table)).first()
        return tuple((name, row.columns[name]) for name in row.partitioned_by or ()) if row else ()

    def _find(self, connection: Connection, wanted: Publication | Staged) -> Version | None:
        if not self._storage.exists(connection):
            return None
        return self._storage.find(connection, wanted.table, wanted.partition_key, wanted.attempt_id)


def _typed(table: TableSchema, columns: Sequence[str]) -> Columns:
    every = (*table.columns, *table.partition_columns)
    return tuple((column.name, column.type) for column in every if column.name in columns)
