"""The consumers' `warehouse.duckdb`: one view a table over an explicit list of files, swapped in as a whole."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import IO

import duckdb

from partition_gate.adapters.warehouse_delta import view_sql
from partition_gate.adapters.warehouse_delta.files import NamedFiles
from partition_gate.adapters.warehouse_delta.known_columns import KnownColumns
from partition_gate.adapters.warehouse_delta.storage import Storage
from partition_gate.adapters.warehouse_delta.table_log import TableLogs
from partition_gate.core.errors import OperatorError, TableUnreadable, ViewsBusy
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.record import Record, digest
from partition_gate.core.table import TableSchema

# Which version of each table the file shows; `digest` is of the statements that made the view.
VIEWS = "_gate_views"
_CREATE = f'CREATE TABLE IF NOT EXISTS {VIEWS} ("table" VARCHAR, table_version BIGINT, files BIGINT, digest VARCHAR)'

# The oldest DuckDB that consumers may have; without it only our own version could open the file.
READABLE_SINCE = "v1.0.0"
# An ordinary user's DuckDB cannot open it for writing: that would leave a write-ahead log beside it, which every reader
# of a later file would replay.
READ_ONLY = 0o444
_PAUSE_S = 0.02
_NEVER_PUBLISHED = -1


class _Shown(Record):
    """What a table's view is to show, or shows: `digest` tells two of one version apart (another contract)."""

    version: int
    files: int
    statements: tuple[str, ...] = ()
    digest: str


