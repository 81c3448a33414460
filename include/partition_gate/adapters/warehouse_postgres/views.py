"""The consumers' views: the visible versions of a table, as its contract describes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg import errors
from sqlalchemy import Connection, Row, text

from partition_gate.adapters.tables.keys import names
from partition_gate.adapters.tables.sql import type_name
from partition_gate.adapters.warehouse_postgres.columns import VERSION, Columns, postgres_type
from partition_gate.adapters.warehouse_postgres.database import driver_of
from partition_gate.adapters.warehouse_postgres.storage import VersionStorage
from partition_gate.contract.widening import can_represent
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.record import digest
from partition_gate.core.table import TableColumn, TableSchema


class ViewState(NamedTuple):
    """The statements that make a view, and their digest."""

    statements: tuple[str, ...]
    digest: str


class ConsumersViews:
    """The views in the consumers' schema. Every method is part of the caller's transaction."""

    def __init__(self, storage: VersionStorage, *, wait: timedelta) -> None:
        self._storage, self._wait_ms = storage, int(wait.total_seconds() * 1000)

    def name(self, table: str) -> str:
        """The quoted name of a table's view."""
        return f"{identifier(self._storage.schema)}.{identifier(table)}"

    def is_current(self, connection: Connection, table: TableSchema, dataset: Row[Any] | None) -> bool:
        """Whether the view shows every visible version as the contract describes it; true if nothing was published."""
        if dataset is None or (dataset.view is None and not dataset.commits):
            return True
        wanted = self._wanted(table, self._storage.visible_shapes(connection, table.name))
        return bool(dataset.view == wanted.digest and self._exists(connection, table.name))

    def refresh(self, connection: Connection, table: TableSchema) -> None:
        """Make the view anew, unless it is current. The dataset must be locked. Who may read it stays the same.

        Other transactions wait for each other only if the view's statements changed: then it is locked until commit.
        """
        dataset = self._storage.lock(connection, table.name)
        shapes = self._storage.visible_shapes(connection, table.name)
        wanted = self._wanted(table, shapes)
        if dataset is None or (dataset.view == wanted.digest and self._exists(connection, table.name)):
            return
        # While we wait for the readers of the view, new readers wait for us.
        connection.execute(text(f"SET LOCAL lock_timeout = {self._wait_ms}"))
        self._replace(driver_of(connection), table, wanted)
        datasets = self._storage.datasets
        values = {"view": wanted.digest, "view_table": table.model_dump(mode="json"), "view_shapes": sorted(shapes)}
        connection.execute(datasets.update().where(datasets.c.name == table.name).values(**values))

    def rows(self, table: TableSchema, shape: int, columns: Columns, *, only: Sequence[str] | None = None) -> str:
        """The SELECT of a view for the versions of one shape, without a condition on the versions. `only`: columns."""
        present = {name for name, _ in columns}
        cells = [_cell(column, _stored_name(column, present)) for column in table.columns if _is_in(column, only)]
        keys = [
            f"{self.key_value(table, position)} AS {identifier(column.name)}"
            for position, column in enumerate(table.partition_columns, start=1)
            if _is_in(column, only)
        ]
        return f"SELECT {', '.join((*cells, *keys)) or '1'} FROM {self.joined(table.name, shape)}"  # noqa: S608 -- quoted

    def joined(self, dataset: str, shape: int) -> str:
        """The rows `r` of one shape with their versions `v`, as the end of a FROM."""
        storage = self._storage
        versions = f"{identifier(storage.storage)}.{identifier(storage.versions.name)}"
        return (
            f"{versions} v JOIN {storage.rows_table(dataset, shape)} r ON r.{identifier(VERSION)} = v.id "
            f"WHERE v.dataset = {text_literal(dataset)} AND v.shape = {int(shape)} AND NOT v.is_removed"
        )

    def key_value(self, table: TableSchema, position: int) -> str:
        """SQL: the value of a partition column. CASE, because otherwise the keys of other datasets might be cast."""
        kind = postgres_type(table.partition_columns[position - 1].type)
        dataset = text_literal(table.name)
        return f"CASE WHEN v.dataset = {dataset} THEN CAST(v.key_values[{position}] AS {kind}) END"

    def _wanted(self, table: TableSchema, shapes: Mapping[int, Columns]) -> ViewState:
        selects = (f"{self.rows(table, shape, shapes[shape])} AND v.is_visible" for shape in sorted(shapes))
        query = " UNION ALL ".join(selects) or _no_rows(table)
        create = f"CREATE OR REPLACE VIEW {self.name(table.name)} AS {query}"
        statements = (create, *self._comments(table))
        return ViewState(statements=statements, digest=digest([names(table), *statements]))

    def _comments(self, table: TableSchema) -> Iterator[str]:
        name = self.name(table.name)
        if table.description:
            yield f"COMMENT ON VIEW {name} IS {text_literal(table.description)}"
        for column in _all(table):
            if column.description:
                yield f"COMMENT ON COLUMN {name}.{identifier(column.name)} IS {text_literal(column.description)}"

    def _replace(self, driver: psycopg.Connection[Any], table: TableSchema, wanted: ViewState) -> None:
        create, *comments = wanted.statements
        try:
            with driver.transaction():
                driver.execute(create)
        except errors.InvalidTableDefinition:  # a column has another type or place
            grants = self._grants(driver, table.name)
            driver.execute(f"DROP VIEW {self.name(table.name)}")
            for statement in (create, *grants):
                driver.execute(statement)
        for comment in comments:
            driver.execute(comment)

    def _grants(self, driver: psycopg.Connection[Any], table: str) -> list[str]:
        """Statements that give the readers of a view their right again."""
        query = (
            "SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END "
            "FROM pg_class, aclexplode(relacl) WHERE oid = %s::regclass AND privilege_type = 'SELECT'"
        )
        found = driver.execute(query, (self.name(table),)).fetchall()
        return [f"GRANT SELECT ON {self.name(table)} TO {reader}" for (reader,) in found]

    def _exists(self, connection: Connection, table: str) -> bool:
        query = text("SELECT to_regclass(:name) IS NOT NULL")
        return bool(connection.scalar(query, {"name": self.name(table)}))


