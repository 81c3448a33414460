"""Published tables and quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from partition_gate.core.partition_key import KeyValues
from partition_gate.core.table import TableSchema
from partition_gate.judging.attempt import Publication, Staged
from partition_gate.judging.quarantine import QuarantinedRows
from partition_gate.judging.validation import Split


class Warehouse(Protocol):
    """Published tables and quarantine. `publish` is the only verb that makes a row visible."""

    def current(self, table: str, partition_key: str) -> Publication | None:
        """The visible version of a partition, read from the table itself."""

    def stage(self, table: TableSchema, partition_key: str, *, attempt_id: str, split: Split) -> Staged:
        """Put the passing rows into the warehouse's storage, invisible.

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

        `values` are the partition columns' values, None for null. `over` is the fence of the version that the decision
        rests on, 0 for none; None where it rests on none. A repeat of the same key returns the first result.
        Raises: Superseded (the table has seen a fence that is not smaller), PartitionChanged (another version than
        `over` is visible, or the staged rows are gone), MalformedPartitionKey (as `stage`).
        """

    def quarantine(
        self, table: str, partition_key: str, *, attempt_id: str, rows: Path | None, raw: Sequence[Path]
    ) -> str:
        """Keep the quarantined rows (and files that could not be read, as they came); returns the folder's URI."""

    def quarantined(self, uri: str, *, limit: int) -> QuarantinedRows:
        """The first rows of a folder that `quarantine` returned, at most `limit`; long values are cut.

        Raises: OperatorError (nothing is there any more, or it cannot be read), AccessDenied, StoreUnreachable.
        """

    def publications(self, table: str) -> tuple[Publication, ...]:
        """The visible version of every partition, by key; empty where nothing was published."""

    def stale_views(self, tables: Sequence[TableSchema]) -> tuple[str, ...]:
        """Names of the tables whose consumers' view does not show the newest version."""

    def files(self, table: str) -> tuple[str, ...]:
        """Parquet files of the newest published version; empty where nothing was published."""

    def discard(
        self,
        table: str,
        partition_key: str,
        *,
        attempt_id: str,
        with_quarantine: bool = False,
        may_still_commit: bool = False,
    ) -> None:
        """Remove an attempt's rows that will not be published; nothing happens to rows that are visible.

        `may_still_commit`: its commit was asked for, and the answer was lost. Where such a request may be carried out
        later, its rows stay for `sweep`: a version without its files could be read by nobody.
        """

    def sweep(self, table: str, *, staged_before: datetime) -> int:
        """Remove staged files that no version refers to and that are older; how many."""

    def refresh_view(self, table: TableSchema) -> None:
        """Show a table's newest version in the consumers' `warehouse.duckdb`; other tables' views stay as they are."""
