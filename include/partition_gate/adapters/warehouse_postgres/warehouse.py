"""The warehouse in PostgreSQL: a publish moves one mark, in one transaction that carries key and fence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_

from partition_gate.adapters.storage import Storage
from partition_gate.adapters.tables import keys
from partition_gate.adapters.tables.distributions import Distributions
from partition_gate.adapters.tables.quarantine import Quarantine
from partition_gate.adapters.warehouse_postgres.columns import require_same_table, require_storable, typed
from partition_gate.adapters.warehouse_postgres.database import Database, driver_of
from partition_gate.adapters.warehouse_postgres.exports import Exports
from partition_gate.adapters.warehouse_postgres.rows import copy_in
from partition_gate.adapters.warehouse_postgres.storage import Version, VersionStorage
from partition_gate.adapters.warehouse_postgres.views import ConsumersViews, extended
from partition_gate.core.display import counted
from partition_gate.core.errors import OperatorError, PartitionChanged, Superseded
from partition_gate.core.partition_key import KeyValues
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication, Staged, StagedFile
from partition_gate.judging.distribution import BinnedPartition, Bins, ColumnSurvey, ColumnToSurvey
from partition_gate.judging.quarantine import QuarantinedRows
from partition_gate.judging.retention import Files
from partition_gate.judging.validation import Split

VIEWS_WAIT = timedelta(seconds=10)


class PostgresWarehouse:
    """The `Warehouse` port on a PostgreSQL database; quarantine is in files of another storage.

    Consumers read the views in `schema`. A view that must be made anew waits `views_wait` for its readers at most.
    Safe for any number of processes: the row of a dataset is its lock.
    """

    def __init__(
        self, database: Database, *, schema: str, quarantine: Storage, views_wait: timedelta = VIEWS_WAIT
    ) -> None:
        self._database = database
        self._storage = VersionStorage(schema)
        self._views = ConsumersViews(self._storage, wait=views_wait)
        self._quarantine = Quarantine(quarantine)
        self._exports = Exports(database, self._storage, self._views)
        self._distributions = Distributions(self._exports.reading, self._uri)

    def current(self, table: str, partition_key: str) -> Publication | None:
        with self._reading() as connection:
            found = self._storage.visible(connection, table, partition_key) if connection is not None else None
        return found and _publication(found)

    def stage(self, table: TableSchema, partition_key: str, *, attempt_id: str, split: Split) -> Staged:
        """Copy the passing rows into the storage as a version that no view shows.

        Also raises ContractError: a column, its type or a value cannot be stored, or the type of a published column
        changed.
        """
        values = keys.values_of(table, partition_key)
        require_storable(table)
        with self._database.writing() as connection:
            shape = self._storage.prepare(connection, table)
        staged = _staged(table, partition_key, attempt_id, split)
        with self._database.writing_rows() as connection:
            self._require_same_table(table, self._storage.dataset(connection, table.name))
            self._stage(connection, table, staged, split=split, values=list(values.values()), shape=shape)
        return staged

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
        """One transaction: the staged version becomes visible, and the one before it is kept until it is swept.

        Also raises ContractError (a type changed). If the rows have other columns than the view shows, the view is made
        anew in the same transaction, so that readers never miss the partition.
        """
        keys.partition_values(table, staged.partition_key, values)
        with self._database.writing() as connection:
            if not self._storage.exists(connection):
                raise _gone(staged)
            dataset = self._storage.lock(connection, table.name)
            visible = self._storage.visible(connection, table.name, staged.partition_key)
            if visible and visible.fence >= fence:
                return _already_published(visible, staged, idempotency_key, fence)
            if over not in {None, visible.fence if visible else 0}:
                raise PartitionChanged(
                    f"{table.name}/{staged.partition_key}: another version became visible while this one was judged; "
                    "run it again"
                )
            self._require_same_table(table, dataset)
            return self._show(connection, table, staged, dataset, named=idempotency_key, fence=fence)

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

    def version(self, table: str, partition_key: str, attempt_id: str) -> Publication | None:
        with self._reading() as connection:
            found = self._storage.find(connection, table, partition_key, attempt_id) if connection is not None else None
        return _publication(found) if found and found.fence else None

    def published_files(self, publication: Publication, *, into: Path) -> tuple[Path, ...]:
        """One file, also of a version without rows."""
        return (self._exports.of_version(publication, into),)

    def remove_version(
        self,
        table: TableSchema,  # noqa: ARG002 -- the publication names it
        publication: Publication,
        *,
        why: str,  # noqa: ARG002 -- the ledger has it
    ) -> int | None:
        with self._database.writing() as connection:
            exists = self._storage.exists(connection)
            return self._storage.hide(connection, publication) if exists else None

    def publications(self, table: str) -> tuple[Publication, ...]:
        return tuple(map(_publication, self._visible(table)))

    def stale_views(self, tables: Sequence[TableSchema]) -> tuple[str, ...]:
        with self._reading() as connection:
            if connection is None:
                return ()
            datasets = self._storage.datasets
            rows = {row.name: row for row in connection.execute(datasets.select())}
            is_current = self._views.is_current
            return tuple(t.name for t in tables if not is_current(connection, t, rows.get(t.name)))

    def files(self, table: str) -> tuple[str, ...]:
        """One name per visible version; they name versions and cannot be opened."""
        visible = self._visible(table)
        return tuple(f"{self._uri(table)}/{version.partition_key}/{version.attempt_id}" for version in visible)

    def local_files(self, table: str, *, into: Path) -> tuple[str, ...]:
        """Files with all visible rows of one moment and their partition columns, one per set of published columns."""
        return tuple(map(str, self._exports.of_table(table, into / table)))

    def discard(
        self,
        table: str,
        partition_key: str,
        *,
        attempt_id: str,
        with_quarantine: bool = False,
        may_still_commit: bool = False,  # noqa: ARG002 -- a commit that is under way holds the lock that this waits for
    ) -> None:
        with self._database.writing_rows() as connection:
            if self._storage.exists(connection):
                self._storage.lock(connection, table)
                self._remove(connection, table, partition_key, attempt_id)
        if with_quarantine:
            self._quarantine.remove(table, partition_key, attempt_id)

    def sweep(self, table: str, *, staged_before: datetime) -> int:
        """Remove versions that were staged before `staged_before` and never published, or replaced before it."""
        c = self._storage.versions.c
        is_old = or_(and_(c.replaced_at.is_(None), c.staged_at < staged_before), c.replaced_at < staged_before)
        old = (c.dataset == table) & ~c.is_visible & ~c.is_removed & is_old
        with self._database.writing() as connection:
            if not self._storage.exists(connection):
                return 0
            self._storage.lock(connection, table)
            marked = connection.execute(self._storage.versions.update().where(old).values(is_removed=True)).rowcount
        with self._database.writing_rows() as connection:  # without the lock: nobody reads them any more
            self._storage.purge(connection, table)
        return marked

    def refresh_view(self, table: TableSchema) -> None:
        """Make the consumers' view anew if the contract or the published columns changed."""
        require_storable(table)
        with self._database.writing() as connection:
            self._storage.prepare(connection, table)
        with self._database.writing() as connection:
            self._views.refresh(connection, table)

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

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        """One consistent state; None if nothing was ever staged."""
        with self._database.reading() as connection:
            yield connection if self._storage.exists(connection) else None

    def _visible(self, table: str) -> tuple[Version, ...]:
        with self._reading() as connection:
            return () if connection is None else self._storage.all_visible(connection, table)

    def _uri(self, table: str) -> str:
        return f"{self._database.shown}/{self._storage.schema}/{table}"

    def _require_same_table(self, table: TableSchema, dataset: Row[Any] | None) -> None:
        if dataset is not None and dataset.partitioned_by is not None:
            require_same_table(table, dataset.columns, dataset.partitioned_by)

    def _stage(
        self,
        connection: Connection,
        table: TableSchema,
        staged: Staged,
        *,
        split: Split,
        values: list[str | None],
        shape: int,
    ) -> None:
        found = self._storage.find(connection, table.name, staged.partition_key, staged.attempt_id)
        if found and found.is_visible:  # a repeat of an attempt that has been published must not touch its rows
            return
        self._remove(connection, table.name, staged.partition_key, staged.attempt_id)
        fields = staged.model_dump(include={"partition_key", "attempt_id", "rows", "row_hash"})
        versions = self._storage.versions
        insert = versions.insert().values(dataset=table.name, shape=shape, key_values=values, **fields)
        version = connection.execute(insert.returning(versions.c.id)).scalar_one()
        target = self._storage.rows_table(table.name, shape)
        copied = copy_in(driver_of(connection), target, table.stored_columns, split.passing, version=version)
        if copied != staged.rows:
            raise OperatorError(
                f"{self._uri(table.name)}/{staged.partition_key}: {counted(copied, 'row')} copied instead of "
                f"{staged.rows:,}; report this as a bug"
            )

    def _show(
        self,
        connection: Connection,
        table: TableSchema,
        staged: Staged,
        dataset: Row[Any] | None,
        *,
        named: str,
        fence: int,
    ) -> Publication:
        version = self._storage.find(connection, table.name, staged.partition_key, staged.attempt_id)
        if dataset is None or version is None or (version.rows, version.row_hash) != (staged.rows, staged.row_hash):
            raise _gone(staged)
        published = {"idempotency_key": named, "fence": fence, "table_version": dataset.commits}
        self._move_mark(connection, version, published)
        datasets = self._storage.datasets
        after = {
            "commits": dataset.commits + 1,
            "columns": {**dataset.columns, **typed(table)},
            "partitioned_by": list(keys.names(table)),
        }
        connection.execute(datasets.update().where(datasets.c.name == table.name).values(**after))
        if dataset.view is not None and version.shape not in dataset.view_shapes:
            shown = TableSchema.model_validate(dataset.view_table)
            self._views.refresh(connection, extended(shown, table, published=dataset.columns))
        return _publication(version.model_copy(update=published))

    def _move_mark(self, connection: Connection, version: Version, published: dict[str, Any]) -> None:
        """From the visible version of the partition to this one."""
        versions = self._storage.versions
        c = versions.c
        is_replaced = (c.dataset == version.table) & (c.partition_key == version.partition_key) & c.is_visible
        connection.execute(
            versions.update().where(is_replaced).values(is_visible=False, replaced_at=func.clock_timestamp())
        )
        shown = {"is_visible": True, "replaced_at": None, **published}
        connection.execute(versions.update().where(c.id == version.id).values(**shown))

    def _remove(self, connection: Connection, table: str, partition_key: str, attempt_id: str) -> None:
        versions = self._storage.versions
        c = versions.c
        own = (c.dataset == table) & (c.partition_key == partition_key) & (c.attempt_id == attempt_id) & ~c.is_visible
        connection.execute(versions.update().where(own).values(is_removed=True))
        self._storage.purge(connection, table, only=attempt_id)


def _staged(table: TableSchema, partition_key: str, attempt_id: str, split: Split) -> Staged:
    size_bytes = sum(file.stat().st_size for file in split.passing)
    file = StagedFile(path=f"{partition_key}/{attempt_id}", size_bytes=size_bytes, rows=split.rows_passing)
    return Staged(
        table=table.name,
        partition_key=partition_key,
        attempt_id=attempt_id,
        files=(file,) if split.passing else (),
        rows=split.rows_passing,
        row_hash=split.row_hash,
        columns=table.stored_columns,
    )


def _publication(version: Version) -> Publication:
    return Publication(**{name: getattr(version, name) for name in Publication.model_fields})


def _already_published(visible: Version, staged: Staged, idempotency_key: str, fence: int) -> Publication:
    if visible.idempotency_key == idempotency_key:
        return _publication(visible)
    raise Superseded(
        f"{staged.table}/{staged.partition_key}: attempt {staged.attempt_id} (fence {fence}) is superseded, because "
        f"fence {visible.fence} is already published; nothing to do"
    )


def _gone(staged: Staged) -> PartitionChanged:
    return PartitionChanged(
        f"{staged.table}/{staged.partition_key}: the staged rows of {staged.attempt_id} were removed; run it again"
    )
