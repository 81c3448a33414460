"""Visible partitions of a window, with the counts and results of their newest visible attempts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, and_, select

from partition_gate.adapters.ledger.schema import attempts, check_results, counters, settlements
from partition_gate.judging.attempt import Counts, PublishedPartition
from partition_gate.judging.disposition import VISIBLE
from partition_gate.judging.verdict import CheckOutcome

_BATCH_SIZE = 500  # keys per statement


def published(
    connection: Connection, dataset: str, keys: Sequence[str], rule_ids: Sequence[str]
) -> tuple[PublishedPartition, ...]:
    """In the order of the keys."""
    return tuple(
        partition for batch in in_batches(keys) for partition in _published(connection, dataset, batch, rule_ids)
    )


def in_batches(keys: Sequence[str], *, size: int = _BATCH_SIZE) -> Iterator[Sequence[str]]:
    """The keys in order, in batches that fit into one statement."""
    return (keys[start : start + size] for start in range(0, len(keys), size))


def newest_visible(connection: Connection, dataset: str, keys: Sequence[str]) -> dict[str, str]:
    """Partition -> id of its newest attempt that became visible."""
    query = (
        select(attempts.c.partition_key, attempts.c.id)
        .join(settlements, settlements.c.attempt_id == attempts.c.id)
        .where(
            and_(attempts.c.dataset == dataset, attempts.c.partition_key.in_(keys)),
            settlements.c.outcome.in_([outcome.value for outcome in VISIBLE]),
        )
        .order_by(attempts.c.fence)
    )
    return {row.partition_key: row.id for row in connection.execute(query)}


def _published(
    connection: Connection, dataset: str, keys: Sequence[str], rule_ids: Sequence[str]
) -> list[PublishedPartition]:
    newest = newest_visible(connection, dataset, keys)
    counts = _counts(connection, list(newest.values()), rule_ids)
    outcomes = _outcomes(connection, list(newest.values()), rule_ids)
    return [
        PublishedPartition(
            partition_key=key,
            counts=tuple(Counts(rule_id=rule, **metrics) for rule, metrics in counts.get(newest[key], {}).items()),
            kept=tuple(rule for rule, passed in outcomes.get(newest[key], ()) if passed),
            broken=tuple(rule for rule, passed in outcomes.get(newest[key], ()) if not passed),
        )
        for key in keys
        if key in newest
    ]


def _outcomes(
    connection: Connection, attempt_ids: Sequence[str], rule_ids: Sequence[str]
) -> dict[str, list[tuple[str, bool]]]:
    """Attempt -> (rule, whether it passed)."""
    query = (
        select(check_results.c.attempt_id, check_results.c.rule_id, check_results.c.outcome)
        .where(check_results.c.attempt_id.in_(attempt_ids), check_results.c.rule_id.in_(rule_ids))
        .order_by(check_results.c.position)
    )
    outcomes: dict[str, list[tuple[str, bool]]] = {}
    for row in connection.execute(query):
        outcomes.setdefault(row.attempt_id, []).append((row.rule_id, row.outcome == CheckOutcome.PASSED.value))
    return outcomes


def _counts(
    connection: Connection, attempt_ids: Sequence[str], rule_ids: Sequence[str]
) -> dict[str, dict[str, dict[str, int]]]:
    """Attempt -> rule -> metric -> number."""
    query = select(counters).where(counters.c.attempt_id.in_(attempt_ids), counters.c.rule_id.in_(rule_ids))
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for row in connection.execute(query.order_by(counters.c.rule_id)):
        counts.setdefault(row.attempt_id, {}).setdefault(row.rule_id, {})[row.metric] = row.value
    return counts
