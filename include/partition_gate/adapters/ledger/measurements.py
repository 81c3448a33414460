"""Measurements of promises over time, per attempt; read for the version of each partition that counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select

from partition_gate.adapters.ledger.published import in_batches
from partition_gate.adapters.ledger.schema import attempts, forgotten, latest, settlements
from partition_gate.adapters.ledger.schema import measurements as rows
from partition_gate.judging.attempt import MeasuredPartition
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.measurement import Measurement

# One statement reads a year of hours. SQLite binds at most 32,766 values, PostgreSQL 65,535.
_BATCH_SIZE = 10_000


def record(connection: Connection, attempt_id: str, measurements: Sequence[Measurement]) -> None:
    """Store the measurements of an attempt that has none yet."""
    recorded = select(rows.c.rule_id).where(rows.c.attempt_id == attempt_id).limit(1)
    if measurements and connection.execute(recorded).first() is None:
        values = [{"attempt_id": attempt_id, **measurement.model_dump(mode="json")} for measurement in measurements]
        connection.execute(rows.insert(), values)


def of_attempt(connection: Connection, attempt_id: str) -> tuple[Measurement, ...]:
    """By rule id."""
    query = select(rows).where(rows.c.attempt_id == attempt_id).order_by(rows.c.rule_id)
    return tuple(_measurement(row) for row in connection.execute(query))


def measured(connection: Connection, dataset: str, keys: Sequence[str]) -> tuple[MeasuredPartition, ...]:
    """In the order of the keys."""
    batches = in_batches(list(dict.fromkeys(keys)), size=_BATCH_SIZE)
    return tuple(partition for batch in batches for partition in _measured(connection, dataset, batch))


def _measured(connection: Connection, dataset: str, keys: Sequence[str]) -> list[MeasuredPartition]:
    """A partition's newest visible attempt counts; without one, the attempt with its current outcome."""
    attempts_of: dict[str, dict[str, list[Row[Any]]]] = {}
    for row in connection.execute(_query(dataset, keys)):
        attempts_of.setdefault(row.partition_key, {}).setdefault(row.attempt_id, []).append(row)
    return [_partition(_that_counts(list(attempts_of[key].values()))) for key in keys if key in attempts_of]


def _query(dataset: str, keys: Sequence[str]) -> Select[Any]:
    """The attempts that may count, by fence, with a row for each measurement."""
    is_visible = settlements.c.outcome.in_([outcome.value for outcome in VISIBLE])
    return (
        select(
            attempts.c.partition_key,
            attempts.c.id.label("attempt_id"),
            *(settlements.c[name] for name in ("version", "outcome", "settled_at")),
            *(rows.c[name] for name in Measurement.model_fields),
        )
        .join(latest, and_(latest.c.dataset == attempts.c.dataset, latest.c.partition_key == attempts.c.partition_key))
        .join(settlements, settlements.c.attempt_id == attempts.c.id)
        .outerjoin(rows, rows.c.attempt_id == attempts.c.id)
        .where(attempts.c.dataset == dataset, attempts.c.partition_key.in_(keys))
        .where(or_(latest.c.attempt_id == attempts.c.id, and_(is_visible, ~_is_forgotten())))
        .order_by(attempts.c.partition_key, attempts.c.fence, rows.c.rule_id)
    )


def _is_forgotten() -> ColumnElement[bool]:
    """Whether the partition's outcome was forgotten after this attempt."""
    own = and_(forgotten.c.dataset == attempts.c.dataset, forgotten.c.partition_key == attempts.c.partition_key)
    return exists().where(own, forgotten.c.at >= settlements.c.settled_at)


def _that_counts(oldest_first: Sequence[list[Row[Any]]]) -> list[Row[Any]]:
    visible = [found for found in oldest_first if found[0].outcome in VISIBLE]
    return (visible or oldest_first)[-1]


def _partition(found: Sequence[Row[Any]]) -> MeasuredPartition:
    first = found[0]
    return MeasuredPartition(
        partition_key=first.partition_key,
        version=first.version,
        outcome=first.outcome,
        settled_at=first.settled_at,
        measurements=tuple(_measurement(row) for row in found if row.rule_id is not None),
    )


def _measurement(row: Row[Any]) -> Measurement:
    return Measurement.model_validate({name: row._mapping[name] for name in Measurement.model_fields})
