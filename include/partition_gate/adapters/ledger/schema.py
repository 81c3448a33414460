"""The ledger's tables. Migrations create them; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A timezone-aware datetime, stored and read as UTC; naive values are rejected."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored: pass an aware one")
        in_utc = value.astimezone(UTC)
        # SQLite has no time zones: it would store the local time and drop the offset.
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

# The last fence issued for a partition. Concurrent openers of an attempt lock this row.
fences = Table(
    "fences",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("partition_key", String, primary_key=True),
    Column("fence", BigInteger, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String, primary_key=True),
    Column("dataset", String, nullable=False),
    Column("partition_key", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("version", String, nullable=False),
    Column("idempotency_key", String, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("owner", String, nullable=False, server_default=""),
    Column("fingerprint", String, nullable=False, server_default=""),
    Column("started_at", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("state_since", Moment, nullable=False),
    UniqueConstraint("dataset", "partition_key", "fence", name="attempts_fence"),
    Index("attempts_state", "state"),
)

# What an attempt judged, as JSON compressed with zlib: it names every landed file.
inputs = Table(
    "inputs",
    metadata,
    Column("attempt_id", String, ForeignKey("attempts.id"), primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

# GX's result document, compressed with zlib.
validations = Table(
    "validations",
    metadata,
    Column("attempt_id", String, ForeignKey("attempts.id"), primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

check_results = Table(
    "check_results",
    metadata,
    Column("attempt_id", String, ForeignKey("attempts.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("clause", String, nullable=False),
    Column("rule_id", String, nullable=False),
    Column("expectation", String, nullable=False),
    Column("dimension", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("observed", Text),
    Column("expected", Text, nullable=False),
    Column("element_count", BigInteger),
    Column("unexpected_count", BigInteger),
    Column("failing_values", JSON),
)

# Additive counts of one attempt: their sums over partitions give a window's `element_count` and `unexpected_count`.
counters = Table(
    "counters",
    metadata,
    Column("attempt_id", String, ForeignKey("attempts.id"), primary_key=True),
    Column("rule_id", String, primary_key=True),
    Column("metric", String, primary_key=True),
    Column("dataset", String, nullable=False),
    Column("partition_key", String, nullable=False),
    Column("value", BigInteger, nullable=False),
    Index("counters_by_partition", "dataset", "partition_key", "rule_id"),
)

# How an attempt's promises over time were measured: what was promised and observed is in `figures`.
measurements = Table(
    "measurements",
    metadata,
    Column("attempt_id", String, ForeignKey("attempts.id"), primary_key=True),
    Column("rule_id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("figures", JSON(none_as_null=True)),
)

# Column profiles: one row per attempt here, and one row per attempt and column in `column_counters`.
profiles = Table(
    "profiles",
    metadata,
    Column("attempt_id", String, ForeignKey("attempts.id"), primary_key=True),
    Column("row_count", BigInteger, nullable=False),
)

# Values are stored as text with their kind (int, decimal, float, date, datetime), so that they are read back exactly;
# the registers of the sketch of distinct values are compressed with zlib.
column_counters = Table(
    "column_counters",
    metadata,
    Column("attempt_id", String, ForeignKey("profiles.attempt_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("column_name", String, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("null_count", BigInteger, nullable=False),
    Column("invalid_count", BigInteger),
    Column("minimum_kind", String),
    Column("minimum", Text),
    Column("maximum_kind", String),
    Column("maximum", Text),
    Column("total_kind", String),
    Column("total", Text),
    Column("distinct_hashing", String),
    Column("distinct_registers", LargeBinary),
)

# `fence` is 0 for an outcome without an attempt (missing, errored).
settlements = Table(
    "settlements",
    metadata,
    Column("attempt_id", String, primary_key=True),
    Column("contract", String, nullable=False),
    Column("version", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("partition_key", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("idempotency_key", String, nullable=False),
    Column("rows_in", BigInteger, nullable=False),
    Column("rows_published", BigInteger, nullable=False),
    Column("rows_quarantined", BigInteger, nullable=False),
    Column("table_version", BigInteger),
    Column("quarantine_uri", Text),
    Column("settled_at", Moment, nullable=False),
    Column("rows_discarded", BigInteger, nullable=False, server_default="0"),
    Column("fence", BigInteger, nullable=False),
    Index("settlements_idempotency_key", "idempotency_key"),
    Index("settlements_partition", "dataset", "partition_key"),
    Index("settlements_settled", "dataset", "settled_at"),
)

# What an attempt will record once its rows are visible; the row is deleted when the attempt ends.
intents = Table(
    "intents",
    metadata,
    Column("attempt_id", String, ForeignKey("attempts.id"), primary_key=True),
    Column("intent", Text, nullable=False),
)

# Outcomes that a person removed.
forgotten = Table(
    "forgotten",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("dataset", String, nullable=False),
    Column("partition_key", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("attempt_id", String, nullable=False),
    Column("who", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("forgotten_by_partition", "dataset", "partition_key"),
)

# Decisions of people about held versions.
decisions = Table(
    "decisions",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("partition_key", String, primary_key=True),
    Column("idempotency_key", String, primary_key=True),
    Column("is_approved", Boolean, nullable=False),
    Column("who", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# One row per partition, so that the newest settlements are read without the history.
latest = Table(
    "latest",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("partition_key", String, primary_key=True),
    Column("attempt_id", String, ForeignKey("settlements.attempt_id"), nullable=False),
)

# `document` is the baseline as JSON, with its bins and counts; the other columns are for people.
baselines = Table(
    "baselines",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("who", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

# When the watch began its newest pass: one row.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("interval_s", Float, nullable=False),
    Column("passes", BigInteger, nullable=False),
    Column("swept_at", Moment),
)

# `number` is the order of arrival; the message cannot be claimed before `free_at` (null: at once). `sent_ts` is the
# service's timestamp, `sent_at` when the delivery was recorded, `last_error` why the last try failed.
outbox = Table(
    "outbox",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("attempt_id", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("audience", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("blocks", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("first_try_at", Moment),
    Column("sent_ts", String),
    Column("created_at", Moment, nullable=False),
    Column("free_at", Moment),
    Column("tool", String, nullable=False, server_default="slack"),
    Column("root", String, nullable=False, server_default=""),
    Column("is_edit", Boolean, nullable=False, server_default=false()),
    Column("sent_at", Moment),
    Column("last_error", Text),
    Index("outbox_attempt", "attempt_id"),
    Index("outbox_waiting", "state", "number"),
    Index("outbox_root", "root", "number"),
)

# `document` is the incident as JSON; the other columns are for lookups.
incidents = Table(
    "incidents",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("dataset", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("state", String, nullable=False),
    Column("resolved_at", Moment),
    Column("document", Text, nullable=False),
    Column("opened_at", Moment),
    Index("incidents_of_dataset", "dataset", "state", "resolved_at"),
    Index("incidents_opened", "dataset", "opened_at"),
    Index("incidents_state", "state"),
)

incident_events = Table(
    "incident_events",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("incident_id", BigInteger, ForeignKey("incidents.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("partition_key", String, nullable=False),
    Column("attempt_id", String, nullable=False),
    Column("who", String, nullable=False),
    Column("text", Text, nullable=False),
    Index("incident_events_of_incident", "incident_id", "number"),
)

# A root message with its replies. `is_behind`: its newest revision is not in the outbox yet.
threads = Table(
    "threads",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("tool", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("audience", String, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("attempt_id", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("announced", Integer, nullable=False),
    Column("announced_event", BigInteger, nullable=False),
    Column("is_told", Boolean, nullable=False),
    Column("is_behind", Boolean, nullable=False),
    Index("threads_of_channel", "tool", "channel", "audience", "opened_at"),
    Index("threads_behind", "is_behind"),
)

# `told_by` is the first message of the thread that shows the incident; null while none does.
thread_incidents = Table(
    "thread_incidents",
    metadata,
    Column("thread_id", String, ForeignKey("threads.id"), primary_key=True),
    Column("incident_id", BigInteger, ForeignKey("incidents.id"), primary_key=True),
    Column("told_by", String),
    Index("thread_incidents_of_incident", "incident_id"),
)
