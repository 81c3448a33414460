"""The consumers' `warehouse.duckdb`: one view per table over an explicit list of files, replaced atomically."""

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

from partition_gate.adapters.storage import Storage
from partition_gate.adapters.warehouse_delta import view_sql
from partition_gate.adapters.warehouse_delta.files import NamedFiles
from partition_gate.adapters.warehouse_delta.known_columns import KnownColumns
from partition_gate.adapters.warehouse_delta.table_log import TableLogs
from partition_gate.core.errors import OperatorError, TableUnreadable, ViewsBusy
from partition_gate.core.quoting import identifier, text_literal
from partition_gate.core.record import Record, digest
from partition_gate.core.table import TableSchema
from partition_gate.gate.local_folders import disk_full

# The version of each table that the file shows; `digest` is of the view's statements.
VIEWS = "_gate_views"
_CREATE = f'CREATE TABLE IF NOT EXISTS {VIEWS} ("table" VARCHAR, table_version BIGINT, files BIGINT, digest VARCHAR)'

# The oldest DuckDB version that can open the file; without this option, only our own version could.
READABLE_SINCE = "v1.0.0"
# Prevents ordinary users from opening the file for writing: their write-ahead log would stay next to it, and every
# reader of a later file would replay it.
READ_ONLY = 0o444
_PAUSE_S = 0.02
_NEVER_PUBLISHED = -1


class _ViewState(Record):
    """The wanted or current state of a table's view. `digest` also differs if only the contract changed."""

    version: int
    files: int
    statements: tuple[str, ...] = ()
    digest: str


