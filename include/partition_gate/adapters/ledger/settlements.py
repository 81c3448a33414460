"""How attempts ended. The settlement with the greatest fence is the partition's current outcome."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Float, Row, Select, and_, cast, delete, extract, func, select

from partition_gate.adapters.ledger import incidents
from partition_gate.adapters.ledger.attempts import advance, fence_of
from partition_gate.adapters.ledger.database import insert_new, upsert
from partition_gate.adapters.ledger.schema import attempts, decisions, forgotten, latest, settlements
from partition_gate.core.units import Month
from partition_gate.incidents.model import Assessment
from partition_gate.judging.attempt import END_OF, Forgotten, HeldDecision, Settlement
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.totals import SettledTotal

COLUMNS = [settlements.c[name] for name in Settlement.model_fields]
_SECONDS_A_DAY = 86_400


def settle(connection: Connection, settlement: Settlement, assessment: Assessment | None, *, is_finished: bool) -> None:
    """As the port documents; the caller holds the lock of the partition."""
    fence = fence_of(connection, settlement.attempt_id)
    if _record(connection, settlement, fence) and _is_current(connection, settlement, fence):
        _make_latest(connection, settlement)
        if assessment:
            incidents.assess(connection, assessment, settlement.settled_at)
    if is_finished:
        advance(connection, settlement.attempt_id, END_OF[settlement.outcome], settlement.settled_at)


def of_attempt(connection: Connection, attempt_id: str) -> Settlement | None:
    return _first(connection, select(*COLUMNS).where(settlements.c.attempt_id == attempt_id))


def of_partition(connection: Connection, dataset: str, partition_key: str) -> Settlement | None:
    """The partition's current outcome."""
    query = select(*COLUMNS).join(latest, latest.c.attempt_id == settlements.c.attempt_id)
    return _first(connection, query.where(latest.c.dataset == dataset, latest.c.partition_key == partition_key))


def of_attempts(connection: Connection, dataset: str, partition_key: str) -> tuple[Settlement, ...]:
    """The newest last."""
    mine = and_(settlements.c.dataset == dataset, settlements.c.partition_key == partition_key)
    query = select(*COLUMNS).where(mine).order_by(settlements.c.fence)
    return tuple(settlement_of(row) for row in connection.execute(query))


def settled_in(connection: Connection, dataset: str, month: Month) -> tuple[Settlement, ...]:
    """The newest last."""
    at = settlements.c.settled_at
    mine = and_(settlements.c.dataset == dataset, at >= month.begins_at, at < month.following.begins_at)
    query = select(*COLUMNS).where(mine).order_by(at, settlements.c.attempt_id)
    return tuple(settlement_of(row) for row in connection.execute(query))


def totals(connection: Connection, since: datetime | None, before: datetime | None) -> tuple[SettledTotal, ...]:
    """By dataset and outcome; `settlements_age` finds those since a moment."""
    at, rows = settlements.c.settled_at, ("rows_published", "rows_quarantined")
    query = (
        select(settlements.c.dataset, settlements.c.outcome, func.count().label("attempts"))
        .add_columns(*(func.sum(settlements.c[name]).label(name) for name in rows))
        .add_columns(func.coalesce(func.sum(_seconds(connection)), 0).label("seconds"))
        .join(attempts, attempts.c.id == settlements.c.attempt_id, isouter=True)
        .where(*([at >= since] if since else []), *([at < before] if before else []))
        .group_by(settlements.c.dataset, settlements.c.outcome)
        .order_by(settlements.c.dataset, settlements.c.outcome)
    )
    return tuple(SettledTotal.model_validate(dict(row._mapping)) for row in connection.execute(query))


def _seconds(connection: Connection) -> ColumnElement[float]:
    """From the beginning of the attempt to its settlement; each database subtracts moments in its own way."""
    began, ended = attempts.c.started_at, settlements.c.settled_at
    if connection.dialect.name == "sqlite":
        return (func.julianday(ended) - func.julianday(began)) * _SECONDS_A_DAY
    return cast(extract("epoch", ended - began), Float)


def beside(connection: Connection, dataset: str, partition_key: str) -> tuple[str | None, str | None]:
    """The greatest smaller key and the smallest greater one."""
    key = latest.c.partition_key
    before = select(func.max(key)).where(latest.c.dataset == dataset, key < partition_key)
    after = select(func.min(key)).where(latest.c.dataset == dataset, key > partition_key)
    return connection.execute(before).scalar(), connection.execute(after).scalar()


