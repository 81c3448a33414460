"""The consumers' `warehouse.duckdb`: one view a table over an explicit list of files, swapped in as a whole."""

from __future__ import annotations

import fcntl
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from partition_gate.adapters.warehouse_delta import layout, table_log
from partition_gate.adapters.warehouse_delta.sql import cast, identifier, literal, literals, type_name
from partition_gate.adapters.warehouse_delta.storage import Storage
from partition_gate.judging.attempt import Publication
from partition_gate.record import canonical_json
from partition_gate.table import TableColumn, TableSchema

PUBLICATIONS = "_gate_publications"
PUBLICATION_FIELDS = ("table", "partition_key", "rows", "idempotency_key", "attempt_id", "table_version", "columns")
_ROW_TYPE = pa.schema(
    [pa.field(name, pa.int64() if name in {"rows", "table_version"} else pa.string()) for name in PUBLICATION_FIELDS]
)

PublicationRow = tuple[object, ...]
_COLUMNS = PUBLICATION_FIELDS.index("columns")

# The oldest DuckDB that consumers may have; without it only our own version could open the file.
READABLE_SINCE = "v1.0.0"


class ServingFile:
    """The file at `path`. A reader sees one whole state as long as it is connected.

    Within one process DuckDB shares an open database by its path: close it to see a newer state.
    """

    def __init__(self, path: Path, storage: Storage) -> None:
        self._path = path
        self._storage = storage

    def refresh(self, table: TableSchema) -> Path:
        """Write the newest state of one table's view into a copy of the file and swap that in; other views stay.

        One writer at a time, so that an older state never replaces a newer one.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        built = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex}")
        with _alone(self._path.with_name(f"{self._path.name}.lock")):
            try:
                self._copy(built)
                self._write(built, table)
                built.replace(self._path)
            finally:
                built.unlink(missing_ok=True)
        return self._path

    def is_current(self, table: TableSchema) -> bool:
        """Whether consumers see exactly what the table's log makes visible."""
        log = table_log.load(self._storage, table.name)
        visible = {layout.attempt_of(path) for path in table_log.visible_paths(log)} if log else set()
        return visible == {attempt_id for name, attempt_id in self._known_publications() if name == table.name}

    def _copy(self, path: Path) -> None:
        """A file that DuckDB cannot open (of another version, or not ours) is left out: views are made anew."""
        if not self._path.exists():
            return
        shutil.copyfile(self._path, path)
        try:
            duckdb.connect(str(path), read_only=True).close()
        except duckdb.Error:
            path.unlink()

    def _write(self, path: Path, table: TableSchema) -> None:
        published = self._publications(
            table.name, table_log.load(self._storage, table.name), self._known_publications()
        )
        with duckdb.connect(str(path), config={"storage_compatibility_version": READABLE_SINCE}) as connection:
            _read_from(connection, self._storage)
            connection.execute(self._view(table, published))
            _comment(connection, table)
            _write_publications(connection, table.name, list(dict.fromkeys(published.values())))

    def _view(self, table: TableSchema, published: Mapping[str, PublicationRow]) -> str:
        """Files that hold the same columns are read together, so no file is opened to learn what it holds."""
        alike: dict[object, list[str]] = {}
        for path, row in published.items():
            alike.setdefault(row[_COLUMNS], []).append(self._storage.uri(f"{table.name}/{path}"))
        selects = [_select(table, str(columns), files) for columns, files in alike.items()]
        return f"CREATE OR REPLACE VIEW {identifier(table.name)} AS {' UNION ALL '.join(selects) or _no_rows(table)}"

    def _publications(
        self, table: str, log: DeltaTable | None, known: Mapping[tuple[object, object], PublicationRow]
    ) -> dict[str, PublicationRow]:
        """One row a visible file; records are read only for what the serving file before did not know."""
        if log is None:
            return {}
        paths = sorted(table_log.visible_paths(log))
        one_of = {layout.attempt_of(path): path for path in paths}
        row_of = {
            attempt_id: known.get((table, attempt_id))
            or _publication_row(table_log.recorded(self._storage, log, table, path))
            for attempt_id, path in one_of.items()
        }
        return {path: row_of[layout.attempt_of(path)] for path in paths}

    def _known_publications(self) -> dict[tuple[object, object], PublicationRow]:
        if not self._path.exists():
            return {}
        fields = ", ".join(identifier(name) for name in PUBLICATION_FIELDS)
        try:
            with duckdb.connect(str(self._path), read_only=True) as connection:
                rows = connection.execute(f"SELECT {fields} FROM {PUBLICATIONS}").fetchall()  # noqa: S608 -- constants
        except duckdb.Error:  # a file of another DuckDB version, or no file of ours: everything is read again
            return {}
        return {(row[0], row[4]): row for row in rows}


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read_from(connection: duckdb.DuckDBPyConnection, storage: Storage) -> None:
    """Creating a view reads one file's schema, and DuckDB alone cannot read S3."""
    if not storage.is_local:
        connection.register_filesystem(storage.filesystem())


def _select(table: TableSchema, columns: str, files: Sequence[str]) -> str:
    """The table's columns from files that hold the same ones; what they lack is its default, or null."""
    held = {name for name, _ in json.loads(columns)} | {column.name for column in table.partition_columns}
    cells = (_cell(column, _held_as(column, held)) for column in _all(table))
    return f"SELECT {', '.join(cells)} {_source(table, files)}"


def _no_rows(table: TableSchema) -> str:
    return f"SELECT {', '.join(_cell(column, None) for column in _all(table))} WHERE false"


def _all(table: TableSchema) -> tuple[TableColumn, ...]:
    return (*table.columns, *table.partition_columns)


def _held_as(column: TableColumn, held: set[str]) -> str | None:
    return next((identifier(name) for name in (column.name, *column.formerly) if name in held), None)


def _cell(column: TableColumn, expression: str | None) -> str:
    absent = "NULL" if column.default is None else literal(column.default)
    return f"{cast(expression or absent, column.type)} AS {identifier(column.name)}"


def _source(table: TableSchema, files: Sequence[str]) -> str:
    types = ", ".join(f"{literal(c.name)}: {literal(type_name(c.type))}" for c in table.partition_columns)
    hive = f", hive_types = {{{types}}}" if types else ""
    return f"FROM read_parquet({literals(files)}, hive_partitioning = {bool(types)}{hive})"


def _comment(connection: duckdb.DuckDBPyConnection, table: TableSchema) -> None:
    view = identifier(table.name)
    if table.description:
        connection.execute(f"COMMENT ON VIEW {view} IS {literal(table.description)}")
    for column in _all(table):
        if column.description:
            connection.execute(f"COMMENT ON COLUMN {view}.{identifier(column.name)} IS {literal(column.description)}")


def _publication_row(publication: Publication) -> PublicationRow:
    columns = canonical_json(publication.columns)
    return tuple(columns if name == "columns" else getattr(publication, name) for name in PUBLICATION_FIELDS)


def _write_publications(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[PublicationRow]) -> None:
    values = [dict(zip(PUBLICATION_FIELDS, row, strict=True)) for row in rows]
    connection.register("published", pa.Table.from_pylist(values, schema=_ROW_TYPE))
    connection.execute(f"CREATE TABLE IF NOT EXISTS {PUBLICATIONS} AS FROM published WITH NO DATA")
    connection.execute(f'DELETE FROM {PUBLICATIONS} WHERE "table" = ?', [table])  # noqa: S608 -- a constant
    connection.execute(f"INSERT INTO {PUBLICATIONS} FROM published")
    connection.unregister("published")
