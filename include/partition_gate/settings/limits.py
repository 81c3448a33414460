"""Settings that limit waits and sizes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field, field_validator

from partition_gate.core.record import Record
from partition_gate.judging.retention import KeptFor

# More overflows the milliseconds of databases and the timers of threads; no wait of 11 days is meant.
_LONGEST_S = 1_000_000
_LONGEST_DAYS = 36_500  # a century
_SHORTEST_LEDGER_DAYS = 400


def _limit(default: float, meaning: str, outcome: str, *, ge: float | None = None, le: float = _LONGEST_S) -> Any:
    """A limit above 0, in seconds unless its meaning names another unit. `outcome`: what happens at the limit."""
    gt = 0 if ge is None else None
    return Field(default, description=meaning, json_schema_extra={"outcome": outcome}, gt=gt, ge=ge, le=le)


class LimitSettings(Record):
    """How long the gate waits for anything, and how much it reads. docs/reference/limits.md is generated from this."""

    store_call_timeout_s: float = _limit(
        60,
        "One listing, lookup, or small read or write in object storage, including retries; in a PostgreSQL warehouse, "
        "one short transaction, and each wait for a connection or a lock.",
        "errored: object storage (or the warehouse) does not answer",
    )
    store_file_timeout_s: float = _limit(
        60,
        "Reading one file from object storage, including retries, plus the time allowed for its size.",
        "errored, with the file and its limit; the spool is left empty",
    )
    store_file_bytes_per_s: float = _limit(
        1_000_000,
        "Slowest acceptable transfer of a file, in bytes per second.",
        "size / this rate is added to the limit of a file",
        le=10**12,
    )
    spool_timeout_s: float = _limit(
        1800, "Reading all files of one partition.", "errored, with the number of files; the spool is left empty"
    )
    spool_max_bytes: int = _limit(
        100_000_000_000, "Total size of one partition's files, in bytes.", "errored before anything is read", le=10**18
    )
    scan_timeout_s: float = _limit(
        1800,
        "One pass over a partition's rows, to judge or to split them, or to copy them to or from PostgreSQL.",
        "errored: DuckDB is interrupted and nothing is published",
    )
    sql_rule_timeout_s: float = _limit(
        60, "Planning or running one SQL rule.", "lint reports an error at the query; in a run, that check is errored"
    )
    sql_rule_memory_mb: int = _limit(
        1024,
        "Memory of one SQL rule, in MB.",
        "lint reports an error at the query; in a run, that check is errored",
        ge=64,
    )
    recover_timeout_s: float = _limit(
        300, "One call of a recovery function.", "exit 2: the replay is refused, and nothing is changed"
    )
    recover_memory_mb: int = _limit(
        1024,
        "Memory of one call of a recovery function, and the size of its answer, in MB.",
        "exit 2: the replay is refused, and nothing is changed",
        ge=64,
    )
    view_swap_timeout_s: float = _limit(
        10,
        "Waiting while another process writes the consumers' DuckDB file, or reads a view in PostgreSQL whose columns "
        "changed.",
        "published; the next run refreshes the view",
    )
    ledger_timeout_s: float = _limit(
        30,
        "Waiting for the ledger: a connection, a lock, a statement.",
        "exit 3: before the commit nothing is visible; after it the rows are visible, and the next run records them",
        ge=1,
    )
    message_timeout_s: float = _limit(
        20,
        "Sending one message, or looking up whether it was sent. A connection silent for 10 s ends sooner.",
        "the message waits in the outbox; those of the same tool (of a webhook: the same URL) wait for the next drain",
        le=50,
    )
    drain_timeout_s: float = _limit(
        60, "How long a drain may start new deliveries.", "the remaining messages wait for the next drain"
    )
    keep_versions_hours: float = _limit(
        24,
        "How long a replaced version is kept, in hours.",
        "the watch and `gate sweep` remove its files; `gate rollback` cannot bring it back any more",
        ge=1,
    )
    keep_reports_days: float = _limit(
        0,
        "How long a report of Data Docs is kept, in days; 0: for ever.",
        "the watch and `gate retain` remove it; its page says so",
        ge=0,
        le=_LONGEST_DAYS,
    )
    keep_quarantine_days: float = _limit(
        0,
        "How long quarantined rows are kept that were discarded, replayed or replaced, in days; 0: for ever.",
        "the watch and `gate retain` remove their folder, and record it",
        ge=0,
        le=_LONGEST_DAYS,
    )
    keep_open_quarantine_days: float = _limit(
        0,
        "How long quarantined rows are kept that nobody replayed or discarded, in days; 0: for ever.",
        "the watch and `gate retain` discard them, remove their folder, and record it",
        ge=0,
        le=_LONGEST_DAYS,
    )
    keep_ledger_days: float = _limit(
        0,
        "How long results, profiles and inputs of an attempt are kept, in days, at least 400; 0: for ever.",
        "the watch and `gate retain` remove them; how the attempt ended stays",
        ge=0,
        le=_LONGEST_DAYS,
    )

    keep_published_days: float = _limit(
        0,
        "How long a partition stays published after the end of its period, in days, if its contract has a `retention`: "
        "at least as long as that; 0: for ever.",
        "the watch and `gate retain` remove it from its table, and record it",
        ge=0,
        le=_LONGEST_DAYS,
    )

    @property
    def kept_for(self) -> KeptFor:
        """How long reports, quarantined rows, recorded details and published partitions are kept."""
        return KeptFor(
            reports=_days(self.keep_reports_days),
            quarantine=_days(self.keep_quarantine_days),
            open_quarantine=_days(self.keep_open_quarantine_days),
            ledger=_days(self.keep_ledger_days),
            published=_days(self.keep_published_days),
        )

    @field_validator("keep_ledger_days")
    @classmethod
    def _covers_the_longest_window(cls, value: float) -> float:
        """Judging a partition reads the results of every partition in its windows, which have up to 366 days."""
        if 0 < value < _SHORTEST_LEDGER_DAYS:
            raise ValueError(
                f"{value:g} is less than {_SHORTEST_LEDGER_DAYS}: rules over a window read results of up to 366 days; "
                f"set at least {_SHORTEST_LEDGER_DAYS}, or 0 to keep them for ever"
            )
        return value


def _days(days: float) -> timedelta | None:
    return timedelta(days=days) if days else None
