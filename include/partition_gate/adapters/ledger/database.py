"""Connections and transactions on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError

from partition_gate.adapters.postgresql import postgresql_engine
from partition_gate.core.errors import LedgerUnusable

TIMEOUT_S = 30.0
_WRITES = "gate_writes"
# FULL: an acknowledged commit survives a power cut; WAL: readers and the one writer do not block each other.
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


class Database:
    """A SQL database, by its SQLAlchemy URL. Connects on first use; thread-safe.

    `timeout_s` limits every wait: for a connection, a lock, a statement, and a server that accepts a connection but
    does not answer.
    """

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.shown = make_url(url).render_as_string(hide_password=True)
        self._timeout_s = timeout_s
        self._engine = _engine(url, timeout_s)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction. On SQLite it is the only writer from its first statement, so its reads never become stale.

        Raises: LedgerUnusable.
        """
        with self._translating_errors(), self._engine.execution_options(**{_WRITES: True}).begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view. Raises: LedgerUnusable."""
        with self._translating_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        try:
            yield
        except (DataError, IntegrityError):
            raise  # the statement is wrong, not the database
        except DatabaseError as error:
            raise ledger_unusable(self.shown, error.orig, timeout_s=self._timeout_s) from error

    def close(self) -> None:
        self._engine.dispose()


def insert_new(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless its key exists; whether it was inserted."""
    insert = _insert(connection, table).values(**values).on_conflict_do_nothing()
    # Not rowcount: with psycopg it is unknown (-1) after an insert.
    return connection.execute(insert.returning(*table.primary_key)).first() is not None


def upsert(connection: Connection, table: Table, **values: Any) -> None:
    """Insert a row, or update the row with the same primary key."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    insert = _insert(connection, table).values(**values)
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Both dialects support ON CONFLICT, each in its own class."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _engine(url: str, timeout_s: float) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": timeout_s})
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine
    return postgresql_engine(url, limit_s=timeout_s)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# Keys are prefixes: of SQLite's error names, and of PostgreSQL's error codes (SQLSTATE).
_SQLITE = {
    "SQLITE_BUSY": "another process held its lock for {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
    "SQLITE_FULL": "its disk is full; free some space, then run it again",
    "SQLITE_READONLY": "it is read-only; grant the gate's user write access to the file and its folder",
    "SQLITE_CANTOPEN": "the file cannot be opened; create its folder and grant the gate's user write access to it",
    "SQLITE_CORRUPT": "{damaged}",
    "SQLITE_NOTADB": "{damaged}",
    "SQLITE_ERROR": "its tables are missing; any `gate` command that judges creates them",
    "SQLITE_IOERR": "its disk reports errors; check the disk, and restore the file from a backup if it is lost",
}
_DAMAGED = (
    "the file is damaged or is not a SQLite database; restore it from a backup, or move it away to start with an empty "
    "ledger: published rows stay visible, and `gate reconcile` lists what is no longer recorded"
)
_POSTGRESQL = {
    "28": "it rejects our user or password; correct GATE_LEDGER_URL",
    "3D": "the database does not exist; create it, or correct GATE_LEDGER_URL",
    "42501": "our user lacks privileges on its tables; grant them",
    "42P01": "its tables are missing; any `gate` command that judges creates them",
    "25006": "it is read-only; use the primary server in GATE_LEDGER_URL",
    "53": "the server is out of resources (disk, memory or connections); free some, then run it again",
    "55P03": "another process held its lock for {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
    "57014": "a statement took longer than {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
}
_REFUSED = "the server refuses connections; check that it runs at the address in GATE_LEDGER_URL"
_NO_ANSWER = "no answer within {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); check that it is running and reachable"


def ledger_unusable(shown: str, error: BaseException | None, *, timeout_s: float) -> LedgerUnusable:
    """The error for a database, shown without its password. The driver's message is left out: it may contain values."""
    why = _why(error).format(timeout_s=timeout_s, damaged=_DAMAGED)
    return LedgerUnusable(f"the ledger {shown} cannot be used: {why}")


def _why(error: BaseException | None) -> str:
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        why = next((why for prefix, why in _SQLITE.items() if name.startswith(prefix)), None)
        return why or f"SQLite says {name or type(error).__name__}; check the file with `sqlite3 FILE .schema`"
    state = str(getattr(error, "sqlstate", None) or "")
    why = next((why for prefix, why in _POSTGRESQL.items() if state.startswith(prefix)), None)
    if not state and "refused" in str(error):
        return _REFUSED
    return why or (_NO_ANSWER if not state else f"the server says SQLSTATE {state}; see the server's log")
