"""Transactions on the warehouse's database, and its errors in our terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError

from partition_gate.adapters.postgresql import postgresql_engine
from partition_gate.core.errors import (
    AccessDenied,
    ContractError,
    GateError,
    NoSpace,
    OperatorError,
    StoreUnreachable,
    TableUnreadable,
    ViewsBusy,
)

SETTING = "GATE_WAREHOUSE_URI"
DRIVER = "postgresql+psycopg"
# Texts that we read and write must not depend on how the server is configured.
_SESSION = "-c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c client_encoding=UTF8 -c extra_float_digits=1"
_COLUMN = re.compile(r"\bcolumn ([^:]+?)(?::|$)", re.MULTILINE)


class Database:
    """The database of the warehouse, by its URL. Connects on first use; thread-safe.

    `call_s` limits a short transaction and every wait for a connection or a lock, `rows_s` one that reads or writes the
    rows of a partition.
    """

    def __init__(self, url: str, *, call_s: float, rows_s: float) -> None:
        self._url = make_url(url).set(drivername=DRIVER)
        self._call_s, self._rows_s = call_s, max(rows_s, call_s)

    @property
    def shown(self) -> str:
        """The address without user and password."""
        port = f":{self._url.port}" if self._url.port else ""
        return f"postgresql://{self._url.host or 'localhost'}{port}/{self._url.database or ''}"

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One short transaction. Raises: see `translated`."""
        with self._translating(self._call_s), self._short.begin() as connection:
            yield connection

    @contextmanager
    def writing_rows(self) -> Iterator[Connection]:
        """One transaction that may write many rows."""
        with self._translating(self._rows_s), self._long.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent state for all statements of a short transaction."""
        with self._translating(self._call_s), self._frozen(self._short).begin() as connection:
            yield connection

    @contextmanager
    def reading_rows(self) -> Iterator[Connection]:
        """As `reading`, for many rows: no row of a version that is swept meanwhile is missing."""
        with self._translating(self._rows_s), self._frozen(self._long).begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        for engine in (self._short, self._long):
            engine.dispose()

    @cached_property
    def _short(self) -> Engine:
        return self._engine(self._call_s)

    @cached_property
    def _long(self) -> Engine:
        return self._engine(self._rows_s)

    def _engine(self, limit_s: float) -> Engine:
        url = self._url.render_as_string(hide_password=False)
        return postgresql_engine(url, limit_s=limit_s, wait_s=self._call_s, options=_SESSION)

    def _frozen(self, engine: Engine) -> Engine:
        return engine.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def _translating(self, limit_s: float) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise translated(self.shown, error.orig, limit_s=limit_s) from None
        except psycopg.Error as error:
            raise translated(self.shown, error, limit_s=limit_s) from None


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """psycopg's own connection, for COPY and for statements with quoted names. It is in the same transaction."""
    driver: Any = connection.connection.driver_connection
    if driver.info.transaction_status is TransactionStatus.IDLE:
        driver.execute("SELECT 1")  # psycopg begins the transaction with its first statement
    return driver  # type: ignore[no-any-return]  # SQLAlchemy knows no drivers' types


# Keys are prefixes of PostgreSQL's error codes (SQLSTATE), the longer ones first.
_ERRORS: tuple[tuple[str, type[GateError], str], ...] = (
    ("28", AccessDenied, f"it rejects our user or password; correct {SETTING}"),
    ("3D", OperatorError, f"the database does not exist; create it, or correct {SETTING}"),
    ("42501", AccessDenied, "our user lacks privileges; docs/how-to/postgresql.md lists what it needs"),
    ("25006", AccessDenied, f"it is read-only; use the primary server in {SETTING}"),
    ("53100", NoSpace, "its disk is full; free some space, then run it again"),
    ("53", StoreUnreachable, "the server is out of resources (memory or connections); free some, then run it again"),
    (
        "55P03",
        ViewsBusy,
        "another transaction holds a lock (GATE_VIEW_SWAP_TIMEOUT_S, GATE_STORE_CALL_TIMEOUT_S); run it again",
    ),
    ("57014", StoreUnreachable, "a statement took longer than {limit_s:g} s; run it again"),
    ("40", StoreUnreachable, "another transaction was faster; run it again"),
    ("2BP01", OperatorError, "views of others depend on the consumers' view, whose columns changed; drop them first"),
    ("42P01", TableUnreadable, "a table of the warehouse is gone; restore the database from a backup"),
    ("3F000", TableUnreadable, "a schema of the warehouse is gone; restore the database from a backup"),
    ("22021", ContractError, "{column} holds text with the character NUL, which PostgreSQL cannot store; {repair}"),
    ("22P05", ContractError, "{column} holds text with the character NUL, which PostgreSQL cannot store; {repair}"),
    (
        "22",
        ContractError,
        "{column} holds a value that its type in PostgreSQL cannot store (SQLSTATE {state}); {repair}",
    ),
    ("54", ContractError, "the rows are too wide for PostgreSQL (SQLSTATE {state}); publish fewer columns"),
)
REPAIR = "correct it at the producer, or add a rule that quarantines such rows"


def translated(shown: str, error: BaseException | None, *, limit_s: float) -> GateError:
    """The error for a database. PostgreSQL's own message is left out, because it may contain values."""
    state = str(getattr(error, "sqlstate", None) or "")
    found = next(((kind, why) for prefix, kind, why in _ERRORS if state and state.startswith(prefix)), None)
    if found is None:
        return StoreUnreachable(f"the warehouse {shown} cannot be used: {_without_state(state, error, limit_s)}")
    kind, why = found
    text = why.format(limit_s=limit_s, state=state, column=_column(error), repair=REPAIR)
    return kind(f"the warehouse {shown} cannot be used: {text}" if kind is not ContractError else f"{shown}: {text}")


def _without_state(state: str, error: BaseException | None, limit_s: float) -> str:
    if state:
        return f"the server says SQLSTATE {state}; see the server's log"
    if "refused" in str(error):
        return f"the server refuses connections; check that it runs at the address in {SETTING}"
    return f"no answer within {limit_s:g} s, or the connection broke; check that it is running and reachable"


def _column(error: BaseException | None) -> str:
    """The column that COPY names; the value behind it is left out."""
    context = str(getattr(getattr(error, "diag", None), "context", None) or "")
    found = _COLUMN.search(context)
    return f"the column {found[1].strip()}" if found else "a column"
