"""Attempts and the fences that order them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, case, select, update

from partition_gate.adapters.ledger.database import insert_new
from partition_gate.adapters.ledger.schema import attempts, fences
from partition_gate.judging.attempt import Attempt, AttemptState

ENDS = (
    AttemptState.PUBLISHED,
    AttemptState.REJECTED,
    AttemptState.HELD,
    AttemptState.SUPERSEDED,
    AttemptState.FAILED,
)


def take_turns(connection: Connection, dataset: str, partition_key: str) -> None:
    """Until this transaction ends, nobody else decides about the partition (on SQLite nobody else writes at all)."""
    insert_new(connection, fences, dataset=dataset, partition_key=partition_key, fence=0)
    row = select(fences.c.fence).where(fences.c.dataset == dataset, fences.c.partition_key == partition_key)
    connection.execute(row.with_for_update())


def next_fence(connection: Connection, dataset: str, partition_key: str, *, after: int) -> int:
    """The partition's next fence, greater than `after`; two callers never get the same."""
    take_turns(connection, dataset, partition_key)
    raised = (
        update(fences)
        .where(fences.c.dataset == dataset, fences.c.partition_key == partition_key)
        .values(fence=case((fences.c.fence > after, fences.c.fence), else_=after) + 1)
    )
    return int(connection.execute(raised.returning(fences.c.fence)).scalar_one())


def insert(connection: Connection, attempt: Attempt) -> None:
    connection.execute(
        attempts.insert().values(
            **attempt.model_dump(), state=AttemptState.CLAIMED.value, state_since=attempt.started_at
        )
    )


def advance(connection: Connection, attempt_id: str, state: AttemptState, now: datetime) -> None:
    """An attempt that ended stays as it ended."""
    connection.execute(
        update(attempts)
        .where(attempts.c.id == attempt_id, attempts.c.state.not_in(ENDS))
        .values(state=state.value, state_since=now)
    )


def fence_of(connection: Connection, attempt_id: str) -> int:
    """The attempt's fence; 0 where there is no such attempt."""
    return connection.execute(select(attempts.c.fence).where(attempts.c.id == attempt_id)).scalar() or 0


def unfinished(connection: Connection) -> tuple[Attempt, ...]:
    own_partition = and_(fences.c.dataset == attempts.c.dataset, fences.c.partition_key == attempts.c.partition_key)
    running = [state.value for state in AttemptState if state not in ENDS]
    columns = [attempts.c[name] for name in Attempt.model_fields]
    query = (
        select(*columns)
        .join(fences, own_partition)
        .where(attempts.c.state.in_(running), attempts.c.fence == fences.c.fence)
        .order_by(attempts.c.started_at, attempts.c.id)
    )
    return tuple(Attempt.model_validate(dict(row._mapping)) for row in connection.execute(query))
