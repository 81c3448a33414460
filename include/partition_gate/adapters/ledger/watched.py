"""What the watch reads and writes: the outcomes of the partitions that it looks at, and its heartbeat (one row)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, select

from partition_gate.adapters.ledger.database import upsert
from partition_gate.adapters.ledger.published import in_batches, newest_visible
from partition_gate.adapters.ledger.schema import attempts, heartbeats, latest, settlements
from partition_gate.judging.attempt import RecordedOutcome
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.watching.heartbeat import Heartbeat

_NAME = "watch"
_VISIBLE = frozenset(outcome.value for outcome in VISIBLE)


def outcomes(connection: Connection, dataset: str, keys: Sequence[str]) -> tuple[RecordedOutcome, ...]:
    """In the order of the keys."""
    return tuple(outcome for batch in in_batches(keys) for outcome in _outcomes(connection, dataset, batch))


def heartbeat(connection: Connection) -> Heartbeat | None:
    row = connection.execute(select(heartbeats).where(heartbeats.c.name == _NAME)).first()
    if row is None:
        return None
    interval = timedelta(seconds=row.interval_s)
    return Heartbeat(at=row.at, interval=interval, passes=row.passes, swept_at=row.swept_at)


def beat(connection: Connection, newest: Heartbeat) -> None:
    """As the port documents."""
    before = heartbeat(connection)
    if before is not None and before.passes > newest.passes:
        return
    values = {**newest.model_dump(exclude={"interval"}), "interval_s": newest.interval.total_seconds()}
    upsert(connection, heartbeats, name=_NAME, **values)


def _outcomes(connection: Connection, dataset: str, keys: Sequence[str]) -> list[RecordedOutcome]:
    query = (
        select(latest.c.partition_key, settlements.c.outcome, settlements.c.settled_at, attempts.c.fingerprint)
        .join(settlements, settlements.c.attempt_id == latest.c.attempt_id)
        .join(attempts, attempts.c.id == latest.c.attempt_id, isouter=True)
        .where(latest.c.dataset == dataset, latest.c.partition_key.in_(keys))
    )
    rows = {row.partition_key: row for row in connection.execute(query)}
    others = [key for key, row in rows.items() if row.outcome not in _VISIBLE]
    visible = newest_visible(connection, dataset, others) if others else {}
    return [
        RecordedOutcome(
            partition_key=key,
            outcome=PartitionOutcome(row.outcome),
            settled_at=row.settled_at,
            fingerprint=row.fingerprint or "",
            is_visible=row.outcome in _VISIBLE or key in visible,
        )
        for key in keys
        if (row := rows.get(key)) is not None
    ]
