"""What the gate needs of the world, as small protocols; fakes and real adapters pass the same behaviour suite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from partition_gate.alerts.alert import Links
from partition_gate.compiling.compiled import CompiledContract
from partition_gate.judging.attempt import (
    Attempt,
    AttemptState,
    Claim,
    Forgotten,
    Intent,
    Message,
    OutboxEntry,
    ProfiledPartition,
    Publication,
    PublishedPartition,
    Settlement,
    Staged,
    UnfinishedAttempt,
)
from partition_gate.judging.profile import PartitionProfile
from partition_gate.judging.quarantine import QuarantinedRows
from partition_gate.judging.validation import PartitionScan, RowPredicate, Split, SplitLabels, Validation
from partition_gate.judging.verdict import CheckResult
from partition_gate.partition import DataFile, LandedKeys, Location, Partition, Spooled
from partition_gate.partition_key import KeyValues
from partition_gate.suite.expectations import CompiledSuite
from partition_gate.table import TableSchema


class Clock(Protocol):
    """The time, aware and in UTC."""

    def now(self) -> datetime: ...


class ObjectStore(Protocol):
    """Landing storage, read only. Paths are `s3://bucket/key` or absolute local paths."""

    def partition_keys(self, location: Location) -> LandedKeys:
        """Keys of the partitions that exist, and the folders that have none; by delimiter listing of folders only.

        Raises: BucketMissing, AccessDenied, StoreUnreachable.
        """

    def list_files(self, location: Location, key: str) -> tuple[DataFile, ...]:
        """The partition's files that match the location's pattern, by path; empty where there is none.

        They lie in one of `location.folders(key)`. Names that begin with `_` or `.` are not data.
        Raises: AmbiguousPartition (they lie in two), BucketMissing, AccessDenied, StoreUnreachable.
        """

    def note(self, location: Location, key: str, name: str) -> bytes | None:
        """A small file beside the partition's data (`_SUCCESS`), of which 8 MB are read; None where there is none.

        Raises: AccessDenied, StoreUnreachable.
        """

    def spool(self, partition: Partition, into: Path) -> Spooled:
        """Copy each file once, with If-Match on its ETag; a body cut midway is asked for again as a whole.

        Raises: PartitionChanged (412 or 404), AccessDenied, StoreUnreachable. Leaves no partial file behind.
        """


class Validator(Protocol):
    """Judges a scan against a suite. Knows nothing of severity or disposition."""

    def validate(self, scan: PartitionScan, suite: CompiledSuite) -> Validation:
        """One observation a check, the row-level rules as predicates, and the columns' profile."""

    def split(self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path) -> Split:
        """Rows that break no blocking predicate, and the others with all their reasons."""

    def reject(
        self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path
    ) -> Split:
        """All rows quarantined, those that break a predicate with their reasons; unreadable files are left out."""


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


