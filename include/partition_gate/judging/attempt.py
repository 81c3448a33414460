"""Attempts, settlements and outbox messages: the records of the ledger."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum

from pydantic import AwareDatetime

from partition_gate.core.record import Record, digest
from partition_gate.incidents.model import Assessment
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.measurement import Measurement
from partition_gate.judging.profile import PartitionProfile

_LONGEST_NAME = 120


class AttemptState(StrEnum):
    """The states of an attempt; the last five are final."""

    DISCOVERED = "discovered"
    CLAIMED = "claimed"
    SPOOLED = "spooled"
    VALIDATED = "validated"
    STAGED = "staged"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    REJECTED = "rejected"
    HELD = "held"
    SUPERSEDED = "superseded"
    FAILED = "failed"


def attempt_id(dataset: str, partition_key: str, ending: str | int) -> str:
    """`flights-2013-01-03-1`: a readable name that is valid in files and URLs.

    Characters that are not safe in a path or URL become `_`, and a name that is too long for a file is cut. Where two
    names could then be equal (`a-b` and `c` like `a` and `b-c`, the key `b/c` like `b_c`), eight digits of a hash
    distinguish them.
    """
    readable = f"{dataset}-{partition_key.replace('/', '_')}"
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", readable)[:_LONGEST_NAME]
    is_plain = safe == readable and "-" not in dataset and "_" not in partition_key
    mark = "" if is_plain else f"-{digest([dataset, partition_key])[:8]}"
    return f"{safe}{mark}-{ending}"


class Claim(Record):
    """A request for an attempt, and the listing that it is based on.

    `seen_fence` is the partition's fence, read BEFORE landing was listed: an attempt is opened only if no other attempt
    was opened since, so a greater fence always means a newer listing. None: landing was not listed. `owner` names the
    process (`host/pid/start`). `fingerprint` identifies the listed files (`Partition.fingerprint`; empty: none).
    """

    dataset: str
    partition_key: str
    contract: str
    version: str
    seen_fence: int | None
    owner: str
    fingerprint: str = ""


class Attempt(Record):
    """One attempt at one partition. `fence` starts at 1 and increases with each attempt of (dataset, partition_key)."""

    id: str
    dataset: str
    partition_key: str
    contract: str
    version: str
    idempotency_key: str
    fence: int
    owner: str = ""
    fingerprint: str = ""
    started_at: AwareDatetime


class UnfinishedAttempt(Record):
    """An attempt that is not in a final state. `newest_fence` is the fence of the partition's newest attempt."""

    attempt: Attempt
    state: AttemptState
    state_since: AwareDatetime
    newest_fence: int


class StagedFile(Record):
    """A file of staged rows. `path` is relative to the table's root."""

    path: str
    size_bytes: int
    rows: int


class Staged(Record):
    """A partition's rows in the warehouse's storage, invisible until published; grain: one attempt.

    No files means no rows to publish. `columns` are the columns of the files, as (name, DuckDB type).
    """

    table: str
    partition_key: str
    attempt_id: str
    files: tuple[StagedFile, ...]
    rows: int
    row_hash: str
    columns: tuple[tuple[str, str], ...]


class Publication(Record):
    """The visible version of a partition. `table_version` is the warehouse's commit number.

    `columns` are the data columns of its files, as (name, DuckDB type).
    """

    table: str
    partition_key: str
    idempotency_key: str
    attempt_id: str
    fence: int
    table_version: int
    rows: int
    row_hash: str
    columns: tuple[tuple[str, str], ...]


class Settlement(Record):
    """How an attempt ended: one row of the summary, and the top-level fields of the JSON interface.

    rows_in = rows_published + rows_quarantined + rows_discarded for every settled attempt with readable files.
    `rows_discarded` were in quarantine until a person gave them up (`Discard`).
    """

    attempt_id: str
    contract: str
    version: str
    dataset: str
    partition_key: str
    outcome: PartitionOutcome
    why: tuple[str, ...]
    idempotency_key: str
    rows_in: int
    rows_published: int
    rows_quarantined: int
    table_version: int | None
    quarantine_uri: str | None
    settled_at: AwareDatetime
    rows_discarded: int = 0

    @property
    def is_quarantine_removed(self) -> bool:
        """Whether the folder of its quarantined rows was removed by age; there was one wherever rows were."""
        return self.quarantine_uri is None and bool(self.rows_quarantined or self.rows_discarded)


