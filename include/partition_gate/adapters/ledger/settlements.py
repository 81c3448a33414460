"""How attempts ended, and which end is each partition's newest."""

from __future__ import annotations

import json

from sqlalchemy import Connection, Row, Select, select

from partition_gate.adapters.ledger.attempts import fence_of
from partition_gate.adapters.ledger.database import insert_new, upsert
from partition_gate.adapters.ledger.schema import latest, settlements
from partition_gate.judging.attempt import AttemptState, Settlement
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome

FINAL = (*VISIBLE, PartitionOutcome.REJECTED, PartitionOutcome.HELD)
END_OF = {
    PartitionOutcome.PUBLISHED: AttemptState.PUBLISHED,
    PartitionOutcome.PUBLISHED_WITH_QUARANTINE: AttemptState.PUBLISHED,
    PartitionOutcome.REJECTED: AttemptState.REJECTED,
    PartitionOutcome.HELD: AttemptState.HELD,
    PartitionOutcome.SUPERSEDED: AttemptState.SUPERSEDED,
    PartitionOutcome.ERRORED: AttemptState.FAILED,
    PartitionOutcome.MISSING: AttemptState.FAILED,
}
_COLUMNS = [settlements.c[name] for name in Settlement.model_fields]


def insert(connection: Connection, settlement: Settlement) -> bool:
    """Record an attempt's end, and as the partition's newest if it is; whether it was not yet recorded."""
    fence = fence_of(connection, settlement.attempt_id)
    if not insert_new(connection, settlements, **_row(settlement), fence=fence):
        return False
    if _is_newest(connection, settlement, fence):
        _make_latest(connection, settlement)
    return True


def insert_unjudged(connection: Connection, settlement: Settlement) -> bool:
    """Record an end without an attempt as the newest, unless it is that already; whether it was recorded."""
    if newest_id(connection, settlement) == settlement.attempt_id:
        return False
    upsert(connection, settlements, **_row(settlement), fence=0)
    _make_latest(connection, settlement)
    return True


def newest_id(connection: Connection, settlement: Settlement) -> str | None:
    """The attempt id of the newest settlement of the same partition."""
    query = select(latest.c.attempt_id).where(
        latest.c.dataset == settlement.dataset, latest.c.partition_key == settlement.partition_key
    )
    return connection.execute(query).scalar()


def of_attempt(connection: Connection, attempt_id: str) -> Settlement | None:
    return _first(connection, select(*_COLUMNS).where(settlements.c.attempt_id == attempt_id))


def of_key(connection: Connection, idempotency_key: str) -> Settlement | None:
    query = (
        select(*_COLUMNS)
        .where(settlements.c.idempotency_key == idempotency_key, settlements.c.outcome.in_(FINAL))
        .order_by(settlements.c.settled_at.desc(), settlements.c.fence.desc())
        .limit(1)
    )
    return _first(connection, query)


def newest(connection: Connection, dataset: str | None) -> tuple[Settlement, ...]:
    query = select(*_COLUMNS).join(latest, latest.c.attempt_id == settlements.c.attempt_id)
    if dataset is not None:
        query = query.where(latest.c.dataset == dataset)
    ordered = query.order_by(latest.c.dataset, latest.c.partition_key)
    return tuple(_settlement(row) for row in connection.execute(ordered))


def _is_newest(connection: Connection, settlement: Settlement, fence: int) -> bool:
    current = connection.execute(
        select(settlements.c.settled_at, settlements.c.fence).where(
            settlements.c.attempt_id == newest_id(connection, settlement)
        )
    ).first()
    return current is None or (settlement.settled_at, fence) > (current.settled_at, current.fence)


def _make_latest(connection: Connection, settlement: Settlement) -> None:
    upsert(
        connection,
        latest,
        dataset=settlement.dataset,
        partition_key=settlement.partition_key,
        attempt_id=settlement.attempt_id,
    )


def _row(settlement: Settlement) -> dict[str, object]:
    return {
        **settlement.model_dump(),
        "outcome": settlement.outcome.value,
        "why": json.dumps(settlement.why, ensure_ascii=False),
    }


def _first(connection: Connection, query: Select[tuple[object, ...]]) -> Settlement | None:
    row = connection.execute(query).first()
    return None if row is None else _settlement(row)


def _settlement(row: Row[tuple[object, ...]]) -> Settlement:
    values = dict(row._mapping)
    return Settlement.model_validate({**values, "why": json.loads(str(values["why"]))})
