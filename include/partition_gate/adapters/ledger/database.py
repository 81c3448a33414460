"""Connections and transactions, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from partition_gate.errors import OperatorError

BUSY_TIMEOUT_MS = 30_000
_WRITES = "gate_writes"
# FULL: an acknowledged commit survives a power cut; WAL: readers and the one writer do not block each other.
_PRAGMAS = ("journal_mode = WAL", f"busy_timeout = {BUSY_TIMEOUT_MS}", "synchronous = FULL", "foreign_keys = ON")


class Database:
    """A SQL database by its SQLAlchemy URL. Connects on first use; safe for threads."""

    def __init__(self, url: str) -> None:
        self._shown = make_url(url).render_as_string(hide_password=True)
        self._engine = _engine(url)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; on SQLite the only writer from its first statement on, so that no read in it grows stale.

        Raises: OperatorError (the database does not answer).
        """
        with self._answering(), self._engine.execution_options(**{_WRITES: True}).begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view. Raises: OperatorError (the database does not answer)."""
        with self._answering(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            # The driver's text may repeat bound values.
            raise OperatorError(
                f"the ledger {self._shown} does not answer ({type(error.orig).__name__}); "
                "check that it runs and accepts our user, and that its tables were made (`migrate`)"
            ) from error

    def close(self) -> None:
        self._engine.dispose()


def insert_new(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless its key is there; whether it was inserted."""
    insert = _insert(connection, table).values(**values).on_conflict_do_nothing()
    # Not rowcount: with psycopg it is unknown (-1) after an insert.
    return connection.execute(insert.returning(*table.primary_key)).first() is not None


def upsert(connection: Connection, table: Table, **values: Any) -> None:
    """Insert a row, or replace the columns of the one with its primary key."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    insert = _insert(connection, table).values(**values)
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Both dialects have the same ON CONFLICT, each in a class of its own."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