class RecordedOutcome(Record):
    """A partition's current outcome. `fingerprint` identifies the files that were judged; empty if none were, or if the
    gate did not record it yet. `is_visible`: rows of the partition are visible, whatever the outcome is.
    """

    partition_key: str
    outcome: PartitionOutcome
    settled_at: AwareDatetime
    fingerprint: str = ""
    is_visible: bool = False


class Counts(Record):
    """The counts of one rule in one partition: all rows, and the rows that the rule counts (None: it counts none)."""

    rule_id: str
    element_count: int | None = None
    unexpected_count: int | None = None


class PublishedPartition(Record):
    """A visible partition: the counts of its newest visible attempt, and the rules that passed (`kept`) or failed."""

    partition_key: str
    counts: tuple[Counts, ...] = ()
    kept: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


class MeasuredPartition(Record):
    """A partition's outcome, and how its promises over time were measured, by rule id.

    Both come from its newest visible attempt; if none is visible, from the attempt with its current outcome.
    """

    partition_key: str
    version: str
    outcome: PartitionOutcome
    settled_at: AwareDatetime
    measurements: tuple[Measurement, ...] = ()

    @property
    def is_visible(self) -> bool:
        """Whether consumers see rows of the partition."""
        return self.outcome in VISIBLE


class ProfiledPartition(Record):
    """A visible partition, and the column counters of its newest visible attempt."""

    partition_key: str
    profile: PartitionProfile


class CountedAttempt(Record):
    """The column counters of an attempt, and how its promises over time were measured, by rule id."""

    profile: PartitionProfile
    measurements: tuple[Measurement, ...] = ()


class Message(Record):
    """One message to be delivered exactly once. `id` is the outbox key; `blocks` is Block Kit JSON text.

    `tool` delivers it to `channel`. `text` is the notification line (and the text for screen readers). `root` is the
    id of the message that this one replies to or, if `is_edit`, replaces; empty for a message of its own.
    """

    id: str
    attempt_id: str
    tool: str = "slack"
    channel: str
    audience: str
    text: str
    blocks: str
    root: str = ""
    is_edit: bool = False


END_OF = {
    PartitionOutcome.PUBLISHED: AttemptState.PUBLISHED,
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE: AttemptState.PUBLISHED,
    PartitionOutcome.REJECTED: AttemptState.REJECTED,
    PartitionOutcome.HELD: AttemptState.HELD,
    PartitionOutcome.SUPERSEDED: AttemptState.SUPERSEDED,
    PartitionOutcome.ERRORED: AttemptState.FAILED,
    PartitionOutcome.MISSING: AttemptState.FAILED,
}


class Intent(Record):
    """What an attempt will record once its rows are visible. It is stored before the commit, so that any process that
    finds the rows visible can record the outcome (`settlement.table_version` is not known yet).
    """

    settlement: Settlement
    assessment: Assessment | None = None


class Forgotten(Record):
    """An outcome that was removed from the ledger: who removed it, when and why."""

    dataset: str
    partition_key: str
    outcome: PartitionOutcome
    attempt_id: str
    who: str
    why: str
    at: AwareDatetime


class HeldDecision(Record):
    """What a person decided about a held version: the files and the contract that `idempotency_key` stands for."""

    dataset: str
    partition_key: str
    idempotency_key: str
    is_approved: bool
    who: str
    why: str
    at: AwareDatetime


class Silent(Record):
    """Tools, and (tool, channel) pairs, whose service does not answer: their messages are left alone for now."""

    tools: frozenset[str] = frozenset()
    channels: frozenset[tuple[str, str]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.tools or self.channels)


class Backlog(Record):
    """The messages that wait in one channel of a tool: how many, and since when the oldest of them does.

    `last_error` is why its oldest message that was tried could not be delivered; empty if none was tried.
    """

    tool: str
    channel: str
    messages: int
    since: AwareDatetime
    last_error: str = ""


# The longest delay before the next try; a later time comes from a clock that ran ahead.
LONGEST_POSTPONEMENT = timedelta(hours=1)


class OutboxEntry(Record):
    """A message and its delivery state: `pending`, `sending` (the result of a try may be unknown) or `sent`.

    `root_ts` is the timestamp of its root message, if it has one, and `root_text` the text that was sent with it.
    `sent_ts` is the service's timestamp, and `sent_at` when the delivery was recorded.
    """

    message: Message
    root_ts: str | None = None
    root_text: str | None = None
    state: str
    tries: int
    first_try_at: AwareDatetime | None
    sent_ts: str | None
    created_at: AwareDatetime
    sent_at: AwareDatetime | None = None
