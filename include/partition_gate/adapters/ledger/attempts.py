"""Attempts and the fences that order them."""

from __future__ import annotations

import json
import zlib
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, update

from partition_gate.adapters.ledger.database import insert_new
from partition_gate.adapters.ledger.schema import attempts, fences, inputs, intents
from partition_gate.judging.attempt import Attempt, AttemptState, Claim, Intent, UnfinishedAttempt, attempt_id
from partition_gate.judging.lineage import Inputs

END_STATES = (
    AttemptState.PUBLISHED,
    AttemptState.REJECTED,
    AttemptState.HELD,
    AttemptState.SUPERSEDED,
    AttemptState.FAILED,
)
_FINAL_STATES = tuple(state for state in END_STATES if state is not AttemptState.FAILED)
_MAX_UNFINISHED = 200


def lock_partition(connection: Connection, dataset: str, partition_key: str) -> int:
    """Lock the partition until the transaction ends, and return its newest fence (on SQLite the whole database is
    locked for writing).
    """
    insert_new(connection, fences, dataset=dataset, partition_key=partition_key, fence=0)
    row = select(fences.c.fence).where(fences.c.dataset == dataset, fences.c.partition_key == partition_key)
    return int(connection.execute(row.with_for_update()).scalar_one())


def newest_fence(connection: Connection, dataset: str, partition_key: str) -> int:
    """The fence of the partition's newest attempt; 0 if there was none."""
    query = select(fences.c.fence).where(fences.c.dataset == dataset, fences.c.partition_key == partition_key)
    return connection.execute(query).scalar() or 0


def open_attempt(
    connection: Connection, claim: Claim, *, idempotency_key: str, after_fence: int, now: datetime
) -> Attempt | None:
    """As the port documents."""
    newest = lock_partition(connection, claim.dataset, claim.partition_key)
    if claim.seen_fence is not None and newest != claim.seen_fence:
        return None
    fence = max(newest, after_fence) + 1
    own = and_(fences.c.dataset == claim.dataset, fences.c.partition_key == claim.partition_key)
    connection.execute(update(fences).where(own).values(fence=fence))
    attempt = Attempt(
        id=attempt_id(claim.dataset, claim.partition_key, fence),
        idempotency_key=idempotency_key,
        fence=fence,
        started_at=now,
        **claim.model_dump(exclude={"seen_fence"}),
    )
    connection.execute(
        attempts.insert().values(**attempt.model_dump(), state=AttemptState.CLAIMED.value, state_since=now)
    )
    return attempt


def record_inputs(connection: Connection, recorded: Inputs) -> None:
    """As the port documents."""
    document = zlib.compress(recorded.model_dump_json(exclude={"attempt_id"}).encode())
    insert_new(connection, inputs, attempt_id=recorded.attempt_id, document=document)


def inputs_of(connection: Connection, attempt_id: str) -> Inputs | None:
    """As the port documents `inputs`."""
    query = select(inputs.c.document).where(inputs.c.attempt_id == attempt_id)
    document = connection.execute(query).scalar()
    if document is None:
        return None
    return Inputs.model_validate({**json.loads(zlib.decompress(document)), "attempt_id": attempt_id})


def advance(connection: Connection, attempt_id: str, state: AttemptState, now: datetime) -> None:
    """Set the state, unless the attempt has ended. A FAILED attempt may go on, because a retry of its task may continue
    it. Any other end deletes its intent.
    """
    connection.execute(
        update(attempts)
        .where(attempts.c.id == attempt_id, attempts.c.state.not_in(_FINAL_STATES))
        .values(state=state.value, state_since=now)
    )
    if state in _FINAL_STATES:
        connection.execute(delete(intents).where(intents.c.attempt_id == attempt_id))


def hand_over(connection: Connection, attempt_id: str) -> None:
    connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(owner=""))


def intend(connection: Connection, attempt: Attempt, intent: Intent, now: datetime) -> bool:
    """As the port documents."""
    if lock_partition(connection, attempt.dataset, attempt.partition_key) > attempt.fence:
        return False
    insert_new(connection, intents, attempt_id=attempt.id, intent=intent.model_dump_json())
    connection.execute(update(attempts).where(attempts.c.id == attempt.id).values(owner=attempt.owner))
    advance(connection, attempt.id, AttemptState.PUBLISHING, now)
    return True


def intent(connection: Connection, attempt_id: str) -> Intent | None:
    text = connection.execute(select(intents.c.intent).where(intents.c.attempt_id == attempt_id)).scalar()
    return None if text is None else Intent.model_validate_json(text)


def fence_of(connection: Connection, attempt_id: str) -> int:
    """The attempt's fence; 0 if there is no such attempt."""
    return connection.execute(select(attempts.c.fence).where(attempts.c.id == attempt_id)).scalar() or 0


def unfinished(connection: Connection) -> tuple[UnfinishedAttempt, ...]:
    """Oldest first, at most 200; the next call returns the rest."""
    running = [state.value for state in AttemptState if state not in END_STATES]
    return _oldest(connection, attempts.c.state.in_(running))


def failed_commits(connection: Connection, before: datetime) -> tuple[UnfinishedAttempt, ...]:
    """As the port documents; at most 200."""
    has_intent = attempts.c.id.in_(select(intents.c.attempt_id))
    is_over = or_(fences.c.fence > attempts.c.fence, attempts.c.state_since < before)
    return _oldest(connection, and_(attempts.c.state == AttemptState.FAILED.value, has_intent, is_over))


def _oldest(connection: Connection, which: ColumnElement[bool]) -> tuple[UnfinishedAttempt, ...]:
    own_partition = and_(fences.c.dataset == attempts.c.dataset, fences.c.partition_key == attempts.c.partition_key)
    query = (
        select(attempts, fences.c.fence.label("newest_fence"))
        .join(fences, own_partition)
        .where(which)
        .order_by(attempts.c.started_at, attempts.c.id)
        .limit(_MAX_UNFINISHED)
    )
    return tuple(_unfinished(row) for row in connection.execute(query))


def _unfinished(row: Row[tuple[object, ...]]) -> UnfinishedAttempt:
    values = dict(row._mapping)
    return UnfinishedAttempt(
        attempt=Attempt.model_validate({name: values[name] for name in Attempt.model_fields}),
        state=AttemptState(str(values["state"])),
        state_since=row.state_since,
        newest_fence=row.newest_fence,
    )
