"""Published tables and quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from partition_gate.core.partition_key import KeyValues
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication, Staged
from partition_gate.judging.distribution import BinnedPartition, Bins, ColumnSurvey, ColumnToSurvey
from partition_gate.judging.quarantine import QuarantinedRows
from partition_gate.judging.retention import Files
from partition_gate.judging.validation import Split


class Warehouse(Protocol):
    """Published tables and quarantine. Only `publish` makes rows visible."""

    def current(self, table: str, partition_key: str) -> Publication | None:
        """The visible version of a partition, read from the table itself."""

    def stage(self, table: TableSchema, partition_key: str, *, attempt_id: str, split: Split) -> Staged:
        """Copy the passing rows into the warehouse's storage, still invisible.

        Raises: MalformedPartitionKey (a key that is not canonical).
        """

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
        """Replace the partition with the staged rows in one commit that carries key and fence.

        `values` are the partition columns' values, None for null. `over` is the fence of the version that was visible
        when the decision was made, 0 if there was none; with None, any version may be visible. Repeating the call with
        the same idempotency key returns the first result.
        Raises: Superseded (the table has an equal or greater fence), PartitionChanged (a version other than `over` is
        visible, or the staged rows are gone), MalformedPartitionKey (as `stage`).
        """

    def quarantine(
        self, table: str, partition_key: str, *, attempt_id: str, rows: Path | None, raw: Sequence[Path]
    ) -> str:
        """Store the quarantined rows, and unreadable files unchanged; returns the folder's URI."""

    def quarantined(self, uri: str, *, limit: int) -> QuarantinedRows:
        """The first rows of a folder that `quarantine` returned, at most `limit`; long values are cut.

        Raises: OperatorError (the folder is empty or gone, or cannot be read), AccessDenied, StoreUnreachable.
        """

    def quarantined_file(self, uri: str, *, into: Path) -> Path | None:
        """The rows of a folder that `quarantine` returned, as a local Parquet file: a copy below `into` if they are
        remote. None if the folder has only unreadable files. Raises: as `quarantined`.
        """

    def quarantine_files(self, uri: str) -> Files:
        """The files of a folder that `quarantine` returned; none if it is empty or gone."""

    def remove_quarantine(self, uri: str) -> Files:
        """Remove a folder that `quarantine` returned; returns what was in it. Idempotent."""

    def version(self, table: str, partition_key: str, attempt_id: str) -> Publication | None:
        """The version that an attempt published, visible or replaced; None if its files are gone, or never were there.

        `table_version` is 0 if it is not visible.
        """

    def published_files(self, publication: Publication, *, into: Path) -> tuple[Path, ...]:
        """The files of a visible or a replaced version, without partition columns; copies below `into` if they are
        remote.

        Raises: PartitionChanged (its files are gone), AccessDenied, NoSpace, StoreUnreachable.
        """

    def remove_version(self, table: TableSchema, publication: Publication, *, why: str) -> int | None:
        """Remove a visible version from its table in one commit, without another in its place; the table's version
        afterwards. None if another version is visible, or none. Its files stay until a sweep.

        The partition's fence stays, so no older attempt can publish afterwards.
        """

    def publications(self, table: str) -> tuple[Publication, ...]:
        """The visible version of every partition, by key; empty if nothing was published."""

    def stale_views(self, tables: Sequence[TableSchema]) -> tuple[str, ...]:
        """Names of the tables whose consumers' view does not show the newest version."""

    def files(self, table: str) -> tuple[str, ...]:
        """Parquet files of the newest published version; empty if nothing was published."""

    def local_files(self, table: str, *, into: Path) -> tuple[str, ...]:
        """As `files`, for an engine that reads local files only: those of a remote warehouse are copied below `into`,
        under the same Hive folders. The caller removes them.

        Raises: AccessDenied, NoSpace, StoreUnreachable.
        """

    def discard(
        self,
        table: str,
        partition_key: str,
        *,
        attempt_id: str,
        with_quarantine: bool = False,
        may_still_commit: bool = False,
    ) -> None:
        """Remove an attempt's rows that will not be published; visible rows are never touched.

        `may_still_commit`: its commit was requested and the answer was lost. If storage may carry out such a request
        later, the rows stay until `sweep`, because nobody could read a version whose files are missing.
        """

    def sweep(self, table: str, *, staged_before: datetime) -> int:
        """Remove staged files older than `staged_before` that no version refers to; returns how many."""

    def refresh_view(self, table: TableSchema) -> None:
        """Show a table's newest version in the consumers' `warehouse.duckdb`; other tables' views do not change."""

    def survey(
        self, table: TableSchema, publications: Sequence[Publication], columns: Sequence[ColumnToSurvey]
    ) -> tuple[ColumnSurvey, ...]:
        """What the bins of these columns are made from, over all rows of these visible versions, as consumers see them.

        Raises: PartitionChanged (one of the versions is no longer visible), TableUnreadable.
        """

    def binned(
        self,
        table: TableSchema,
        rows: Publication | Staged,
        bins: Sequence[Bins],
        *,
        limit: timedelta,
        sample: int | None = None,
    ) -> BinnedPartition:
        """How many rows of a visible version, or of staged rows, are in each bin; one pass over these columns only.

        If there are more than `sample` rows, about so many are counted, chosen at random: the same in every call.
        Raises: PartitionChanged (the version is no longer visible), TableUnreadable, ScanTimedOut (after `limit`).
        """

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
        """Write these columns of all rows of these versions, as consumers see them, into one Parquet file; returns how
        many. `replaced`: the versions may be replaced ones whose rows are still kept.

        `before` is a column and a moment: rows from that moment on, and rows without a value in the column, are left
        out. A timestamp without a zone is UTC.
        Raises: PartitionChanged (one of the versions is no longer visible, or kept), TableUnreadable.
        """
