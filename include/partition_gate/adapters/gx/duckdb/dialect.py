"""A minimal SQLAlchemy dialect of DuckDB for Great Expectations, over a connection that the caller owns.

A subclass of the PostgreSQL dialect, because Great Expectations selects its SQL by that class; psycopg is not loaded.
No third-party dialect works with DuckDB 2 and SQLAlchemy 2.1: they pin older versions.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy import pool
from sqlalchemy.dialects import postgresql as pg

from partition_gate.adapters.gx.duckdb.scan import ROW
from partition_gate.adapters.gx.duckdb.sql import literal
from partition_gate.core.quoting import identifier

_URL = "partitiongate://"


class DuckDBCompiler(pg.base.PGCompiler):
    """PostgreSQL's SQL, and DuckDB's where it differs."""

    def visit_custom_op_binary(self, element: Any, operator: Any, **kwargs: Any) -> str:
        # `~` is a full match in DuckDB, while Great Expectations means "contains".
        if operator.opstring not in ("~", "!~"):
            return str(super().visit_custom_op_binary(element, operator, **kwargs))  # type: ignore[no-untyped-call]
        text, pattern = self.process(element.left, **kwargs), self.process(element.right, **kwargs)
        matches = f"regexp_matches({text}, {pattern})"
        return matches if operator.opstring == "~" else f"(NOT {matches})"

    def visit_try_cast(self, cast: Any, **kwargs: Any) -> str:
        return f"TRY_CAST({self.process(cast.clause, **kwargs)} AS {self.process(cast.typeclause, **kwargs)})"

    def render_literal_value(self, value: Any, type_: Any) -> str:  # noqa: ARG002 (SQLAlchemy's signature)
        return literal(value)

    def render_bind_cast(self, type_: Any, dbapi_type: Any, sqltext: str) -> str:  # noqa: ARG002 (as above)
        return sqltext  # a cast like psycopg's `$1::VARCHAR` would change the comparison


class _Preparer(pg.base.PGIdentifierPreparer):
    """Quotes every name, because DuckDB reserves words that PostgreSQL does not (`pivot`, `qualify`, `lambda`)."""

    def _requires_quotes(self, value: str) -> bool:  # noqa: ARG002 (SQLAlchemy's signature)
        return True


def _integer(name: str) -> type[sa.BIGINT]:
    return type(name, (sa.BIGINT,), {"__visit_name__": "BIGINT"})


COLUMN_TYPES: dict[str, Any] = {
    **{name: _integer(name) for name in ("TINYINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")},
    **{name: getattr(pg, name) for name in ("SMALLINT", "INTEGER", "BIGINT", "REAL", "NUMERIC")},
    **{name: getattr(pg, name) for name in ("BOOLEAN", "DATE", "TIME", "TIMESTAMP", "INTERVAL", "VARCHAR", "UUID")},
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"), pg.TIMESTAMP),
    "JSON": pg.JSON,
    "DOUBLE": sa.DOUBLE,
    "FLOAT": sa.REAL,
    "DECIMAL": sa.DECIMAL,
    "BLOB": sa.BLOB,
}


class _Cursor:
    """A PEP 249 cursor that fetches immediately: the next statement on the connection discards a pending result."""

    arraysize, rowcount = 1, -1

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self.description: Any = None

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> None:
        result = self._connection.execute(sql, list(parameters or ()))
        self.description, self._rows = result.description, result.fetchall()

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        fetched, self._rows = self._rows[: size or 1], self._rows[size or 1 :]
        return fetched

    def fetchall(self) -> list[tuple[Any, ...]]:
        fetched, self._rows = self._rows, []
        return fetched

    def close(self) -> None:
        self._rows = []


class _Connection:
    """A PEP 249 connection that neither commits nor closes: Great Expectations only reads, and the caller closes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def cursor(self) -> _Cursor:
        return _Cursor(self._connection)

    def commit(self) -> None: ...

    rollback = close = commit


_ERRORS = {
    name: getattr(duckdb, name, duckdb.Error)
    for name in (
        *("Error", "OperationalError", "ProgrammingError", "DatabaseError", "InterfaceError", "IntegrityError"),
        *("InternalError", "DataError", "NotSupportedError"),
    )
}


class DuckDBDialect(pg.dialect):  # type: ignore[misc, valid-type] # the class that GX looks for
    """The dialect; introspection covers the views in the schema `main`."""

    name = driver = "duckdb"
    statement_compiler, preparer = DuckDBCompiler, _Preparer
    execution_ctx_cls, colspecs = pg.base.PGExecutionContext, pg.base.PGDialect.colspecs
    default_paramstyle, supports_statement_cache = "qmark", True
    supports_native_uuid, _has_native_hstore, _backslash_escapes = True, False, False

    def __init__(self, **kwargs: Any) -> None:
        # Skips the psycopg layer, which would import psycopg.
        pg.base.PGDialect.__init__(self, **{**kwargs, "paramstyle": "qmark"})  # type: ignore[no-untyped-call]

    @classmethod
    def import_dbapi(cls) -> Any:
        return types.SimpleNamespace(paramstyle="qmark", **_ERRORS)

    def initialize(self, connection: Any) -> None:  # noqa: ARG002 (SQLAlchemy's signature)
        self.server_version_info = (16, 0)

    def on_connect(self) -> None: ...

    def on_connect_url(self, url: Any) -> None: ...

    def create_connect_args(self, url: Any) -> Any:  # noqa: ARG002 (as above)
        return [], {}

    def is_disconnect(self, *_: Any) -> bool:
        return False

    def do_ping(self, *_: Any) -> bool:
        return True

    def get_isolation_level(self, *_: Any) -> Any:
        return "SERIALIZABLE"

    def get_pk_constraint(self, *_: Any, **__: Any) -> Any:
        return {"constrained_columns": [], "name": None}

    def get_table_names(self, connection: Any, *_: Any, **__: Any) -> Any:
        return [row[0] for row in connection.exec_driver_sql("SHOW TABLES")]

    def get_view_names(self, *_: Any, **__: Any) -> Any:
        return []

    def get_schema_names(self, *_: Any, **__: Any) -> Any:
        return ["main"]

    def has_table(self, connection: Any, table_name: str, *_: Any, **__: Any) -> bool:
        return table_name in self.get_table_names(connection)

    def get_columns(self, connection: Any, table_name: str, *_: Any, **__: Any) -> Any:
        rows = connection.exec_driver_sql(f"DESCRIBE {identifier(str(table_name))}")
        return [{"name": name, "nullable": True, "type": _column_type(kind)} for name, kind, *_ in rows if name != ROW]


dialect_module = types.SimpleNamespace(dialect=DuckDBDialect, __name__="duckdb", **COLUMN_TYPES)
sa.dialects.registry.register("partitiongate", __name__, "DuckDBDialect")


def sqlalchemy_engine(connection: duckdb.DuckDBPyConnection) -> sa.Engine:
    """An engine with this connection as its only one."""
    wrapped = _Connection(connection)
    return sa.create_engine(_URL, creator=lambda: wrapped, poolclass=pool.StaticPool)


def _column_type(duckdb_type: str) -> Any:
    # Lists and structs are VARCHAR here: Great Expectations only checks whether a type is comparable with a number.
    name = "VARCHAR" if duckdb_type.endswith("]") else duckdb_type.split("(", maxsplit=1)[0]
    return COLUMN_TYPES.get(name, sa.VARCHAR)()
