"""When people were told of incidents, for the times to detect, to notify and to repair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from partition_gate.adapters.ledger.incidents import incident_of
from partition_gate.adapters.ledger.schema import incident_events, incidents, outbox, thread_incidents, threads
from partition_gate.incidents.model import EventKind, IncidentResponse, ThreadKind


def responses(connection: Connection, dataset: str, since: datetime) -> tuple[IncidentResponse, ...]:
    """Three queries, however many incidents there are; the cost does not depend on those opened before `since`."""
    own = and_(incidents.c.dataset == dataset, incidents.c.opened_at > since)
    rows = connection.execute(select(incidents).where(own).order_by(incidents.c.id)).all()
    if not rows:
        return ()
    told, reopened = _told(connection, own), _reopened(connection, own)
    return tuple(
        IncidentResponse(
            incident=incident_of(row), reopened_at=tuple(reopened[row.id]), **_first_message(told.get(row.id))
        )
        for row in rows
    )


def _told(connection: Connection, own: ColumnElement[bool]) -> dict[int, list[Any]]:
    """By incident, for each of its threads except digests: the message that shows it; nulls if none does."""
    query = (
        select(thread_incidents.c.incident_id, outbox.c.created_at, outbox.c.sent_at)
        .join(threads, threads.c.id == thread_incidents.c.thread_id)
        .outerjoin(outbox, outbox.c.id == thread_incidents.c.told_by)
        .where(thread_incidents.c.incident_id.in_(select(incidents.c.id).where(own)))
        .where(threads.c.kind != ThreadKind.DIGEST.value)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.incident_id].append(row)
    return found


def _reopened(connection: Connection, own: ColumnElement[bool]) -> dict[int, list[datetime]]:
    """By incident, when it was reopened, oldest first."""
    query = (
        select(incident_events.c.incident_id, incident_events.c.at)
        .where(incident_events.c.incident_id.in_(select(incidents.c.id).where(own)))
        .where(incident_events.c.kind == EventKind.REOPENED.value)
        .order_by(incident_events.c.number)
    )
    found: dict[int, list[datetime]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.incident_id].append(row.at)
    return found


def _first_message(told: Iterable[Any] | None) -> dict[str, Any]:
    """The first one that was delivered; if none was, the first one that waits."""
    if told is None:
        return {"is_told": False}
    queued = [row for row in told if row.created_at is not None]
    first = min(queued, key=lambda row: (row.sent_at is None, row.sent_at or row.created_at), default=None)
    return {
        "is_told": True,
        "queued_at": first.created_at if first else None,
        "notified_at": first.sent_at if first else None,
    }