class Ledger(Protocol):
    """The state: attempts, results, counters, publications, outbox. Every call is one transaction."""

    def fence(self, dataset: str, partition_key: str) -> int:
        """The fence of the partition's newest attempt; 0 where there was none."""

    def open_attempt(self, claim: Claim, *, idempotency_key: str, after_fence: int, now: datetime) -> Attempt | None:
        """A new attempt with the next fence (greater than `after_fence`), in state CLAIMED.

        None where another attempt was opened since `claim.seen_fence` was read: list landing again.
        """

    def advance(self, attempt_id: str, state: AttemptState, *, now: datetime) -> None: ...

    def hand_over(self, attempt_id: str) -> None:
        """The attempt waits for another process: until one means to publish it (`intend`), it has no owner."""

    def record_validation(
        self,
        attempt_id: str,
        results: Sequence[CheckResult],
        *,
        document: str,
        profile: PartitionProfile | None = None,
    ) -> None:
        """Check results, their counters, GX's result document and the columns' counters; repeating changes nothing."""

    def intend(self, attempt: Attempt, intent: Intent, *, now: datetime) -> bool:
        """Keep what will be recorded once the attempt's rows are visible; the attempt is then PUBLISHING, and its
        owner's.

        False where a newer attempt was opened: this one must not publish.
        """

    def intent(self, attempt_id: str) -> Intent | None:
        """What the attempt meant to record, until it has ended."""

    def settle(self, settlement: Settlement, messages: Sequence[Message], *, is_finished: bool = True) -> None:
        """The attempt's end and, if it changes the partition's outcome, its messages, together; repeating it changes
        nothing.

        The outcome of a partition is that of its greatest fence; one that was superseded changes nothing. Not
        `is_finished`: something is still to be done (a view), so the attempt stays unfinished.
        """

    def outcome(self, dataset: str, partition_key: str) -> Settlement | None:
        """The partition's current outcome."""

    def forget(self, forgotten: Forgotten) -> None:
        """Remove the partition's current outcome and its unsent messages; who, when and why is kept."""

    def settlement(self, attempt_id: str) -> Settlement | None: ...

    def latest(self, dataset: str | None = None) -> tuple[Settlement, ...]:
        """The current outcome of each (dataset, partition), by dataset and key."""

    def visible(self, dataset: str) -> tuple[Settlement, ...]:
        """The newest settlement of each partition that made rows visible, by key; whatever became of it later."""

    def published(
        self, dataset: str, keys: Sequence[str], *, rule_ids: Sequence[str]
    ) -> tuple[PublishedPartition, ...]:
        """Those of the partitions that are visible, in the order of `keys`, with what became of these rules.

        All of it is of the newest attempt that became visible. What it costs follows the number of keys and
        of their attempts, not the history of the dataset.
        """

    def profiles(self, dataset: str, keys: Sequence[str]) -> tuple[ProfiledPartition, ...]:
        """Those of the partitions that are visible and have a profile, in the order of `keys`.

        The profile is of the newest attempt that became visible; where that one has none, an older one's is not
        given. What it costs follows the number of keys and of their attempts, not the history of the dataset.
        """

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]: ...

    def document(self, attempt_id: str) -> str | None: ...

    def unfinished(self) -> tuple[UnfinishedAttempt, ...]:
        """Attempts that have not ended, oldest first; a few hundred at most."""

    def failed_commits(self, *, before: datetime) -> tuple[UnfinishedAttempt, ...]:
        """Attempts that FAILED when they meant to publish, oldest first: since `before`, or followed by a newer one.

        Their rows may still wait for a commit that storage carries out later. A few hundred at most.
        """

    def claim_message(self, *, now: datetime, lease: timedelta) -> OutboxEntry | None:
        """The oldest message neither sent nor leased; leased to the caller. The entry shows the state BEFORE.

        One that was leased or postponed by a clock that ran more than an hour ahead is free.
        """

    def mark_sent(self, message_id: str, *, ts: str) -> None: ...

    def postpone(self, message_id: str, *, until: datetime, surely_unsent: bool) -> None:
        """Give a message back. `surely_unsent` returns it to `pending`; else its result stays unknown."""

    def unsent(self) -> tuple[OutboxEntry, ...]:
        """Outbox entries that were not delivered yet, oldest first."""

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        """Outbox entries, newest first."""


class Notifier(Protocol):
    """Delivers messages; knows nothing of the outbox."""

    def send(self, message: Message) -> str:
        """Deliver once and return the message's timestamp. Raises: NotDelivered, DeliveryUnknown."""

    def find(self, message: Message, *, since: datetime) -> str | None:
        """The timestamp of an earlier delivery of the same message id, if there was one."""


class DocsSite(Protocol):
    """Rendered reports."""

    def write_page(self, attempt_id: str, document: str, *, title: str) -> str:
        """Write one attempt's page; returns its path relative to the site's root (`attempts/<id>/index.html`)."""

    def write_index(self, settlements: Sequence[Settlement]) -> str: ...


class Contracts(Protocol):
    """The contracts, each with its earlier versions."""

    def load(self, name: str) -> CompiledContract:
        """The contract of an id. Raises: ContractError."""


class Workers(Protocol):
    """The processes that judge."""

    @property
    def own(self) -> str:
        """Ours, as `host/pid/start`."""

    def is_running(self, owner: str) -> bool | None:
        """Whether that process still runs; None where it is another machine's."""


class Ports(Protocol):
    """Everything the gate acts through, made once by the wiring. Each is built on first use."""

    @property
    def clock(self) -> Clock: ...

    @property
    def store(self) -> ObjectStore: ...

    @property
    def validator(self) -> Validator: ...

    @property
    def warehouse(self) -> Warehouse: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def docs(self) -> DocsSite: ...

    @property
    def notifier(self) -> Notifier: ...

    @property
    def contracts(self) -> Contracts: ...

    @property
    def workers(self) -> Workers: ...

    def links(self, dataset: str, key: str, attempt_id: str) -> Links:
        """Where people find an attempt of a partition; `attempt_id` is empty where nothing was judged."""

    @property
    def drain_limit(self) -> timedelta:
        """After so long no further message is begun."""
        ...

    @property
    def spool_folder(self) -> Path:
        """Where private copies of partitions are kept while they are judged."""