def newest(connection: Connection, dataset: str | None) -> tuple[Settlement, ...]:
    query = select(*COLUMNS).join(latest, latest.c.attempt_id == settlements.c.attempt_id)
    if dataset is not None:
        query = query.where(latest.c.dataset == dataset)
    ordered = query.order_by(latest.c.dataset, latest.c.partition_key)
    return tuple(settlement_of(row) for row in connection.execute(ordered))


def current(connection: Connection, dataset: str, keys: Sequence[str]) -> tuple[Settlement, ...]:
    """By key."""
    query = select(*COLUMNS).join(latest, latest.c.attempt_id == settlements.c.attempt_id)
    mine = and_(latest.c.dataset == dataset, latest.c.partition_key.in_(keys))
    found = map(settlement_of, connection.execute(query.where(mine)))
    return tuple(sorted(found, key=lambda settlement: settlement.partition_key))


def recorded_keys(connection: Connection, dataset: str, limit: int | None, up_to: str | None) -> tuple[str, ...]:
    """In text order; with a limit, the index of `latest` finds them from its end."""
    query = select(latest.c.partition_key).where(latest.c.dataset == dataset)
    if up_to is not None:
        query = query.where(latest.c.partition_key <= up_to)
    if limit is not None:
        query = query.order_by(latest.c.partition_key.desc()).limit(limit)
    return tuple(sorted(connection.execute(query).scalars()))


def visible(connection: Connection, dataset: str) -> tuple[Settlement, ...]:
    """The newest settlement of each partition that made rows visible, by key."""
    query = (
        select(*COLUMNS)
        .where(settlements.c.dataset == dataset, settlements.c.outcome.in_([outcome.value for outcome in VISIBLE]))
        .order_by(settlements.c.partition_key, settlements.c.fence)
    )
    newest = {row.partition_key: row for row in connection.execute(query)}
    return tuple(settlement_of(row) for row in newest.values())


def forget(connection: Connection, record: Forgotten) -> None:
    """Remove a partition's current outcome, also from its incidents; record who did it, when and why."""
    own = and_(latest.c.dataset == record.dataset, latest.c.partition_key == record.partition_key)
    connection.execute(delete(latest).where(own))
    incidents.forget(connection, record.dataset, record.partition_key, record.at)
    connection.execute(forgotten.insert().values(**record.model_dump(mode="python")))


def decide(connection: Connection, decision: HeldDecision) -> None:
    upsert(connection, decisions, **decision.model_dump(mode="python"))


def decision(connection: Connection, *version: str) -> HeldDecision | None:
    """The decision about (dataset, partition key, idempotency key)."""
    own = and_(*(column == value for column, value in zip(decisions.primary_key, version, strict=True)))
    row = connection.execute(select(decisions).where(own)).first()
    return None if row is None else HeldDecision.model_validate(dict(row._mapping))


def settlement_of(row: Row[tuple[object, ...]]) -> Settlement:
    """From a row of `COLUMNS`."""
    values = dict(row._mapping)
    return Settlement.model_validate({**values, "why": json.loads(str(values["why"]))})


def _record(connection: Connection, settlement: Settlement, fence: int) -> bool:
    """Record the settlement; False if the attempt has one already. A retry may replace ERRORED by another outcome."""
    recorded = of_attempt(connection, settlement.attempt_id)
    if recorded is None:
        return insert_new(connection, settlements, **_row(settlement), fence=fence)
    if recorded.outcome is not PartitionOutcome.ERRORED or settlement.outcome is PartitionOutcome.ERRORED:
        return False
    upsert(connection, settlements, **_row(settlement), fence=fence)
    return True


def _is_current(connection: Connection, settlement: Settlement, fence: int) -> bool:
    """Whether its attempt is the newest settled one. A superseded attempt does not change the outcome, unless there is
    none, because its successor has not ended yet.
    """
    query = (
        select(settlements.c.fence)
        .join(latest, latest.c.attempt_id == settlements.c.attempt_id)
        .where(latest.c.dataset == settlement.dataset, latest.c.partition_key == settlement.partition_key)
    )
    current = connection.execute(query).scalar()
    return current is None or (fence >= current and settlement.outcome is not PartitionOutcome.SUPERSEDED)


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
    return None if row is None else settlement_of(row)
