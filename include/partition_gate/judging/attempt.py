"""Attempts, settlements and outbox messages: what the ledger keeps."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum

from pydantic import AwareDatetime

from partition_gate.core.record import Record, digest
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.profile import PartitionProfile

_LONGEST_NAME = 120


class AttemptState(StrEnum):
    """The states of an attempt; the last five are ends."""

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
    """`flights-2013-01-03-1`: a name for people, fit for files and addresses.

    Characters that a path or an address would change become `_`, and what is too long for the name of a file is cut.
    Where two would then read alike (`a-b` and `c` like `a` and `b-c`, the key `b/c` like `b_c`), eight digits of a hash
    keep them apart.
    """
    readable = f"{dataset}-{partition_key.replace('/', '_')}"
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", readable)[:_LONGEST_NAME]
    is_plain = safe == readable and "-" not in dataset and "_" not in partition_key
    mark = "" if is_plain else f"-{digest([dataset, partition_key])[:8]}"
    return f"{safe}{mark}-{ending}"


class Claim(Record):
    """Who asks for an attempt, and what the decision to ask was based on.

    `seen_fence` is the partition's fence as it was read BEFORE landing was listed: an attempt is opened only if nobody
    opened another one since, so that a greater fence always means a newer listing. None: no listing was made.
    `owner` names the process (`host/pid/start`).
    """

    dataset: str
    partition_key: str
    contract: str
    version: str
    seen_fence: int | None
    owner: str


class Attempt(Record):
    """One try at one partition. `fence` rises with each attempt of (dataset, partition_key), from 1."""

    id: str
    dataset: str
    partition_key: str
    contract: str
    version: str
    idempotency_key: str
    fence: int
    owner: str = ""
    started_at: AwareDatetime


class UnfinishedAttempt(Record):
    """An attempt that has not ended. `newest_fence` is the fence of the partition's newest attempt."""

    attempt: Attempt
    state: AttemptState
    state_since: AwareDatetime
    newest_fence: int


class StagedFile(Record):
    """`path` is relative to the table's root."""

    path: str
    size_bytes: int
    rows: int


class Staged(Record):
    """A partition's rows in the warehouse's own storage, invisible until published; at grain one attempt.

    No file: no row to publish. `columns` are what the files hold, as (name, DuckDB type).
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

    `columns` are the data columns that its files hold, as (name, DuckDB type).
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
    """How an attempt ended: one row of the summary, and the head of the JSON interface.

    rows_in = rows_published + rows_quarantined for every settled attempt that could be read.
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


class Counts(Record):
    """What one rule counted in one partition: all its rows, and those that the rule is about (None: it names none)."""

    rule_id: str
    element_count: int | None = None
    unexpected_count: int | None = None


class PublishedPartition(Record):
    """A visible partition: what its newest visible attempt counted, and which rules it kept and broke."""

    partition_key: str
    counts: tuple[Counts, ...] = ()
    kept: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


class ProfiledPartition(Record):
    """A visible partition, and what was counted of its columns when its newest visible attempt was judged."""

    partition_key: str
    profile: PartitionProfile


class Message(Record):
    """One Slack message to be delivered exactly once. `id` is the outbox key; `blocks` is Block Kit JSON text.

    `audience` is producers or consumers; `text` is the notification line (and what a screen reader says).
    """

    id: str
    attempt_id: str
    channel: str
    audience: str
    text: str
    blocks: str


END_OF = {
    PartitionOutcome.PUBLISHED: AttemptState.PUBLISHED,
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE: AttemptState.PUBLISHED,
    PartitionOutcome.REJECTED: AttemptState.REJECTED,
    PartitionOutcome.HELD: AttemptState.HELD,
    PartitionOutcome.SUPERSEDED: AttemptState.SUPERSEDED,
    PartitionOutcome.ERRORED: AttemptState.FAILED,
    PartitionOutcome.MISSING: AttemptState.FAILED,
}


def is_news(settlement: Settlement, before: Settlement | None) -> bool:
    """Whether the judgement differs from the partition's outcome before: only then is anybody told."""
    if before is None:
        return True
    judged = [(each.outcome, each.idempotency_key, each.why) for each in (settlement, before)]
    return judged[0] != judged[1]


class Intent(Record):
    """What an attempt will record once its rows are visible; kept before the commit, so that whoever finds the rows
    visible can record it (`settlement.table_version` is not known yet).
    """

    settlement: Settlement
    messages: tuple[Message, ...]


class Forgotten(Record):
    """An outcome that should never have been recorded: who removed it, when and why."""

    dataset: str
    partition_key: str
    outcome: PartitionOutcome
    attempt_id: str
    who: str
    why: str
    at: AwareDatetime


# Nothing waits longer for its next try; a time that is further ahead was written by a clock that ran ahead.
LONGEST_POSTPONEMENT = timedelta(hours=1)


class OutboxEntry(Record):
    """A message and how far it got: `pending`, `sending` (an attempt's result may be unknown) or `sent`."""

    message: Message
    state: str
    tries: int
    first_try_at: AwareDatetime | None
    sent_ts: str | None
    created_at: AwareDatetime
