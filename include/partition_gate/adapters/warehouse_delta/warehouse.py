"""The warehouse as Delta tables: one folder per table, one commit per published partition, no server."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from partition_gate.adapters.storage import QUARANTINE_SETTING, S3Access, Storage, StoredFile
from partition_gate.adapters.tables import keys
from partition_gate.adapters.tables.distributions import Distributions
from partition_gate.adapters.tables.quarantine import Quarantine
from partition_gate.adapters.warehouse_delta import layout, table_log
from partition_gate.adapters.warehouse_delta.files import (
    CountedFiles,
    attempt_paths,
    row_count,
    with_times_as_text,
    write_empty,
)
from partition_gate.adapters.warehouse_delta.views import ServingFile
from partition_gate.core.errors import PartitionChanged, StoreUnreachable, Superseded
from partition_gate.core.partition_key import KeyValues
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication, Staged, StagedFile
from partition_gate.judging.distribution import BinnedPartition, Bins, ColumnSurvey, ColumnToSurvey
from partition_gate.judging.quarantine import QuarantinedRows
from partition_gate.judging.retention import Files
from partition_gate.judging.validation import Split

COMMIT_TRIES = 60
_COPIES_AT_ONCE = 4
LONGEST_PAUSE_S = 0.5
VIEWS_WAIT = timedelta(seconds=10)


class DeltaWarehouse:
    """The `Warehouse` port on Delta tables below `root`, a local folder or `s3://bucket/prefix`.

    `s3` is for both root and quarantine, where they are in S3.
    Safe for any number of processes: a table's log is its only lock. The consumers' file, shared by all tables, has one
    writer at a time; others wait for it for at most `views_wait`.
    """

    def __init__(
        self,
        root: str,
        *,
        s3: S3Access | None = None,
        serving_file: Path,
        quarantine_root: str,
        views_wait: timedelta = VIEWS_WAIT,
    ) -> None:
        self._storage = Storage(root, s3)
        self._quarantine = Quarantine(Storage(quarantine_root, s3, setting=QUARANTINE_SETTING))
        self._logs = table_log.TableLogs(self._storage)
        self._distributions = Distributions(CountedFiles(self._storage, self._logs).reading, self._storage.uri)
        self._serving = ServingFile(serving_file, self._storage, self._logs, wait=views_wait)

    def current(self, table: str, partition_key: str) -> Publication | None:
        log = self._logs.load(table)
        return None if log is None else table_log.publication(self._storage, log, table, partition_key)

    def stage(self, table: TableSchema, partition_key: str, *, attempt_id: str, split: Split) -> Staged:
        """Copy the passing rows to the path where they will be published. Never a link: a writer that reopened the
        attempt's own file would change published bytes.
        """
        keys.values_of(table, partition_key)  # raises early: nothing is written that could not be committed
        names, visible = keys.names(table), self._visible(table.name)
        paths = layout.staged_paths(names, partition_key, attempt_id, count=len(split.passing))
        for path, rows in zip(paths, split.passing, strict=True):
            if path not in visible:  # a repeat of an attempt that has been published must not touch its files
                self._store(table, path, rows)
        return Staged(
            table=table.name,
            partition_key=partition_key,
            attempt_id=attempt_id,
            files=tuple(map(self._staged_file, [table.name] * len(paths), paths, split.passing)),
            rows=split.rows_passing,
            row_hash=split.row_hash,
            columns=table.stored_columns,
        )

    def publish(
        self,
        table: TableSchema,
        staged: Staged,
        *,
        idempotency_key: str,
        fence: int,
        values: KeyValues,
        over: int | None = None,
    ) -> Publication:
        """One commit on the newest state. After another writer's commit, or an unknown result, the table is loaded
        again and checked. Also raises ContractError (a type changed).
        """
        wanted = _publication(staged, idempotency_key=idempotency_key, fence=fence)
        pairs = keys.partition_values(table, staged.partition_key, values)
        conflict: DeltaError | None = None
        for attempt in range(COMMIT_TRIES):
            time.sleep(_pause_s(attempt))
            log = self._logs.load(table.name)
            if done := self._already_published(log, wanted, over):
                return done
            try:
                if log and table_log.evolve(self._storage, log, table):
                    continue  # other commits may lie between the state that was checked and the newest one
                files = self._to_commit(table, staged)
                return table_log.commit(self._storage, log, table, publication=wanted, files=files, values=pairs)
            except DeltaError as error:
                conflict = error
        raise StoreUnreachable(
            f"{self._storage.uri(table.name)}: {COMMIT_TRIES} commits failed; nothing was published; run it again"
        ) from conflict

    def quarantine(
        self, table: str, partition_key: str, *, attempt_id: str, rows: Path | None, raw: Sequence[Path]
    ) -> str:
        return self._quarantine.store(table, partition_key, attempt_id=attempt_id, rows=rows, raw=raw)

    def quarantined(self, uri: str, *, limit: int) -> QuarantinedRows:
        return self._quarantine.read(uri, limit=limit)

    def quarantined_file(self, uri: str, *, into: Path) -> Path | None:
        return self._quarantine.file(uri, into=into)

    def quarantine_files(self, uri: str) -> Files:
        return self._quarantine.files(uri)

    def remove_quarantine(self, uri: str) -> Files:
        return self._quarantine.remove_folder(uri)

    def published_files(self, publication: Publication, *, into: Path) -> tuple[Path, ...]:
        table, key = publication.table, publication.partition_key
        paths = self._files_of(table, key, publication.attempt_id)
        if not paths:
            raise PartitionChanged(
                f"{table}/{key}: the files of attempt {publication.attempt_id} are gone; run it again"
            )
        if self._storage.is_local:
            return tuple(Path(self._storage.uri(path)) for path in paths)
        return tuple(self._storage.copy(path, into / Path(path).name) for path in paths)

    def version(self, table: str, partition_key: str, attempt_id: str) -> Publication | None:
        """A sweep removes the record before the files, so a version with a record has all of them."""
        visible = self.current(table, partition_key)
        if visible and visible.attempt_id == attempt_id:
            return visible
        record = self._storage.get(f"{table}/{layout.record_path(attempt_id)}")
        if record is None or not self._files_of(table, partition_key, attempt_id):
            return None
        return Publication.model_validate({**json.loads(record), "table_version": 0})

    def remove_version(self, table: TableSchema, publication: Publication, *, why: str) -> int | None:
        """Also raises StoreUnreachable (other writers committed first in every try)."""
        for attempt in range(COMMIT_TRIES):
            time.sleep(_pause_s(attempt))
            log = self._logs.load(table.name)
            if log is None:
                return None
            visible = table_log.publication(self._storage, log, table.name, publication.partition_key)
            if visible is None or visible.attempt_id != publication.attempt_id:
                return None
            with suppress(DeltaError):
                return table_log.remove(self._storage, log, table, publication, why=why)
        raise StoreUnreachable(f"{self._storage.uri(table.name)}: {COMMIT_TRIES} commits failed; nothing was removed")

    def publications(self, table: str) -> tuple[Publication, ...]:
        log = self._logs.load(table)
        path_of = {layout.partition_key_of(path): path for path in sorted(table_log.visible_paths(log))} if log else {}
        return tuple(table_log.read_publication(self._storage, log, table, path) for path in path_of.values() if log)

    def stale_views(self, tables: Sequence[TableSchema]) -> tuple[str, ...]:
        return tuple(table.name for table in tables if not self._serving.is_current(table))

    def files(self, table: str) -> tuple[str, ...]:
        log = self._logs.load(table)
        paths = sorted(table_log.visible_paths(log)) if log else []
        return tuple(self._storage.uri(f"{table}/{path}") for path in paths)

    def local_files(self, table: str, *, into: Path) -> tuple[str, ...]:
        if self._storage.is_local:
            return self.files(table)
        paths = [file.removeprefix(f"{self._storage.root}/") for file in self.files(table)]
        with ThreadPoolExecutor(_COPIES_AT_ONCE, thread_name_prefix="reference") as threads:
            return tuple(threads.map(lambda path: str(self._storage.copy(path, into / path)), paths))

    def discard(
        self,
        table: str,
        partition_key: str,
        *,
        attempt_id: str,
        with_quarantine: bool = False,
        may_still_commit: bool = False,
    ) -> None:
        """Visible files are never removed. S3 may carry out a request late, after we have abandoned it."""
        if may_still_commit and not self._storage.is_local:
            return
        log = self._logs.load(table)
        visible = frozenset(table_log.visible_paths(log)) if log else frozenset()
        # A table that was never published contains only staged files.
        folder = layout.folder(log.metadata().partition_columns, partition_key) if log else ""
        for file in list(self._storage.listing(f"{table}/{folder}")):
            path = file.path.removeprefix(f"{table}/")
            if layout.is_data_file(path) and layout.attempt_of(path) == attempt_id and path not in visible:
                self._storage.delete(file.path)
                self._storage.delete(f"{table}/{layout.record_path(attempt_id)}")
        if with_quarantine:
            self._quarantine.remove(table, partition_key, attempt_id)

    def sweep(self, table: str, *, staged_before: datetime) -> int:
        """Remove files written before `staged_before` that have not been visible since then, with their publication
        records. So `staged_before` must be earlier than the start of the oldest running attempt and of the longest
        read. Versions older than it can no longer be read.
        """
        log = self._logs.load(table)
        needed = {*table_log.visible_paths(log), *self._removed_since(log, table, staged_before)} if log else set()
        removed = 0
        for file in list(self._storage.listing(table)):
            path = file.path.removeprefix(f"{table}/")
            if layout.is_data_file(path) and path not in needed and file.modified_at < staged_before:
                self._storage.delete(f"{table}/{layout.record_path(layout.attempt_of(path))}")
                self._storage.delete(file.path)
                removed += 1
        return removed

    def refresh_view(self, table: TableSchema) -> None:
        self._serving.refresh(table)

    def survey(
        self, table: TableSchema, publications: Sequence[Publication], columns: Sequence[ColumnToSurvey]
    ) -> tuple[ColumnSurvey, ...]:
        return self._distributions.survey(table, publications, columns)

    def binned(
        self,
        table: TableSchema,
        rows: Publication | Staged,
        bins: Sequence[Bins],
        *,
        limit: timedelta,
        sample: int | None = None,
    ) -> BinnedPartition:
        return self._distributions.binned(table, rows, bins, limit=limit, sample=sample)

    def copy_rows(
        self,
        table: TableSchema,
        publications: Sequence[Publication],
        columns: Sequence[str],
        *,
        into: Path,
        before: tuple[str, datetime] | None = None,
        replaced: bool = False,
    ) -> int:
        return self._distributions.copy_rows(table, publications, columns, into=into, before=before, replaced=replaced)

    def _store(self, table: TableSchema, path: str, rows: Path) -> None:
        with tempfile.TemporaryDirectory(dir=rows.parent) as scratch:
            self._storage.put(f"{table.name}/{path}", with_times_as_text(table, rows, Path(scratch)))

    def _staged_file(self, table: str, path: str, rows: Path) -> StagedFile:
        file = self._storage.find(f"{table}/{path}")
        return StagedFile(path=path, size_bytes=file.size_bytes if file else 0, rows=row_count(rows))

    def _to_commit(self, table: TableSchema, staged: Staged) -> list[tuple[StoredFile, int]]:
        """The files to commit. A partition without rows gets an empty file, so that every partition has one."""
        if not staged.files:
            (path,) = layout.staged_paths(keys.names(table), staged.partition_key, staged.attempt_id, count=1)
            with tempfile.TemporaryDirectory() as scratch:
                self._storage.put(f"{table.name}/{path}", write_empty(table, Path(scratch)))
            return [(self._staged(table, path, size_bytes=None), 0)]
        return [(self._staged(table, file.path, size_bytes=file.size_bytes), file.rows) for file in staged.files]

    def _staged(self, table: TableSchema, path: str, *, size_bytes: int | None) -> StoredFile:
        file = self._storage.find(f"{table.name}/{path}")
        if file is None or size_bytes not in (None, file.size_bytes):
            raise PartitionChanged(
                f"{self._storage.uri(table.name)}/{path}: the staged file was removed or replaced; run it again"
            )
        return file

    def _already_published(self, log: DeltaTable | None, wanted: Publication, over: int | None) -> Publication | None:
        newest = (log and table_log.fence(log, wanted.table, wanted.partition_key)) or 0
        if log is None or newest < wanted.fence:
            visible = log and table_log.publication(self._storage, log, wanted.table, wanted.partition_key)
            if over not in {None, visible.fence if visible else 0}:  # the newest version may have been removed by age
                raise PartitionChanged(
                    f"{wanted.table}/{wanted.partition_key}: another version became visible while this one was judged; "
                    "run it again"
                )
            return None
        visible = table_log.publication(self._storage, log, wanted.table, wanted.partition_key)
        if visible and visible.idempotency_key == wanted.idempotency_key:
            return visible
        raise Superseded(
            f"{wanted.table}/{wanted.partition_key}: attempt {wanted.attempt_id} (fence {wanted.fence}) is superseded, "
            f"because fence {newest} is already published; nothing to do"
        )

    def _files_of(self, table: str, partition_key: str, attempt_id: str) -> list[str]:
        return attempt_paths(self._storage, self._logs.load(table), table, partition_key, attempt_id=attempt_id)

    def _visible(self, table: str) -> frozenset[str]:
        log = self._logs.load(table)
        return frozenset() if log is None else frozenset(table_log.visible_paths(log))

    def _removed_since(self, log: DeltaTable, table: str, moment: datetime) -> set[str]:
        return table_log.removed_since(self._storage, log, table, moment)


def _publication(staged: Staged, *, idempotency_key: str, fence: int) -> Publication:
    return Publication(
        table=staged.table,
        partition_key=staged.partition_key,
        idempotency_key=idempotency_key,
        attempt_id=staged.attempt_id,
        fence=fence,
        table_version=0,
        rows=staged.rows,
        row_hash=staged.row_hash,
        columns=staged.columns,
    )


def _pause_s(attempt: int) -> float:
    """Random, so that writers that collided once do not collide again; no pause before the first try."""
    return random.uniform(0, min(LONGEST_PAUSE_S, 0.01 * 2**attempt)) if attempt else 0.0  # noqa: S311 -- no secret
