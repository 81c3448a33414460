"""The storage behind the consumers' views: which versions there are, and the tables with their rows.

One schema holds the views that consumers read, another one, `<schema>_storage`, everything else. The rows of a dataset
are in one table for each set of columns with which it was ever published (`orders/1`, `orders/2`), so that an added
column or a wider type changes no stored row and locks no reader out. Each row carries the number of its version.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    UniqueConstraint,
    false,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from partition_gate.adapters.warehouse_postgres.columns import VERSION, Columns, postgres_type
from partition_gate.adapters.warehouse_postgres.database import driver_of
from partition_gate.core.quoting import identifier
from partition_gate.core.record import digest
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication

# An arbitrary number of our own: processes that create tables at the same time wait for each other.
_CREATING = 5_902_117
_LONGEST_READABLE = 40


class Version(Publication):
    """A version as stored; `shape` is the number of the table with its rows. Staged ones have no key and fence 0."""

    id: int
    shape: int
    is_visible: bool


class VersionStorage:
    """The tables below `schema` and `<schema>_storage`. Every method is part of the caller's transaction."""

    def __init__(self, schema: str) -> None:
        self.schema, self.storage = schema, f"{schema}_storage"
        metadata = MetaData(schema=self.storage)
        self.datasets = _datasets(metadata)
        self.shapes = _shapes(metadata)
        self.versions = _versions(metadata)
        self._metadata = metadata
        self._exists = False

    def rows_table(self, dataset: str, shape: int) -> str:
        """The quoted name of the table with the rows of one shape."""
        is_short = len(dataset) <= _LONGEST_READABLE
        name = dataset if is_short else f"{dataset[:_LONGEST_READABLE]}~{digest(dataset)[:8]}"
        return f"{identifier(self.storage)}.{identifier(f'{name}/{shape}')}"

    def exists(self, connection: Connection) -> bool:
        """Whether something was ever staged here."""
        if not self._exists:
            named = f"{identifier(self.storage)}.{identifier(self.versions.name)}"
            self._exists = bool(connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": named}))
        return self._exists

    def prepare(self, connection: Connection, table: TableSchema) -> int:
        """Create what is missing for rows with the table's columns; returns the number of their shape."""
        if self.exists(connection) and (found := self._shape(connection, table)):
            return found
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CREATING})
        self.create(connection)
        return self._shape(connection, table) or self._add_shape(connection, table)

    def dataset(self, connection: Connection, name: str) -> Row[Any] | None:
        """The dataset's row; it may be changing."""
        return connection.execute(select(self.datasets).where(self.datasets.c.name == name)).first()

    def lock(self, connection: Connection, dataset: str) -> Row[Any] | None:
        """The dataset's row; nobody else publishes, discards or sweeps it until the transaction ends."""
        datasets = self.datasets
        return connection.execute(select(datasets).where(datasets.c.name == dataset).with_for_update()).first()

    def find(self, connection: Connection, dataset: str, partition_key: str, attempt_id: str) -> Version | None:
        """An attempt's version: staged, visible or replaced. None if it was discarded or swept."""
        c = self.versions.c
        own = self._select().where(
            c.dataset == dataset, c.partition_key == partition_key, c.attempt_id == attempt_id, ~c.is_removed
        )
        return _first(connection, own)

    def visible(self, connection: Connection, dataset: str, partition_key: str) -> Version | None:
        """The visible version of a partition."""
        c = self.versions.c
        return _first(
            connection, self._select().where(c.dataset == dataset, c.partition_key == partition_key, c.is_visible)
        )

    def all_visible(self, connection: Connection, dataset: str) -> tuple[Version, ...]:
        """The visible versions, by key."""
        c = self.versions.c
        rows = connection.execute(self._select().where(c.dataset == dataset, c.is_visible).order_by(c.partition_key))
        return tuple(map(_version, rows))

    def hide(self, connection: Connection, publication: Publication) -> int | None:
        """Take the mark from a visible version; the table's version afterwards. None if another one is visible."""
        dataset = self.lock(connection, publication.table)
        visible = self.visible(connection, publication.table, publication.partition_key)
        if dataset is None or visible is None or visible.attempt_id != publication.attempt_id:
            return None
        hidden = self.versions.update().where(self.versions.c.id == visible.id)
        connection.execute(hidden.values(is_visible=False, replaced_at=func.clock_timestamp()))
        counted = self.datasets.update().where(self.datasets.c.name == publication.table)
        connection.execute(counted.values(commits=dataset.commits + 1))
        return int(dataset.commits)

    def visible_shapes(self, connection: Connection, dataset: str) -> dict[int, Columns]:
        """Shapes that a visible version has, with their columns."""
        return {version.shape: version.columns for version in self.all_visible(connection, dataset)}

    def purge(self, connection: Connection, dataset: str, *, only: str | None = None) -> None:
        """Delete the rows of versions that were marked as removed; `only` those of this attempt."""
        c = self.versions.c
        removed = select(c.id, c.shape).where(c.dataset == dataset, c.is_removed)
        for version, shape in connection.execute(
            removed if only is None else removed.where(c.attempt_id == only)
        ).all():
            driver_of(connection).execute(
                f"DELETE FROM {self.rows_table(dataset, shape)} WHERE {identifier(VERSION)} = {int(version)}"  # noqa: S608 -- quoted
            )
            connection.execute(self.versions.delete().where(c.id == version))

    def _select(self) -> Select[Any]:
        shapes, versions = self.shapes, self.versions
        joined = versions.join(shapes, (shapes.c.dataset == versions.c.dataset) & (shapes.c.number == versions.c.shape))
        return select(versions, shapes.c.columns).select_from(joined)

    def _shape(self, connection: Connection, table: TableSchema) -> int | None:
        c, columns = self.shapes.c, [list(column) for column in table.stored_columns]
        found = connection.execute(select(c.number, c.columns).where(c.dataset == table.name))
        return next((row.number for row in found if row.columns == columns), None)

    def _add_shape(self, connection: Connection, table: TableSchema) -> int:
        connection.execute(insert(self.datasets).values(name=table.name).on_conflict_do_nothing())
        c = self.shapes.c
        number: int = connection.execute(
            select(func.coalesce(func.max(c.number), 0) + 1).where(c.dataset == table.name)
        ).scalar_one()
        columns = [list(column) for column in table.stored_columns]
        connection.execute(insert(self.shapes).values(dataset=table.name, number=number, columns=columns))
        self._create_rows_table(connection, table, number)
        return number

    def create(self, connection: Connection) -> None:
        """Create the schemas and our own tables where they are missing."""
        for schema in (self.schema, self.storage):
            # Not IF NOT EXISTS: it needs the privilege to create schemas even if there is nothing to create.
            if not connection.scalar(text("SELECT to_regnamespace(:name) IS NOT NULL"), {"name": identifier(schema)}):
                driver_of(connection).execute(f"CREATE SCHEMA {identifier(schema)}")
        self._metadata.create_all(connection)

    def _create_rows_table(self, connection: Connection, table: TableSchema, shape: int) -> None:
        name = self.rows_table(table.name, shape)
        cells = (f"{identifier(column)} {postgres_type(kind)}" for column, kind in table.stored_columns)
        driver = driver_of(connection)
        driver.execute(f"CREATE TABLE {name} ({', '.join((f'{identifier(VERSION)} bigint NOT NULL', *cells))})")
        driver.execute(f"CREATE INDEX ON {name} ({identifier(VERSION)})")