class ServingFile:
    """The file at `path`. A reader sees one whole state as long as it is connected.

    One writer at a time; the next one waits for its turn, at most for `wait`. Within one process DuckDB shares an open
    database by its path: close it to see a newer state.
    """

    def __init__(self, path: Path, storage: Storage, logs: TableLogs, *, wait: timedelta) -> None:
        self._path, self._storage, self._logs = path, storage, logs
        self._known = KnownColumns(path.with_name(f"{path.name}.known"), storage)
        self._wait_s = self._patience_s = wait.total_seconds()

    def refresh(self, table: TableSchema) -> Path:
        """Write the newest state of one table's view into a copy of the file and swap that in; other views stay.

        Raises:
            ViewsBusy: another writer did not end in time.
            TableUnreadable: the table's log or a file of its own cannot be read; the file stays as it is.
        """
        with self._writable():
            wanted = self._newest(table)  # before the turn, so that a slow table delays no other one
            with self._turn():
                self._sweep()
                built = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex}")
                try:
                    if self._write(built, table, wanted):
                        self._swap(built)
                finally:
                    built.unlink(missing_ok=True)
        return self._path

    def is_current(self, table: TableSchema) -> bool:
        """Whether consumers see exactly what the table's log makes visible, as its contract says.

        Raises: TableUnreadable.
        """
        with self._writable():
            wanted = self._newest(table)
        shown = None if self._strangers() else self._shown(table)
        return wanted.version == _NEVER_PUBLISHED if shown is None else shown.digest == wanted.digest

    def _newest(self, table: TableSchema) -> _Shown:
        log = self._logs.load(table.name)
        columns_of = self._known.columns(log, table.name) if log else {}
        root = self._storage.uri(table.name)
        statements = (view_sql.view(table, root, columns_of), *view_sql.comments(table))
        version = log.version() if log else _NEVER_PUBLISHED
        return _Shown(version=version, files=len(columns_of), statements=statements, digest=digest(statements))

    def _write(self, built: Path, table: TableSchema, wanted: _Shown) -> bool:
        """Whether the copy is to be swapped in: not where the view is there already."""
        self._copy(built)
        with self._attached(built, "STORAGE_VERSION " + text_literal(READABLE_SINCE)) as connection:
            connection.execute(_CREATE)
            shown = _row(connection, table)
            if shown and shown.version > wanted.version:  # somebody was faster, or the table was made anew
                wanted = self._newest(table)
            if shown and shown.digest == wanted.digest and not self._strangers():
                return False
            _replace(connection, table, wanted)
        return True

    def _copy(self, built: Path) -> None:
        """A file that DuckDB cannot open (of another version, or not ours) is left out: views are made anew."""
        if not self._path.exists():
            return
        shutil.copyfile(self._path, built)
        try:
            with self._attached(built, "READ_ONLY"):
                pass
        except duckdb.Error:
            built.unlink()

    def _shown(self, table: TableSchema) -> _Shown | None:
        if not self._path.exists():
            return None
        try:
            with self._attached(self._path, "READ_ONLY") as connection:
                return _row(connection, table)
        except duckdb.Error:  # a file of another DuckDB version, or no file of ours
            return None

    def _swap(self, built: Path) -> None:
        built.chmod(READ_ONLY)
        for log in self._strangers():
            log.unlink(missing_ok=True)
        built.replace(self._path)

    def _strangers(self) -> list[Path]:
        """Write-ahead logs of somebody who wrote into an earlier file, and was killed."""
        return list(self._path.parent.glob(f"{self._path.name}.wal*"))

    def _sweep(self) -> None:
        """Whoever has the turn is the only writer, so every other copy was left by one that is dead."""
        for left in self._path.parent.glob(f".{self._path.name}.{'[0-9a-f]' * 32}*"):
            left.unlink(missing_ok=True)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._path.with_name(f"{self._path.name}.lock").open("a+") as lock:
            self._take(lock)
            lock.truncate(0)
            lock.write(f"process {os.getpid()} on {socket.gethostname()}")
            lock.flush()
            yield

    def _take(self, lock: IO[str]) -> None:
        """Whoever waited in vain once does not wait again before the writer has ended: a run that repairs many tables
        waits once.
        """
        deadline = time.monotonic() + self._patience_s
        while not _is_taken(lock):
            if time.monotonic() >= deadline:
                self._patience_s = 0.0
                lock.seek(0)
                raise ViewsBusy(
                    f"{self._path}: {lock.read() or 'another writer'} has been writing it for more than "
                    f"{self._wait_s:g} s; the next run of any partition refreshes the view, or `gate reconcile`; "
                    "if that process hangs, end it"
                )
            time.sleep(_PAUSE_S)
        self._patience_s = self._wait_s

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            yield
        except (OSError, duckdb.Error) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise OperatorError(
                f"{self._path}: cannot be written ({why}); check the folder's owner and the space that is left"
            ) from error

    @contextmanager
    def _attached(self, path: Path, option: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file in an engine of our own: opening a database of its own for each costs three times as much."""
        name = identifier(f"served_{uuid.uuid4().hex}")
        with self._engine.cursor() as connection:
            connection.execute(f"ATTACH {text_literal(str(path))} AS {name} ({option})")
            try:
                connection.execute(f"USE {name}")
                yield connection
            finally:
                connection.execute("USE memory")
                connection.execute(f"DETACH {name}")

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        engine = duckdb.connect(config={"threads": 1})
        if not self._storage.is_local:  # creating a view reads one file's schema, and DuckDB alone cannot read S3
            engine.register_filesystem(NamedFiles(self._storage))
        return engine


def _is_taken(lock: IO[str]) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _row(connection: duckdb.DuckDBPyConnection, table: TableSchema) -> _Shown | None:
    query = f'SELECT table_version, files, digest FROM {VIEWS} WHERE "table" = ?'  # noqa: S608 -- a constant
    found = connection.execute(query, [table.name]).fetchone()
    return None if found is None else _Shown(version=found[0], files=found[1], digest=found[2])


def _replace(connection: duckdb.DuckDBPyConnection, table: TableSchema, wanted: _Shown) -> None:
    connection.execute("BEGIN")
    try:
        for statement in wanted.statements:
            connection.execute(statement)
    except duckdb.Error as error:
        connection.execute("ROLLBACK")
        raise TableUnreadable(
            f"{table.name}: its view stays as it was: a published file is missing or cannot be read "
            f"({type(error).__name__}); restore it from a backup, or land its partition again and run it"
        ) from error
    connection.execute(f'DELETE FROM {VIEWS} WHERE "table" = ?', [table.name])  # noqa: S608 -- a constant
    values = [table.name, wanted.version, wanted.files, wanted.digest]
    connection.execute(f"INSERT INTO {VIEWS} VALUES (?, ?, ?, ?)", values)  # noqa: S608 -- a constant
    connection.execute("COMMIT")