class ServingFile:
    """The file at `path`. A connected reader always sees one consistent state.

    There is one writer at a time; the next one waits for at most `wait`. Within a process, DuckDB shares an open
    database by its path: close it to see a newer state.
    """

    def __init__(self, path: Path, storage: Storage, logs: TableLogs, *, wait: timedelta) -> None:
        self._path, self._storage, self._logs = path, storage, logs
        self._known = KnownColumns(path.with_name(f"{path.name}.known"), storage)
        self._wait_s = self._next_wait_s = wait.total_seconds()

    def refresh(self, table: TableSchema) -> Path:
        """Write the newest state of one table's view into a copy of the file, then replace the file; other views are
        kept.

        Raises:
            ViewsBusy: another writer did not finish in time.
            TableUnreadable: the table's log or one of its files cannot be read; the file does not change.
        """
        with self._writable():
            wanted = self._newest(table)  # before taking the lock, so that a slow table does not delay others
            with self._locked():
                self._remove_abandoned_copies()
                draft = self._path.with_name(f".{self._path.name}.{uuid.uuid4().hex}")
                try:
                    if self._write(draft, table, wanted):
                        self._swap(draft)
                finally:
                    draft.unlink(missing_ok=True)
        return self._path

    def is_current(self, table: TableSchema) -> bool:
        """Whether consumers see exactly the table's visible files, as its contract defines them.

        Raises: TableUnreadable.
        """
        with self._writable():
            wanted = self._newest(table)
        shown = None if self._stray_logs() else self._shown(table)
        return wanted.version == _NEVER_PUBLISHED if shown is None else shown.digest == wanted.digest

    def _newest(self, table: TableSchema) -> _ViewState:
        log = self._logs.load(table.name)
        columns_of = self._known.columns(log, table.name) if log else {}
        root = self._storage.uri(table.name)
        statements = (view_sql.view(table, root, columns_of), *view_sql.comments(table))
        version = log.version() if log else _NEVER_PUBLISHED
        return _ViewState(version=version, files=len(columns_of), statements=statements, digest=digest(statements))

    def _write(self, draft: Path, table: TableSchema, wanted: _ViewState) -> bool:
        """Whether the copy must replace the file: not if the file already has this view."""
        self._copy(draft)
        with self._attached(draft, "STORAGE_VERSION " + text_literal(READABLE_SINCE)) as connection:
            connection.execute(_CREATE)
            shown = _row(connection, table)
            if shown and shown.version > wanted.version:  # another writer was faster, or the table was created again
                wanted = self._newest(table)
            if shown and shown.digest == wanted.digest and not self._stray_logs():
                return False
            _replace(connection, table, wanted)
        return True

    def _copy(self, draft: Path) -> None:
        """Copy the file, unless DuckDB cannot open it (another version, or not ours): then all views are new."""
        if not self._path.exists():
            return
        shutil.copyfile(self._path, draft)
        try:
            with self._attached(draft, "READ_ONLY"):
                pass
        except duckdb.Error:
            draft.unlink()

    def _shown(self, table: TableSchema) -> _ViewState | None:
        if not self._path.exists():
            return None
        try:
            with self._attached(self._path, "READ_ONLY") as connection:
                return _row(connection, table)
        except duckdb.Error:  # a file of another DuckDB version, or not ours
            return None

    def _swap(self, draft: Path) -> None:
        draft.chmod(READ_ONLY)
        for log in self._stray_logs():
            log.unlink(missing_ok=True)
        draft.replace(self._path)

    def _stray_logs(self) -> list[Path]:
        """Write-ahead logs that a killed process left after writing into an earlier file."""
        return list(self._path.parent.glob(f"{self._path.name}.wal*"))

    def _remove_abandoned_copies(self) -> None:
        """The holder of the lock is the only writer, so every other copy belongs to a dead process."""
        for abandoned in self._path.parent.glob(f".{self._path.name}.{'[0-9a-f]' * 32}*"):
            abandoned.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._path.with_name(f"{self._path.name}.lock").open("a+") as lock:
            self._acquire(lock)
            lock.truncate(0)
            lock.write(f"process {os.getpid()} on {socket.gethostname()}")
            lock.flush()
            yield

    def _acquire(self, lock: IO[str]) -> None:
        """Take the lock. After one timeout, further calls do not wait until the lock is free again, so that a run that
        repairs many tables waits only once.
        """
        deadline = time.monotonic() + self._next_wait_s
        while not _try_lock(lock):
            if time.monotonic() >= deadline:
                self._next_wait_s = 0.0
                lock.seek(0)
                raise ViewsBusy(
                    f"{self._path}: {lock.read() or 'another writer'} has been writing it for more than "
                    f"{self._wait_s:g} s; the next run of any partition refreshes the view, or run `gate reconcile`; "
                    "if that process hangs, stop it"
                )
            time.sleep(_PAUSE_S)
        self._next_wait_s = self._wait_s

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            yield
        except (OSError, duckdb.Error) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise OperatorError(
                f"{self._path}: cannot be written ({why}); check the owner and the free space of its folder"
            ) from error

    @contextmanager
    def _attached(self, path: Path, option: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file, attached to a shared engine: opening a database per file costs three times as much."""
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
        if not self._storage.is_local:  # creating a view reads one file's schema, and DuckDB cannot read S3 by itself
            engine.register_filesystem(NamedFiles(self._storage))
        return engine


def _try_lock(lock: IO[str]) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _row(connection: duckdb.DuckDBPyConnection, table: TableSchema) -> _ViewState | None:
    query = f'SELECT table_version, files, digest FROM {VIEWS} WHERE "table" = ?'  # noqa: S608 -- a constant
    row = connection.execute(query, [table.name]).fetchone()
    return None if row is None else _ViewState(version=row[0], files=row[1], digest=row[2])


def _replace(connection: duckdb.DuckDBPyConnection, table: TableSchema, wanted: _ViewState) -> None:
    connection.execute("BEGIN")
    try:
        for statement in wanted.statements:
            connection.execute(statement)
    except duckdb.Error as error:
        connection.execute("ROLLBACK")
        if "No space left" in str(error):
            raise disk_full("the folder of the consumers' file", settings="GATE_SERVING_FILE") from error
        raise TableUnreadable(
            f"{table.name}: the consumers' view was not updated, because a published file is missing or unreadable "
            f"({type(error).__name__}); restore the file from a backup, or land its partition again and run it"
        ) from error
    connection.execute(f'DELETE FROM {VIEWS} WHERE "table" = ?', [table.name])  # noqa: S608 -- a constant
    values = [table.name, wanted.version, wanted.files, wanted.digest]
    connection.execute(f"INSERT INTO {VIEWS} VALUES (?, ?, ?, ?)", values)  # noqa: S608 -- a constant
    connection.execute("COMMIT")
