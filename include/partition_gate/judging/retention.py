"""How long reports, quarantined rows and recorded details are kept, and what of them may be removed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime

from partition_gate.core.record import Record
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.disposition import FINAL, VISIBLE


class Subject(StrEnum):
    """What is removed by age."""

    REPORTS = "reports"
    QUARANTINE = "quarantine"
    LEDGER = "ledger details"
    PUBLISHED = "published partitions"


class KeptFor(Record):
    """How long each is kept after its attempt was settled; None: for ever.

    `quarantine` is for rows that no longer count, `open_quarantine` for rows that somebody may still replay.
    `published` counts from the end of a partition's period, and is for contracts that say how long they keep data.
    """

    reports: timedelta | None = None
    quarantine: timedelta | None = None
    open_quarantine: timedelta | None = None
    ledger: timedelta | None = None
    published: timedelta | None = None

    @property
    def is_for_ever(self) -> bool:
        """Whether nothing is removed."""
        return not any((self.reports, self.quarantine, self.open_quarantine, self.ledger, self.published))

    def shortest(self, subject: Subject) -> timedelta | None:
        """The age from which anything of the subject may be removed."""
        ages = {
            Subject.REPORTS: (self.reports,),
            Subject.QUARANTINE: (self.quarantine, self.open_quarantine),
            Subject.LEDGER: (self.ledger,),
            Subject.PUBLISHED: (self.published,),
        }[subject]
        return min((age for age in ages if age), default=None)


class Mark(Record):
    """A place in the attempts by the time at which they were settled, then by their id."""

    settled_at: AwareDatetime
    attempt_id: str = ""


class Files(Record):
    """Some files: how many, and their total size."""

    count: int = 0
    size_bytes: int = 0


class QuarantineRemoval(Record):
    """The folder of an attempt's quarantined rows was removed: where it was, why, when, and its size."""

    attempt_id: str
    uri: str
    why: str
    size_bytes: int
    at: AwareDatetime


class PublishedRemoval(Record):
    """A visible version was removed by age: which (by the newest settlement that found it visible), why and when.

    `table_version` is that of the table afterwards; None if it was gone already when the removal was recorded.
    """

    attempt_id: str
    dataset: str
    why: str
    at: AwareDatetime
    table_version: int | None = None


class Removal(Record):
    """Why quarantined rows may be removed; `gives_up_rows`: they still count, so they are discarded first."""

    why: str
    gives_up_rows: bool = False


def removal_of(settled: Settlement, history: Sequence[Settlement], kept: KeptFor, *, now: datetime) -> Removal | None:
    """Why the quarantined rows of an attempt may be removed; None if they are kept.

    `history`: all settlements of its partition, the newest last. Rows count while their attempt is the newest that
    judged the partition; those of the visible version are kept as long as a rollback may bring them back.
    """
    judged = [each.attempt_id for each in history if each.outcome in FINAL]
    visible = [each.attempt_id for each in history if each.outcome in VISIBLE]
    age, closed, opened = now - settled.settled_at, kept.shortest(Subject.QUARANTINE), kept.open_quarantine
    if closed is None or age <= closed:
        return None
    if settled.attempt_id not in {*judged[-1:], *visible[-1:]}:
        return Removal(why=f"replaced by attempt {judged[-1]}") if settled.attempt_id in judged else None
    if not settled.rows_quarantined and settled.rows_discarded:
        return Removal(why="all rows were discarded")
    if settled.attempt_id in judged[-1:] and opened is not None and age > opened:
        days = f"{opened / timedelta(days=1):g}"
        return Removal(why=f"older than GATE_KEEP_OPEN_QUARANTINE_DAYS ({days})", gives_up_rows=True)
    return None
