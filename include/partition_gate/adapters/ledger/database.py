"""Connections and transactions, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, DataError, DisconnectionError, IntegrityError

from partition_gate.core.errors import LedgerUnusable

TIMEOUT_S = 30.0
_WRITES = "gate_writes"
_WATCH = "gate_watch"
# FULL: an acknowledged commit survives a power cut; WAL: readers and the one writer do not block each other.
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
# A PostgreSQL that works ends a wait by itself, and says why, before we end its connection.
_CUT_OFF_AFTER_S = 1.0


class Database:
    """A SQL database by its SQLAlchemy URL. Connects on first use; safe for threads.

    `timeout_s` bounds every wait for it: for a connection, for a lock, for a statement, and for a server that accepts
    and does not answer.
    """

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.shown = make_url(url).render_as_string(hide_password=True)
        self._timeout_s = timeout_s
        self._engine = _engine(url, timeout_s)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; on SQLite the only writer from its first statement on, so that no read in it grows stale.

        Raises: LedgerUnusable.
        """
        with self._answering(), self._engine.execution_options(**{_WRITES: True}).begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view. Raises: LedgerUnusable."""
        with self._answering(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (DataError, IntegrityError):
            raise  # what we sent is wrong, not the database
        except DatabaseError as error:
            raise ledger_unusable(self.shown, error.orig, timeout_s=self._timeout_s) from error

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


def _engine(url: str, timeout_s: float) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": timeout_s})
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine
    engine = create_engine(url, connect_args=_postgresql_limits(timeout_s))
    # Not `pool_pre_ping`: a server that was stopped while we were connected would be waited for without an end.
    event.listen(engine, "checkout", _Watch(timeout_s + _CUT_OFF_AFTER_S).begin)
    event.listen(engine, "checkin", _Watch.end)
    return engine


def _postgresql_limits(timeout_s: float) -> dict[str, Any]:
    limit_ms = int(timeout_s * 1000)
    return {
        "connect_timeout": max(2, int(timeout_s)),  # psycopg takes less for 2 s
        "options": f"-c lock_timeout={limit_ms} -c statement_timeout={limit_ms + 500}",  # so that a lock is named
        "tcp_user_timeout": limit_ms,
    }


class _Watch:
    """Ends the connection of a transaction that takes too long, so that whatever waits for it fails."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    def begin(self, connection: Any, record: Any, _proxy: Any) -> None:
        watch = Timer(self._limit_s, _cut_off, (connection,))
        watch.daemon = True
        watch.start()
        record.info[_WATCH] = watch
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except connection.OperationalError as error:  # the server was started again: SQLAlchemy connects once more
            watch.cancel()
            raise DisconnectionError from error

    @staticmethod
    def end(_connection: Any, record: Any) -> None:
        if watch := record.info.pop(_WATCH, None):
            watch.cancel()


def _cut_off(connection: Any) -> None:
    # It may have been closed meanwhile.
    with suppress(OSError, connection.OperationalError), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# By SQLite's name of the error, by its beginning; by PostgreSQL's five characters (SQLSTATE), by their beginning.
_SQLITE = {
    "SQLITE_BUSY": "another process kept it locked for {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
    "SQLITE_FULL": "its disk is full; free space there, and run it again",
    "SQLITE_READONLY": "it cannot be written; give our user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "the file cannot be opened; make its folder, and give our user the right to write there",
    "SQLITE_CORRUPT": "{damaged}",
    "SQLITE_NOTADB": "{damaged}",
    "SQLITE_ERROR": "its tables are missing; any `gate` command that judges makes them",
    "SQLITE_IOERR": "its disk does not read or write; check the disk, and restore the file from a backup if it is lost",
}
_DAMAGED = (
    "the file is damaged or is no SQLite database; restore it from a backup, or move it away and start an empty one: "
    "published rows stay visible, and `gate reconcile` shows what is no longer recorded"
)
_POSTGRESQL = {
    "28": "it refuses our user or password; correct GATE_LEDGER_URL",
    "3D": "there is no such database; create it, or correct GATE_LEDGER_URL",
    "42501": "our user may not use its tables; grant it to them",
    "42P01": "its tables are missing; run any `gate` command that judges, which makes them",
    "25006": "it is read-only; name the primary server in GATE_LEDGER_URL",
    "53": "the server has no room left (disk, memory or connections); make some, and run it again",
    "55P03": "another process kept it locked for {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
    "57014": "a statement took longer than {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); run it again",
}
_SILENT = "no answer within {timeout_s:g} s (GATE_LEDGER_TIMEOUT_S); check that it runs and can be reached"


def ledger_unusable(shown: str, error: BaseException | None, *, timeout_s: float) -> LedgerUnusable:
    """The error for a database, named without its password; its driver's text may repeat values, and stays out."""
    why = _why(error).format(timeout_s=timeout_s, damaged=_DAMAGED)
    return LedgerUnusable(f"the ledger {shown} cannot be used: {why}")


def _why(error: BaseException | None) -> str:
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        found = next((why for start, why in _SQLITE.items() if name.startswith(start)), None)
        return found or f"SQLite says {name or type(error).__name__}; check the file with `sqlite3 FILE .schema`"
    state = str(getattr(error, "sqlstate", None) or "")
    found = next((why for start, why in _POSTGRESQL.items() if state.startswith(start)), None)
    return found or (_SILENT if not state else f"the server says SQLSTATE {state}; see the server's log")
