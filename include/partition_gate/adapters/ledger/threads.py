"""The threads in which people are told about incidents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, exists, select, true, update

from partition_gate.adapters.ledger.database import insert_new
from partition_gate.adapters.ledger.schema import outbox, thread_incidents, threads
from partition_gate.incidents.model import Assessment, Change, Notice, Thread, ThreadKind
from partition_gate.incidents.threads import digests_end_before, tellings

_THREAD = tuple(Thread.model_fields)


def tell(connection: Connection, assessment: Assessment, changes: Sequence[Change], now: datetime) -> None:
    """Start the threads of new incidents, and mark all threads of changed ones as out of date."""
    ids = {change.incident.cause: change.incident.id for change in changes}
    touch(connection, ids.values(), now)
    found = tellings(assessment, changes, lambda notice, since: _recent(connection, notice, since), now)
    for telling in sorted(found, key=lambda telling: telling.thread.id):
        _extend(connection, telling.thread, [ids[cause] for cause in sorted(telling.causes)])


def touch(connection: Connection, incident_ids: Iterable[int], now: datetime) -> None:
    """Mark the threads of these incidents as out of date, always in the same order; not the digests of past days."""
    about = thread_incidents.c.incident_id.in_(list(incident_ids))
    ended = (threads.c.kind == ThreadKind.DIGEST.value) & (threads.c.opened_at < digests_end_before(now))
    found = (
        select(threads.c.id)
        .join(thread_incidents, thread_incidents.c.thread_id == threads.c.id)
        .where(about, ~ended)
        .distinct()
        .order_by(threads.c.id)
    )
    for thread_id in connection.execute(found).scalars().all():
        _touch(connection, thread_id)


def behind(connection: Connection, limit: int) -> tuple[Thread, ...]:
    """Threads whose newest revision is not announced, oldest first."""
    query = select(threads).where(threads.c.is_behind == true()).order_by(threads.c.opened_at, threads.c.id)
    return tuple(_thread(row) for row in connection.execute(query.limit(limit)))


def incident_ids(connection: Connection, thread_id: str) -> list[int]:
    """The incidents of a thread."""
    query = select(thread_incidents.c.incident_id).where(thread_incidents.c.thread_id == thread_id)
    return list(connection.execute(query).scalars())


def of_incident(connection: Connection, incident_id: int) -> tuple[Thread, ...]:
    """Oldest first."""
    ids = select(thread_incidents.c.thread_id).where(thread_incidents.c.incident_id == incident_id)
    query = select(threads).where(threads.c.id.in_(ids)).order_by(threads.c.opened_at, threads.c.id)
    return tuple(_thread(row) for row in connection.execute(query))


def mark_announced(connection: Connection, thread: Thread, *, last_event: int, is_told: bool) -> bool:
    """Whether nobody else announced this revision first."""
    changed = (
        update(threads)
        .where(threads.c.id == thread.id, threads.c.announced == thread.announced)
        .values(
            announced=thread.revision,
            announced_event=last_event,
            is_told=thread.is_told or is_told,
            is_behind=threads.c.revision > thread.revision,
        )
    )
    return connection.execute(changed.returning(threads.c.id)).first() is not None


def mark_told(connection: Connection, thread_id: str, incidents: Iterable[int], message_id: str) -> None:
    """Record that this message shows these incidents first, unless one that is still in the outbox already does."""
    other = exists().where(outbox.c.id == thread_incidents.c.told_by)
    own = (thread_incidents.c.thread_id == thread_id, thread_incidents.c.incident_id.in_(list(incidents)))
    connection.execute(update(thread_incidents).where(*own, ~other).values(told_by=message_id))


def _recent(connection: Connection, notice: Notice, since: datetime) -> Sequence[Thread]:
    query = select(threads).where(
        threads.c.tool == notice.tool,
        threads.c.channel == notice.channel,
        threads.c.audience == notice.audience.value,
        threads.c.opened_at >= since,
    )
    return tuple(_thread(row) for row in connection.execute(query))


def _extend(connection: Connection, thread: Thread, incidents: Iterable[int]) -> None:
    """Store the thread if it is new, and add incidents to it."""
    is_new = insert_new(connection, threads, **thread.model_dump(mode="python"), is_behind=True)
    for incident_id in incidents:
        insert_new(connection, thread_incidents, thread_id=thread.id, incident_id=incident_id)
    if not is_new:
        _touch(connection, thread.id)


def _touch(connection: Connection, thread_id: str) -> None:
    newer = {"revision": threads.c.revision + 1, "is_behind": True}
    connection.execute(update(threads).where(threads.c.id == thread_id).values(**newer))


def _thread(row: Row[tuple[object, ...]]) -> Thread:
    return Thread.model_validate({name: row._mapping[name] for name in _THREAD})
