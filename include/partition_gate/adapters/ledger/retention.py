"""Removal by age: how far it has come, which quarantine folders it removed, and the part of the ledger that does it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)

from partition_gate.adapters.ledger.database import Database, insert_new, upsert
from partition_gate.adapters.ledger.schema import (
    Moment,
    check_results,
    column_counters,
    counters,
    inputs,
    measurements,
    metadata,
    profiles,
    settlements,
    validations,
)
from partition_gate.adapters.ledger.settlements import COLUMNS, settlement_of
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.retention import Mark, PublishedRemoval, QuarantineRemoval, Subject

# One row for each subject that is removed by age.
retention_marks = Table(
    "retention_marks",
    metadata,
    Column("subject", String, primary_key=True),
    Column("settled_at", Moment, nullable=False),
    Column("attempt_id", String, nullable=False),
)

# Quarantine folders that were removed by age.
removed_quarantine = Table(
    "removed_quarantine",
    metadata,
    Column("attempt_id", String, ForeignKey("settlements.attempt_id"), primary_key=True),
    Column("uri", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
)

# Visible versions that were removed from their tables by age.
removed_published = Table(
    "removed_published",
    metadata,
    Column("attempt_id", String, ForeignKey("settlements.attempt_id"), primary_key=True),
    Column("dataset", String, nullable=False, index=True),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("table_version", BigInteger),
)

Index("settlements_age", settlements.c.settled_at, settlements.c.attempt_id)
Index(
    "settlements_in_quarantine",
    settlements.c.settled_at,
    settlements.c.attempt_id,
    postgresql_where=settlements.c.quarantine_uri.is_not(None),
    sqlite_where=settlements.c.quarantine_uri.is_not(None),
)

_DOCUMENTS = (validations, inputs)
# A table comes before those that it refers to.
_DETAILS = (column_counters, profiles, check_results, counters, measurements, validations, inputs)


class SqlRetention:
    """The `Retention` port."""

    _database: Database

    def aged(
        self, before: datetime, *, after: Mark | None, limit: int, in_quarantine: bool = False
    ) -> tuple[Settlement, ...]:
        at, own = settlements.c.settled_at, settlements.c.attempt_id
        query = select(*COLUMNS).where(at < before)
        if after is not None:
            # The first condition alone lets an index find the place.
            since = or_(at > after.settled_at, and_(at == after.settled_at, own > after.attempt_id))
            query = query.where(at >= after.settled_at, since)
        if in_quarantine:
            query = query.where(settlements.c.quarantine_uri.is_not(None))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(at, own).limit(limit)).all()
        return tuple(map(settlement_of, rows))

    def retention_mark(self, subject: Subject) -> Mark | None:
        query = select(retention_marks.c.settled_at, retention_marks.c.attempt_id)
        with self._database.reading() as connection:
            row = connection.execute(query.where(retention_marks.c.subject == subject.value)).first()
        return None if row is None else Mark.model_validate(dict(row._mapping))

    def mark_retention(self, subject: Subject, mark: Mark | None) -> None:
        with self._database.writing() as connection:
            if mark is None:
                connection.execute(delete(retention_marks).where(retention_marks.c.subject == subject.value))
            else:
                upsert(connection, retention_marks, subject=subject.value, **mark.model_dump())

    def details(self, attempt_ids: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        with self._database.reading() as connection:
            for table in _DOCUMENTS:
                query = select(table.c.attempt_id, func.length(table.c.document))
                for attempt_id, size_bytes in connection.execute(query.where(table.c.attempt_id.in_(attempt_ids))):
                    found[attempt_id] = found.get(attempt_id, 0) + size_bytes
        return found

    def remove_details(self, attempt_ids: Sequence[str]) -> None:
        with self._database.writing() as connection:
            for table in _DETAILS:
                connection.execute(delete(table).where(table.c.attempt_id.in_(attempt_ids)))

    def remove_quarantine(self, removal: QuarantineRemoval) -> None:
        own = settlements.c.attempt_id == removal.attempt_id
        with self._database.writing() as connection:
            insert_new(connection, removed_quarantine, **removal.model_dump())
            connection.execute(update(settlements).where(own).values(quarantine_uri=None))

    def quarantine_removal(self, attempt_id: str) -> QuarantineRemoval | None:
        query = select(removed_quarantine).where(removed_quarantine.c.attempt_id == attempt_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else QuarantineRemoval.model_validate(dict(row._mapping))

    def remove_published(self, removal: PublishedRemoval) -> None:
        own = settlements.c.attempt_id == removal.attempt_id
        known = select(removed_published.c.attempt_id).where(removed_published.c.attempt_id == removal.attempt_id)
        with self._database.writing() as connection:
            if connection.execute(known).first() is not None:
                return
            insert_new(connection, removed_published, **removal.model_dump())
            reasons = json.loads(connection.execute(select(settlements.c.why).where(own)).scalar_one())
            why = json.dumps([*reasons, removal.why], ensure_ascii=False)
            connection.execute(update(settlements).where(own).values(why=why))

    def published_removals(self, dataset: str) -> Mapping[str, PublishedRemoval]:
        query = select(removed_published).where(removed_published.c.dataset == dataset)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        found = (PublishedRemoval.model_validate(dict(row._mapping)) for row in rows)
        return {each.attempt_id: each for each in found}
