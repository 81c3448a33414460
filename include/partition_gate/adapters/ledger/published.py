"""Visible partitions of a window, with what their newest visible attempts counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, select

from partition_gate.adapters.ledger.schema import attempts, counters, settlements
from partition_gate.judging.attempt import Counts, PublishedPartition
from partition_gate.judging.disposition import VISIBLE

_AT_ONCE = 500  # keys in one statement


def published(
    connection: Connection, dataset: str, keys: Sequence[str], rule_ids: Sequence[str]
) -> tuple[PublishedPartition, ...]:
    """In the order of the keys."""
    parts = [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
    return tuple(one for part in parts for one in _published(connection, dataset, part, rule_ids))


def _published(
    connection: Connection, dataset: str, keys: Sequence[str], rule_ids: Sequence[str]
) -> list[PublishedPartition]:
    visible = _visible(connection, dataset, keys)
    newest = {key: found[-1][0] for key, found in visible.items()}
    counts = _counts(connection, list(newest.values()), rule_ids)
    return [
        PublishedPartition(
            partition_key=key,
            first_published_at=min(settled_at for _, settled_at in visible[key]),
            counts=tuple(Counts(rule_id=rule, **found) for rule, found in counts.get(newest[key], {}).items()),
        )
        for key in keys
        if key in visible
    ]


def _visible(connection: Connection, dataset: str, keys: Sequence[str]) -> dict[str, list[tuple[str, datetime]]]:
    """Id and end of each partition's attempts that became visible, by fence."""
    query = (
        select(attempts.c.partition_key, attempts.c.id, settlements.c.settled_at)
        .join(settlements, settlements.c.attempt_id == attempts.c.id)
        .where(
            and_(attempts.c.dataset == dataset, attempts.c.partition_key.in_(keys)),
            settlements.c.outcome.in_([outcome.value for outcome in VISIBLE]),
        )
        .order_by(attempts.c.fence)
    )
    found: dict[str, list[tuple[str, datetime]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.partition_key, []).append((row.id, row.settled_at))
    return found


def _counts(
    connection: Connection, attempt_ids: Sequence[str], rule_ids: Sequence[str]
) -> dict[str, dict[str, dict[str, int]]]:
    """Attempt -> rule -> metric -> number."""
    query = select(counters).where(counters.c.attempt_id.in_(attempt_ids), counters.c.rule_id.in_(rule_ids))
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in connection.execute(query.order_by(counters.c.rule_id)):
        found.setdefault(row.attempt_id, {}).setdefault(row.rule_id, {})[row.metric] = row.value
    return found
