"""Messages that await delivery, each exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
    update,
)

from partition_gate.adapters.ledger.database import insert_new
from partition_gate.adapters.ledger.schema import outbox
from partition_gate.judging.attempt import LONGEST_POSTPONEMENT, Backlog, Message, OutboxEntry, Silent

PENDING, SENDING, SENT = "pending", "sending", "sent"
_LONGEST_ERROR = 1000
_MESSAGE = tuple(Message.model_fields)
_PROGRESS = ("root_ts", "root_text", "state", "tries", "first_try_at", "sent_ts", "created_at", "sent_at")


def put(connection: Connection, messages: Sequence[Message], now: datetime) -> None:
    """Queue messages; an id that is already queued is skipped."""
    for message in messages:
        insert_new(connection, outbox, **message.model_dump(), state=PENDING, tries=0, created_at=now)


def claim(connection: Connection, now: datetime, lease: timedelta, silent: Silent) -> OutboxEntry | None:
    """Lease the oldest free message until `now + lease`, none to the silent; returns its state before the claim."""
    set_by_fast_clock = outbox.c.free_at > now + LONGEST_POSTPONEMENT
    is_free = or_(outbox.c.free_at.is_(None), outbox.c.free_at <= now, set_by_fast_clock)
    oldest = (
        _with_root()
        .where(outbox.c.state.in_((PENDING, SENDING)), is_free, not_(_waits_for_another()))
        .where(outbox.c.tool.not_in(silent.tools), tuple_(outbox.c.tool, outbox.c.channel).not_in(silent.channels))
        .order_by(outbox.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=outbox)  # PostgreSQL; SQLite has one writer at a time
    )
    row = connection.execute(oldest).first()
    if row is None:
        return None
    _change(
        connection,
        row.id,
        state=SENDING,
        tries=row.tries + 1,
        first_try_at=func.coalesce(outbox.c.first_try_at, now),
        free_at=now + lease,
    )
    return _entry(row)


def mark_sent(connection: Connection, message_id: str, ts: str, now: datetime) -> None:
    _change(connection, message_id, state=SENT, sent_ts=ts, sent_at=now, free_at=None)


def postpone(connection: Connection, message_id: str, until: datetime, *, surely_unsent: bool, why: str) -> None:
    state = {"state": PENDING} if surely_unsent else {}
    _change(connection, message_id, free_at=until, last_error=why[:_LONGEST_ERROR] or None, **state)


def retry_now(connection: Connection) -> None:
    connection.execute(update(outbox).where(outbox.c.state == PENDING).values(free_at=None))


def drop_older_edits(connection: Connection, root: str) -> None:
    """Delete the edits of a message that certainly were not sent, because a newer one replaces them."""
    is_edit = and_(outbox.c.root == root, outbox.c.is_edit == true())
    connection.execute(delete(outbox).where(is_edit, outbox.c.state == PENDING, outbox.c.tries == 0))


def entries(connection: Connection, attempt_id: str | None) -> tuple[OutboxEntry, ...]:
    query = _with_root().order_by(outbox.c.number.desc())
    if attempt_id is not None:
        query = query.where(outbox.c.attempt_id == attempt_id)
    return tuple(_entry(row) for row in connection.execute(query))


def unsent(connection: Connection) -> tuple[OutboxEntry, ...]:
    query = _with_root().where(outbox.c.state.in_((PENDING, SENDING))).order_by(outbox.c.number)
    return tuple(_entry(row) for row in connection.execute(query))


def backlog(connection: Connection) -> tuple[Backlog, ...]:
    """The longest wait first. It reads the messages that wait, not those that were sent."""
    waits, tried = outbox.c.state.in_((PENDING, SENDING)), outbox.c.last_error.is_not(None)
    where = (outbox.c.tool, outbox.c.channel)
    oldest_tried = func.min(case((tried, outbox.c.number)))
    summed = (
        select(*where, func.count().label("messages"), func.min(outbox.c.created_at).label("since"))
        .add_columns(oldest_tried.label("tried"))
        .where(waits)
        .group_by(*where)
        .subquery()
    )
    query = (
        select(summed, outbox.c.last_error)
        .outerjoin(outbox, outbox.c.number == summed.c.tried)
        .order_by(summed.c.since, summed.c.tool, summed.c.channel)
    )
    return tuple(
        Backlog(
            tool=row.tool,
            channel=row.channel,
            messages=row.messages,
            since=row.since,
            last_error=row.last_error or "",
        )
        for row in connection.execute(query)
    )


def _with_root() -> Select[tuple[object, ...]]:
    root = outbox.alias("roots")
    about_root = (root.c.sent_ts.label("root_ts"), root.c.text.label("root_text"))
    return select(outbox, *about_root).outerjoin(root, root.c.id == outbox.c.root)


def _waits_for_another() -> ColumnElement[bool]:
    """Whether its root, or an earlier message of the same thread, is not sent yet: a thread keeps its order."""
    other = outbox.alias("others")
    in_thread = or_(other.c.id == outbox.c.root, and_(other.c.root == outbox.c.root, other.c.number < outbox.c.number))
    return and_(outbox.c.root != "", exists().where(in_thread, other.c.state != SENT))


def _change(connection: Connection, message_id: str, **values: object) -> None:
    """Update a message unless it was sent."""
    connection.execute(update(outbox).where(outbox.c.id == message_id, outbox.c.state != SENT).values(**values))


def _entry(row: Row[tuple[object, ...]]) -> OutboxEntry:
    values = dict(row._mapping)
    message = Message.model_validate({name: values[name] for name in _MESSAGE})
    return OutboxEntry.model_validate({"message": message, **{name: values[name] for name in _PROGRESS}})