def _datasets(metadata: MetaData) -> Table:
    """Grain: one dataset. `commits`: how many versions were published. `columns`: name -> DuckDB type, as published.
    `view`: digest of the statements that made the consumers' view, `view_table` the table that they describe,
    `view_shapes` the shapes that it shows.
    """
    return Table(
        "datasets",
        metadata,
        Column("name", Text, primary_key=True),
        Column("commits", BigInteger, nullable=False, server_default="0"),
        Column("columns", JSONB, nullable=False, server_default="{}"),
        Column("partitioned_by", ARRAY(Text)),
        Column("view", Text),
        Column("view_table", JSONB(none_as_null=True)),
        Column("view_shapes", ARRAY(Integer), nullable=False, server_default="{}"),
    )


def _shapes(metadata: MetaData) -> Table:
    """Grain: one set of columns, in order, as [name, DuckDB type] of one dataset."""
    return Table(
        "shapes",
        metadata,
        Column("dataset", Text, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("columns", JSONB, nullable=False),
    )


def _versions(metadata: MetaData) -> Table:
    """Grain: one attempt that staged rows. `key_values`: of the partition columns, in key order, as CAST reads them.

    Staged: no fence. Visible: `is_visible`. Replaced: `replaced_at`. `is_removed`: nobody reads it again, and its rows
    are being deleted.
    """
    versions = Table(
        "versions",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("dataset", Text, nullable=False),
        Column("partition_key", Text, nullable=False),
        Column("attempt_id", Text, nullable=False),
        Column("shape", Integer, nullable=False),
        Column("key_values", ARRAY(Text), nullable=False),
        Column("rows", BigInteger, nullable=False),
        Column("row_hash", Text, nullable=False),
        Column("staged_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("idempotency_key", Text, nullable=False, server_default=""),
        Column("fence", BigInteger, nullable=False, server_default="0"),
        Column("table_version", BigInteger, nullable=False, server_default="0"),
        Column("is_visible", Boolean, nullable=False, server_default=false()),
        Column("replaced_at", DateTime(timezone=True)),
        Column("is_removed", Boolean, nullable=False, server_default=false()),
        UniqueConstraint("dataset", "partition_key", "attempt_id"),
    )
    # Whatever a bug does, a partition has one visible version.
    visible = versions.c.is_visible
    Index("one_visible_version", versions.c.dataset, versions.c.partition_key, unique=True, postgresql_where=visible)
    return versions


def _first(connection: Connection, query: Select[Any]) -> Version | None:
    row = connection.execute(query).first()
    return None if row is None else _version(row)


def _version(row: Row[Any]) -> Version:
    return Version(
        table=row.dataset,
        columns=tuple((name, kind) for name, kind in row.columns),
        **{name: getattr(row, name) for name in _KEPT},
        table_version=row.table_version if row.is_visible else 0,
    )


_KEPT = ("id", "shape", "partition_key", "attempt_id", "idempotency_key", "fence", "rows", "row_hash", "is_visible")