def extended(shown: TableSchema, table: TableSchema, *, published: Collection[str]) -> TableSchema:
    """The table of a view, so that it can also show rows that are published as `table`.

    That may be an older version of the contract, with fewer columns than the view has. Columns that were never
    published before are added, and wider types are taken over. `published` are the names of those that were.
    """
    types = {column.name: column.type for column in table.columns}
    columns = [_widened(column, types.get(column.name, column.type)) for column in shown.columns]
    known = {column.name for column in shown.columns} | set(published)
    added = [column for column in table.columns if column.name not in known]
    return shown.model_copy(update={"columns": (*columns, *added)})


def _widened(column: TableColumn, kind: str) -> TableColumn:
    is_wider = can_represent(type_name(kind), type_name(column.type))
    return column.model_copy(update={"type": kind}) if is_wider else column


def _cell(column: TableColumn, expression: str | None) -> str:
    absent = "NULL" if column.default is None else text_literal(column.default)
    return f"CAST({expression or absent} AS {postgres_type(column.type)}) AS {identifier(column.name)}"


def _stored_name(column: TableColumn, present: set[str]) -> str | None:
    return next((f"r.{identifier(name)}" for name in (column.name, *column.formerly) if name in present), None)


def _no_rows(table: TableSchema) -> str:
    return f"SELECT {', '.join(_cell(column, None) for column in _all(table))} WHERE false"


def _all(table: TableSchema) -> tuple[TableColumn, ...]:
    return (*table.columns, *table.partition_columns)


def _is_in(column: TableColumn, only: Sequence[str] | None) -> bool:
    return only is None or column.name in only
